"""Structural checks of the parts of a record beside its options."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from edgewise.problems import Found, Problem, check_text, escape, is_number, malformed, unknown_edges

WEIGHTS_TOLERANCE = 1e-9
MAX_MASKED = 64

DIGEST = re.compile(r"sha256:\S+")


def check(record: Mapping[str, Any], edges: Collection[str]) -> Found:
    """Problems of the policy, subject, input, sampling, scorers, weights and masked places of a record."""
    yield from _policy(record.get("policy"))
    yield from _subject(record.get("subject"))
    yield from _input(record.get("input"))
    yield from _sampling(record.get("sampling"))
    yield from _scorer(record.get("scorer"), edges)
    yield from _weights(record.get("weights"), edges)
    yield from _masked(record.get("masked"))


def _policy(policy: object) -> Found:
    if not isinstance(policy, Mapping):
        return
    version = policy.get("version")
    if version is not None and (type(version) is not int or version < 1):
        yield malformed("/policy/version", "The version is not a whole number above 0.", "Copy the policy's.")
    yield from check_text(policy.get("digest"), "/policy/digest")


def _subject(subject: object) -> Found:
    if not isinstance(subject, Mapping):
        return
    yield from check_text(subject.get("ref"), "/subject/ref")
    groups = subject.get("groups")
    if groups is not None and not isinstance(groups, Mapping):
        yield malformed("/subject/groups", "The groups are not an object.", "Send names with texts.")
        return
    for name, value in (groups or {}).items():
        if value is None:
            yield malformed(f"/subject/groups/{escape(name)}", "A group is null.", "Leave it out.")
        yield from check_text(value, f"/subject/groups/{escape(name)}")


def _input(given: object) -> Found:
    if not isinstance(given, Mapping):
        return
    digest, text = given.get("digest"), given.get("text")
    if digest is not None and not (isinstance(digest, str) and DIGEST.fullmatch(digest)):
        yield malformed(
            "/input/digest", "The digest does not begin with sha256:.", "Write sha256: and the hash."
        )
    if text is not None and not isinstance(text, str):
        yield malformed("/input/text", "The text is not a text.", "Send a string.")


def _sampling(sampling: object) -> Found:
    if not isinstance(sampling, Mapping):
        return
    rate = sampling.get("rate")
    if rate is not None and not (is_number(rate) and 0 < rate <= 1):
        yield malformed("/sampling/rate", "The rate is not above 0 and at most 1.", "Send the share logged.")
    yield from check_text(sampling.get("method"), "/sampling/method")


def _scorer(scorer: object, edges: Collection[str]) -> Found:
    if scorer is None:
        return
    if not isinstance(scorer, Mapping):
        yield malformed("/scorer", "The field 'scorer' is not an object.", "Send edges with scorers.")
        return
    yield from unknown_edges(scorer, edges, "/scorer")
    for edge, name in scorer.items():
        yield from check_text(name, f"/scorer/{escape(edge)}")


def _weights(weights: object, edges: Collection[str]) -> Found:
    if weights is None:
        return
    if not isinstance(weights, Mapping):
        yield malformed("/weights", "The weights are not an object.", "Send edges with numbers.")
        return
    yield from unknown_edges(weights, edges, "/weights")
    values = list(weights.values())
    if not all(is_number(value) for value in values):
        yield malformed("/weights", "A weight is not a finite number.", "Send numbers.")
    elif not all(0 <= value <= 2 for value in values) or abs(math.fsum(values) - 1) > WEIGHTS_TOLERANCE:
        yield Problem(
            "weights_not_normalised", "/weights", "The weights are not all at least 0 with sum 1.",
            "Divide each weight by their sum.",
        )  # fmt: skip


def _masked(masked: object) -> Found:
    if masked is None:
        return
    if not isinstance(masked, list):
        yield malformed("/masked", "The masked places are not a list.", "Send a list of JSON pointers.")
        return
    if len(masked) > MAX_MASKED:
        yield Problem(
            "too_large", "/masked", f"More than {MAX_MASKED} places are masked.", "Name what holds them."
        )
    for number, pointer in enumerate(masked[:MAX_MASKED]):
        if not (isinstance(pointer, str) and pointer.startswith("/")):
            yield malformed(f"/masked/{number}", "This is not a JSON pointer.", "Begin it with a slash.")
        else:
            yield from check_text(pointer, f"/masked/{number}")
