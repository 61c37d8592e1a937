"""The policy in force: fetched, cached by ETag, its signature checked."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from edgewise import notes, strict_json
from edgewise.errors import VerificationError
from edgewise.transport import Transport, UnreachableError, refusal

Policy = dict[str, Any]

PATIENCE_WITH_ONE = 2.0  # seconds to wait for the server while an older policy is at hand


@dataclass(slots=True)
class _Kept:
    policy: Policy
    etag: str
    asked_at: float


class PolicyCache:
    """Policies by context. Within `fresh_for` seconds no request is made; after that, one that may answer 304.

    When the server is away, the last policy goes on being given: a model needs one. With `vkey`, only what that
    key signed is believed.
    """

    def __init__(self, transport: Transport, *, vkey: str | None, fresh_for: float, patience: float) -> None:
        self._transport = transport
        self._vkey = vkey
        self._fresh_for = fresh_for
        self._patience = patience
        self._kept: dict[tuple[tuple[str, str], ...], _Kept] = {}
        self._lock = threading.Lock()

    def get(self, context: Mapping[str, str]) -> Policy:
        """Policy in force for a context."""
        key = tuple(sorted(context.items()))
        with self._lock:
            kept = self._kept.get(key)
            if kept and time.monotonic() - kept.asked_at < self._fresh_for:
                return dict(kept.policy)
            try:
                self._kept[key] = self._ask(context, kept)
            except UnreachableError:
                if not kept:
                    raise
                kept.asked_at = time.monotonic()
            return dict(self._kept[key].policy)

    def _ask(self, context: Mapping[str, str], kept: _Kept | None) -> _Kept:
        query = f"?{urlencode(sorted(context.items()))}" if context else ""
        headers = {"If-None-Match": kept.etag} if kept and kept.etag else {}
        patience = min(PATIENCE_WITH_ONE, self._patience) if kept else self._patience
        answer = self._transport.send("GET", f"/api/v1/policy{query}", headers=headers, patience=patience)
        if answer.status == 304 and kept:
            return _Kept(kept.policy, kept.etag, time.monotonic())
        if answer.status != 200:
            raise refusal(answer)
        policy: Policy = answer.json()
        if self._vkey:
            policy = verified(policy, self._vkey, context)
        return _Kept(policy, answer.headers.get("etag", ""), time.monotonic())


def verified(policy: Mapping[str, Any], vkey: str, context: Mapping[str, str]) -> Policy:
    """The policy as signed: taken from the signed note alone, whatever stands beside it."""
    text = notes.open_note(str(policy.get("note", "")), [vkey])
    try:
        signed: Policy = strict_json.loads(text)
        exact = {edge: Fraction(weight) for edge, weight in signed["weights"].items()}
        applies = all(context.get(name) == value for name, value in signed["context"].items())
    except (ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError):
        raise VerificationError("the signed policy is malformed") from None
    if not applies:
        raise VerificationError("the signed policy is that of another context")
    if sum(exact.values()) != 1 or min(exact.values()) < 0:
        raise VerificationError("the signed weights do not sum to 1")
    return {
        **signed,
        "weights": {edge: float(weight) for edge, weight in exact.items()},
        "weights_exact": signed["weights"],
        "digest": sha256(text.encode()).hexdigest(),
        "note": policy["note"],
    }
