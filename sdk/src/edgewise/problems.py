"""Problems found in a record, and the checks that several of its parts share."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_TEXT_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a record is refused: a stable code, where (JSON pointer), a sentence, and what to do."""

    code: str
    pointer: str
    detail: str
    remedy: str = ""


Found = Iterator[Problem]


def unknown_fields(holder: Mapping[str, Any], known: Collection[str], pointer: str) -> Found:
    """Fields that do not exist."""
    for name in holder:
        if name not in known:
            yield Problem(
                "unknown_field", f"{pointer}/{escape(name)}", f"There is no field {name!r}.",
                "Leave it out, or look up its name in the description of the record.",
            )  # fmt: skip


def missing_fields(holder: Mapping[str, Any], required: Collection[str], pointer: str) -> Found:
    """Required fields that are absent or null."""
    for name in required:
        if holder.get(name) is None:
            yield Problem("missing_field", f"{pointer}/{name}", f"The field {name!r} is missing.", "Add it.")


def check_object(
    holder: Mapping[str, Any], name: str, required: Collection[str], more: Collection[str] = ()
) -> Found:
    """Problems of a field that, if present, is an object with these fields."""
    value = holder.get(name)
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield malformed(f"/{name}", f"The field {name!r} is not an object.", "Send an object.")
        return
    yield from unknown_fields(value, {*required, *more}, f"/{name}")
    yield from missing_fields(value, required, f"/{name}")


def check_text(value: object, pointer: str, most: int = MAX_TEXT_CHARACTERS) -> Found:
    """Problems of a text that may be absent."""
    if value is None:
        return
    if not isinstance(value, str):
        yield malformed(pointer, "This is not a text.", "Send a string.")
    elif len(value) > most:
        yield Problem("too_large", pointer, f"The text has more than {most} characters.", "Shorten it.")
    elif not value and most == MAX_TEXT_CHARACTERS:
        yield malformed(pointer, "The text is empty.", "Leave the field out, or fill it in.")


def unknown_edges(given: Mapping[str, Any], edges: Collection[str], pointer: str) -> Found:
    """Edges that the system does not have."""
    for edge in given:
        if edge not in edges:
            yield Problem(
                "unknown_edge", f"{pointer}/{escape(edge)}", f"The system has no edge {edge!r}.",
                "Send the edges of the system's edge set, no other.",
            )  # fmt: skip


def is_number(value: object) -> bool:
    """Whether a value is a finite number, as a double."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def malformed(pointer: str, detail: str, remedy: str) -> Problem:
    """A problem of form: a wrong type, an impossible value."""
    return Problem("malformed", pointer, detail, remedy)


def escape(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
