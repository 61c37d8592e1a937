"""The policy in force: fetched, cached by ETag, its signature checked."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from edgewise import notes, policy_keys, strict_json
from edgewise.errors import EdgewiseError, UnreachableError, VerificationError
from edgewise.policy_identity import Identity
from edgewise.shelf import Shelf
from edgewise.transport import NO_CODE, Answer, RefusedError, refusal

Policy = dict[str, Any]
Key = tuple[tuple[str, str], ...]

MAX_CONTEXTS = 1_000

PATIENCE_WITH_ONE = 2.0  # seconds to wait for the server while an older policy is at hand
WRITE_EVERY = 60.0  # seconds between copies of a policy that has only been confirmed

logger = logging.getLogger("edgewise")


@dataclass(frozen=True, slots=True)
class Known:
    """A policy, when this process last asked for it, and when the server last confirmed it (Unix seconds).

    `refused` makes the error to raise, where the server's last answer refused the policy or was not believed.
    """

    policy: Policy
    etag: str
    asked_at: float
    confirmed_at: float
    written_at: float = 0.0
    refused: Callable[[], EdgewiseError] | None = None


class PolicyCache:
    """Policies by context; asks nobody itself. With `vkeys`, only what these or their successors signed is believed.

    Within `fresh_for` seconds `fresh` gives what is known. After that, send `question` and give the answer to
    `learn`, or call `fall_back` when there is none: a model needs a policy, and while the server is away the last one
    goes on being given. What the server refuses, and an answer that is not believed, is no longer given to anybody:
    every caller gets the same error, until an answer holds again.

    All policies are those of one system: `system` where that is stated, else the one first seen (`Identity`). The
    `MAX_CONTEXTS` contexts last asked for are kept.
    """

    def __init__(
        self, *, vkeys: Sequence[str], fresh_for: float, system: str = "", shelf: Shelf | None = None
    ) -> None:
        self._vkeys = tuple(vkeys)
        self._succeeded: set[str] = set()
        self._fresh_for = fresh_for
        self._shelf = shelf
        self._known: dict[Key, Known] = {}
        self._identity = Identity(system, shelf)
        self._warned = bool(vkeys)

    def fresh(self, context: Mapping[str, str]) -> Policy | None:
        """The policy, if there is no need to ask for it now; the error that stands in its place."""
        known = self._known.get(_key(context))
        if known and time.monotonic() - known.asked_at < self._fresh_for:
            return _given(known)
        return None

    def question(self, context: Mapping[str, str], patience: float) -> tuple[str, dict[str, str], float]:
        """Path and headers of a request for the policy, and for how long to try.

        While one caller asks, the others go on with what is known.
        """
        known = self._find(context)
        query = f"?{urlencode(sorted(context.items()))}" if context else ""
        headers = {"If-None-Match": known.etag} if known and known.etag else {}
        if known:
            self._keep(_key(context), replace(known, asked_at=time.monotonic()))
            patience = min(PATIENCE_WITH_ONE, patience)
        return f"/api/v1/policy{query}", headers, patience

    def learn(self, context: Mapping[str, str], answer: Answer) -> Policy:
        """The policy after an answer; RefusedError if it is a refusal, VerificationError if it is not believed.

        UnreachableError if it is no answer of the server, but a proxy's page.
        """
        key = _key(context)
        known = self._known.get(key)
        try:
            policy, etag, written_at = self._read(context, answer, known)
        except (RefusedError, VerificationError) as problem:
            self._refuse(context, problem)
            raise
        now = time.time()
        if self._shelf and now - written_at > WRITE_EVERY:
            self._shelf.write(context, {"policy": policy, "etag": etag, "confirmed_at": now})
            written_at = now
        self._keep(key, Known(policy, etag, time.monotonic(), now, written_at))
        return dict(policy)

    def fall_back(self, context: Mapping[str, str]) -> Policy | None:
        """The last policy, now that the server is away; None if there never was one.

        A refusal stands while the server is away: the same error again.
        """
        known = self._known.get(_key(context))
        if known is None:
            return None
        policy = _given(known)
        logger.warning(
            "the server is away; going on with policy version %s, confirmed %.0f s ago",
            known.policy.get("version"),
            time.time() - known.confirmed_at,
        )
        return policy

    def age(self, context: Mapping[str, str]) -> float | None:
        """Seconds since the server last confirmed the policy."""
        known = self._find(context)
        return max(0.0, time.time() - known.confirmed_at) if known else None

    def etag(self, context: Mapping[str, str]) -> str:
        """The policy's tag, empty if it has none."""
        known = self._known.get(_key(context))
        return known.etag if known else ""

    def _read(
        self, context: Mapping[str, str], answer: Answer, known: Known | None
    ) -> tuple[Policy, str, float]:
        """The policy of an answer, its tag, and when it was last written to disk."""
        if answer.status == 304 and known:
            return known.policy, known.etag, known.written_at
        if answer.status == 304:
            raise UnreachableError("the server confirms a policy that is not known any more; ask again")
        if answer.status != 200:
            raise _refused(answer)
        policy = self._believed(answer.json(), context)
        self._identity.check(policy)
        if known:
            _tell_fall(known.policy.get("version"), policy.get("version"), context)
        return policy, answer.headers.get("etag", ""), 0.0

    def _refuse(self, context: Mapping[str, str], problem: RefusedError | VerificationError) -> None:
        """Give the error to every caller from now on; what the server refuses is not kept for a restart either."""
        if isinstance(problem, RefusedError):
            again: Callable[[], EdgewiseError] = partial(
                RefusedError, problem.status, problem.code, problem.detail
            )
            if self._shelf:
                self._shelf.remove(context)
        else:
            again = partial(VerificationError, str(problem))
        if known := self._known.get(_key(context)):
            self._keep(
                _key(context), replace(known, asked_at=time.monotonic(), written_at=0.0, refused=again)
            )

    def _keep(self, key: Key, known: Known) -> None:
        """Remember it, and forget those that nobody has asked for longest. Threads share this without a lock."""
        self._known[key] = known
        while len(self._known) > MAX_CONTEXTS:
            others = [each for each in self._known.copy().items() if each[0] != key]
            self._known.pop(min(others, key=_asked_at)[0], None)

    def _find(self, context: Mapping[str, str]) -> Known | None:
        """What is known, or was known to an earlier process; its signature is checked again."""
        key = _key(context)
        known = self._known.get(key)
        if known is None and self._shelf and (kept := self._shelf.read(context)):
            try:
                policy = self._believed(kept["policy"], context)
                self._identity.check(policy)
                confirmed = float(kept["confirmed_at"])
                known = Known(policy, str(kept["etag"]), -math.inf, confirmed, confirmed)
                self._keep(key, known)
            except (VerificationError, KeyError, TypeError, ValueError, AttributeError) as problem:
                logger.warning("the policy kept on disk is not used: %s", problem)
        return known

    def _believed(self, policy: object, context: Mapping[str, str]) -> Policy:
        if not isinstance(policy, dict):
            raise VerificationError("the policy is not a JSON object")
        if not self._vkeys:
            self._tell_unchecked()
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

    def _tell_unchecked(self) -> None:
        """Warns once that anybody on the way may set other weights."""
        if not self._warned:
            self._warned = True
            logger.warning(
                "no policy_vkey is given: the signature of policies is not checked; the key to pin stands on the "
                "policy page of the system, under Signature"
            )


def _asked_at(item: tuple[Key, Known]) -> float:
    return item[1].asked_at


def _given(known: Known) -> Policy:
    if known.refused:
        raise known.refused()
    return dict(known.policy)


def _tell_fall(before: object, now: object, context: Mapping[str, str]) -> None:
    """Warns of a version that fell: rightly so when a policy for a narrower context has ended, else a replay."""
    if isinstance(before, int) and isinstance(now, int) and now < before:
        logger.warning(
            "the policy for %s fell from version %s to %s: right if a policy for a narrower context has ended",
            dict(context) or "every context",
            before,
            now,
        )


def _refused(answer: Answer) -> EdgewiseError:
    """The server's refusal; what has no problem document is a page of somebody on the way."""
    found = refusal(answer)
    if found.code == NO_CODE:
        return UnreachableError(f"the policy was answered with {answer.status}, but not by the server")
    return found


def _announcements(policy: Policy) -> list[str]:
    found = policy.get("key_announcements", [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise VerificationError("the announcements of policy keys are malformed")
    return found


def _key(context: Mapping[str, str]) -> Key:
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
