"""The policy in force: fetched, cached by ETag, its signature checked."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from edgewise import notes, policy_keys, strict_json
from edgewise.errors import VerificationError
from edgewise.shelf import Shelf
from edgewise.transport import Answer, refusal

Policy = dict[str, Any]

PATIENCE_WITH_ONE = 2.0  # seconds to wait for the server while an older policy is at hand
WRITE_EVERY = 60.0  # seconds between copies of a policy that has only been confirmed

logger = logging.getLogger("edgewise")


@dataclass(frozen=True, slots=True)
class Known:
    """A policy, when this process last asked for it, and when the server last confirmed it (Unix seconds)."""

    policy: Policy
    etag: str
    asked_at: float
    confirmed_at: float
    written_at: float = 0.0


class PolicyCache:
    """Policies by context; asks nobody itself. With `vkeys`, only what these or their successors signed is believed.

    Within `fresh_for` seconds `fresh` gives what is known. After that, send `question` and give the answer to
    `learn`, or call `fall_back` when there is none: a model needs a policy, and the last one goes on being given.
    """

    def __init__(self, *, vkeys: Sequence[str], fresh_for: float, shelf: Shelf | None = None) -> None:
        self._vkeys = tuple(vkeys)
        self._succeeded: set[str] = set()
        self._fresh_for = fresh_for
        self._shelf = shelf
        self._known: dict[tuple[tuple[str, str], ...], Known] = {}

    def fresh(self, context: Mapping[str, str]) -> Policy | None:
        """The policy, if there is no need to ask for it now."""
        known = self._known.get(_key(context))
        if known and time.monotonic() - known.asked_at < self._fresh_for:
            return dict(known.policy)
        return None

    def question(self, context: Mapping[str, str], patience: float) -> tuple[str, dict[str, str], float]:
        """Path and headers of a request for the policy, and for how long to try.

        While one caller asks, the others go on with the policy that is known.
        """
        known = self._find(context)
        query = f"?{urlencode(sorted(context.items()))}" if context else ""
        headers = {"If-None-Match": known.etag} if known and known.etag else {}
        if known:
            self._known[_key(context)] = replace(known, asked_at=time.monotonic())
            patience = min(PATIENCE_WITH_ONE, patience)
        return f"/api/v1/policy{query}", headers, patience

    def learn(self, context: Mapping[str, str], answer: Answer) -> Policy:
        """The policy after an answer; RefusedError if it is a refusal, VerificationError if the signature is wrong."""
        known = self._known.get(_key(context))
        if answer.status == 304 and known:
            policy, etag, written_at = known.policy, known.etag, known.written_at
        elif answer.status == 200:
            policy, etag, written_at = (
                self._believed(answer.json(), context),
                answer.headers.get("etag", ""),
                0.0,
            )
        else:
            raise refusal(answer)
        now = time.time()
        if self._shelf and now - written_at > WRITE_EVERY:
            self._shelf.write(context, {"policy": policy, "etag": etag, "confirmed_at": now})
            written_at = now
        self._known[_key(context)] = Known(policy, etag, time.monotonic(), now, written_at)
        return dict(policy)

    def fall_back(self, context: Mapping[str, str]) -> Policy | None:
        """The last policy, now that the server is away; None if there never was one."""
        known = self._known.get(_key(context))
        if known is None:
            return None
        logger.warning(
            "the server is away; going on with policy version %s, confirmed %.0f s ago",
            known.policy.get("version"),
            time.time() - known.confirmed_at,
        )
        return dict(known.policy)

    def age(self, context: Mapping[str, str]) -> float | None:
        """Seconds since the server last confirmed the policy."""
        known = self._find(context)
        return max(0.0, time.time() - known.confirmed_at) if known else None

    def etag(self, context: Mapping[str, str]) -> str:
        """The policy's tag, empty if it has none."""
        known = self._known.get(_key(context))
        return known.etag if known else ""

    def _find(self, context: Mapping[str, str]) -> Known | None:
        """What is known, or was known to an earlier process; its signature is checked again."""
        key = _key(context)
        if key not in self._known and self._shelf and (kept := self._shelf.read(context)):
            try:
                policy = self._believed(kept["policy"], context)
                confirmed = float(kept["confirmed_at"])
                self._known[key] = Known(policy, str(kept["etag"]), -math.inf, confirmed, confirmed)
            except (VerificationError, KeyError, TypeError, ValueError, AttributeError) as problem:
                logger.warning("the policy kept on disk is not used: %s", problem)
        return self._known.get(key)

    def _believed(self, policy: Policy, context: Mapping[str, str]) -> Policy:
        if not self._vkeys:
            return policy
        announced = _announcements(policy)
        keys = policy_keys.trusted(self._vkeys, announced)
        found = verified(policy, keys, context)
        self._tell(keys[len(self._vkeys) :])
        return {**found, "key_announcements": announced} if announced else found

    def _tell(self, successors: Sequence[str]) -> None:
        """Warns once of each key that is believed because a pinned one announced it."""
        for vkey in successors:
            if vkey not in self._succeeded:
                self._succeeded.add(vkey)
                logger.warning(
                    "the policy key was rotated; the pinned key announces %s: pin it as well", vkey
                )


def _announcements(policy: Policy) -> list[str]:
    found = policy.get("key_announcements", [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise VerificationError("the announcements of policy keys are malformed")
    return found


def _key(context: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(context.items()))


def verified(policy: Mapping[str, Any], vkeys: Sequence[str], context: Mapping[str, str]) -> Policy:
    """The policy as signed by one of these keys: taken from the note alone, whatever stands beside it."""
    text = notes.open_note(str(policy.get("note", "")), vkeys)
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
