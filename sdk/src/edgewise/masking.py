"""Masking: a hook changes a record before it leaves the process, and the record says where."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edgewise.problems import MAX_TEXT_CHARACTERS, escape
from edgewise.record_parts import MAX_MASKED

Mask = Callable[[dict[str, Any]], Mapping[str, Any]]
"""Gets a copy of the record and returns what is to be sent."""


def masked(record: Mapping[str, Any], mask: Mask) -> dict[str, Any]:
    """The record as the hook leaves it, with `masked`: JSON pointers to what it changed or took away.

    Where these are more than a record may hold, some name what holds the places.
    """
    result = dict(mask(copy.deepcopy(dict(record))))
    changed = {*changes(record, result, ""), *(record.get("masked") or ())}
    if changed:
        result["masked"] = sorted(_few(changed))
    return result


def _few(pointers: set[str]) -> set[str]:
    """No more pointers than a record may hold: where there are too many, what holds them is named instead."""
    found = {_short(pointer) for pointer in pointers}
    while len(found) > MAX_MASKED:
        below = Counter(_above(pointer) for pointer in found if _above(pointer))
        if not below:
            break  # the record itself has more fields than may be named; whoever reads it refuses it
        deepest = max(above.count("/") for above in below)
        parent = min((-count, above) for above, count in below.items() if above.count("/") == deepest)[1]
        found = {pointer for pointer in found if not pointer.startswith(f"{parent}/")} | {parent}
    return found


def _short(pointer: str) -> str:
    while len(pointer) > MAX_TEXT_CHARACTERS and _above(pointer):
        pointer = _above(pointer)
    return pointer


def _above(pointer: str) -> str:
    """What holds the place; empty for the record itself, which has no pointer."""
    return pointer.rpartition("/")[0]


def changes(before: object, after: object, pointer: str) -> Iterator[str]:
    """Pointers to what differs, as deep as both have the same shape."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in before.keys() | after.keys():
            below = f"{pointer}/{escape(str(name))}"
            if name in before and name in after:
                yield from changes(before[name], after[name], below)
            else:
                yield below
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changes(old, new, f"{pointer}/{number}")
    elif before != after:
        yield pointer
