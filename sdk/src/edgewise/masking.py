"""Masking: a hook changes a record before it leaves the process, and the record says where."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edgewise.problems import escape

Mask = Callable[[dict[str, Any]], Mapping[str, Any]]
"""Gets a copy of the record and returns what is to be sent."""


def masked(record: Mapping[str, Any], mask: Mask) -> dict[str, Any]:
    """The record as the hook leaves it, with `masked`: JSON pointers to what it changed or took away."""
    result = dict(mask(copy.deepcopy(dict(record))))
    changed = {*changes(record, result, ""), *(record.get("masked") or ())}
    if changed:
        result["masked"] = sorted(changed)
    return result


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
