"""Structural checks of the options of a record: their scores, deviations and reasons."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from edgewise.problems import (
    Found,
    Problem,
    check_text,
    escape,
    malformed,
    missing_fields,
    unknown_edges,
    unknown_fields,
)

MAX_OPTIONS = 32
MAX_DECIMALS = 6
MAX_UNCERTAINTY = 0.5
OPTION_FIELDS = frozenset(("id", "label", "edges", "uncertainty", "unscored"))


def check(record: Mapping[str, Any], edges: Collection[str]) -> Found:
    """Problems of a record's options."""
    options = record.get("options")
    if options is None:
        return
    if not isinstance(options, list):
        yield malformed("/options", "The options are not a list.", "Send a list.")
        return
    yield from _option_count(options, record.get("kind"))
    seen: set[object] = set()
    for number, option in enumerate(options[: MAX_OPTIONS + 1]):
        pointer = f"/options/{number}"
        if not isinstance(option, Mapping):
            yield malformed(pointer, "An option is not an object.", "Send an object.")
            continue
        yield from _option(option, edges, pointer)
        identity = option.get("id")
        if isinstance(identity, str) and identity in seen:
            yield Problem(
                "duplicate_option", f"{pointer}/id", f"The option {identity!r} stands twice.", "Keep one."
            )
        seen.add(identity if isinstance(identity, str) else None)


def _option_count(options: list[Any], kind: object) -> Found:
    if not options:
        yield Problem("missing_field", "/options", "There is no option.", "Send at least one option.")
    most = 1 if kind == "assessment" else MAX_OPTIONS
    if len(options) > most:
        yield Problem(
            "too_many_options", "/options", f"There are {len(options)} options; {most} at most are read.",
            "Send one record for each assessment." if most == 1 else "Send the best options only.",
        )  # fmt: skip


def _option(option: Mapping[str, Any], edges: Collection[str], pointer: str) -> Found:
    yield from unknown_fields(option, OPTION_FIELDS, pointer)
    yield from missing_fields(option, ("id", "edges"), pointer)
    yield from check_text(option.get("id"), f"{pointer}/id")
    label = option.get("label")
    if label is not None and not isinstance(label, str):
        yield malformed(f"{pointer}/label", "The label is not a text.", "Send a string.")
    for name in ("edges", "uncertainty", "unscored"):
        if option.get(name) is not None and not isinstance(option[name], Mapping):
            yield malformed(f"{pointer}/{name}", f"The field {name!r} is not an object.", "Send an object.")
            return
    scores = option.get("edges")
    if scores is not None:
        yield from _scores(scores, option.get("unscored") or {}, edges, pointer)
    yield from _uncertainty(option.get("uncertainty") or {}, edges, pointer)
    yield from _unscored(option.get("unscored") or {}, scores or {}, edges, pointer)


def _scores(
    scores: Mapping[str, Any], unscored: Mapping[str, Any], edges: Collection[str], pointer: str
) -> Found:
    yield from unknown_edges(scores, edges, f"{pointer}/edges")
    for edge in edges:
        if edge not in scores:
            yield Problem(
                "missing_edge", f"{pointer}/edges/{escape(edge)}", f"The edge {edge!r} has no score.",
                "Score it, or send null with a reason under 'unscored'.",
            )  # fmt: skip
    for edge, score in scores.items():
        at = f"{pointer}/edges/{escape(edge)}"
        if score is not None:
            yield from _score(score, 1.0, at)
        elif edge not in unscored:
            yield Problem(
                "missing_field", f"{pointer}/unscored/{escape(edge)}", f"No reason why {edge!r} has no score.",
                "Say why under 'unscored'.",
            )  # fmt: skip


def _score(score: object, most: float, pointer: str) -> Found:
    if not isinstance(score, int | float) or isinstance(score, bool):
        yield malformed(pointer, "A score is not a number.", "Send a number.")
    elif isinstance(score, float) and not math.isfinite(score):
        yield malformed(pointer, "A score is not finite.", "Send a finite number.")
    elif not 0 <= score <= most:
        yield Problem("score_out_of_range", pointer, f"{score} is not between 0 and {most:g}.", "Rescale it.")
    elif round(score, MAX_DECIMALS) != score:
        yield Problem("score_out_of_range", pointer, f"{score} has more than 6 decimals.", "Round it.")


def _uncertainty(given: Mapping[str, Any], edges: Collection[str], pointer: str) -> Found:
    yield from unknown_edges(given, edges, f"{pointer}/uncertainty")
    for edge, deviation in given.items():
        yield from _score(deviation, MAX_UNCERTAINTY, f"{pointer}/uncertainty/{escape(edge)}")


def _unscored(
    given: Mapping[str, Any], scores: Mapping[str, Any], edges: Collection[str], pointer: str
) -> Found:
    yield from unknown_edges(given, edges, f"{pointer}/unscored")
    for edge, reason in given.items():
        at = f"{pointer}/unscored/{escape(edge)}"
        yield from check_text(reason, at)
        if reason is None or scores.get(edge) is not None:
            yield malformed(at, f"The edge {edge!r} is scored, or the reason is null.", "Leave it out.")
