"""Decisions out of files: JSON lines or one array, plain or gzip; each with an id that is the same every time."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID, uuid5

from edgewise.strict_json import MalformedJSONError, canonical, loads

NAMESPACE = UUID("5f1c2f0e-8a4f-5d27-9a70-3d6a1f0f7c11")
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Line:
    """One decision of a file, or why it is none: `code` and `detail`. `number` counts lines, or items of an array."""

    number: int
    decision: dict[str, Any]
    code: str = ""
    detail: str = ""


def lines(file: BinaryIO) -> Iterator[Line]:
    """The decisions of a file, read as they are needed; an array is read whole. ValueError if it does not unpack."""
    try:
        yield from _items(_unpacked(file))
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise ValueError(f"the file does not unpack: {problem}") from None


def _unpacked(file: BinaryIO) -> io.BufferedReader[Any]:
    """Standard input cannot be rewound, so the first bytes are looked at without being taken."""
    reader = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[type-var]
    packed = reader.peek(2)[:2] == GZIP_MAGIC
    return io.BufferedReader(gzip.GzipFile(fileobj=reader)) if packed else reader


def _items(reader: io.BufferedReader[Any]) -> Iterator[Line]:
    for number, text in enumerate(reader, 1):
        if number == 1 and text.lstrip().startswith(b"["):
            yield from _array(text + reader.read())
            return
        if text.strip():
            try:
                yield identified(number, loads(text))
            except MalformedJSONError as problem:
                yield Line(number, {}, "malformed", f"This is not JSON: {problem}.")


def _array(text: bytes) -> Iterator[Line]:
    try:
        found = loads(text)
    except MalformedJSONError as problem:
        raise ValueError(f"the file is not a JSON array: {problem}") from None
    for number, decision in enumerate(found, 1):
        yield identified(number, decision)


def identified(number: int, decision: object) -> Line:
    """The decision with an id. One that has none gets it from its content (UUIDv5), so that it is logged once.

    The time is never made up: it would be another one the next time, and the decision another one with it.
    """
    if not isinstance(decision, dict):
        return Line(number, {}, "malformed", "A decision is a JSON object.")
    if not decision.get("occurred_at"):
        return Line(number, decision, "missing_field", "Say when it was decided: add occurred_at.")
    if decision.get("id"):
        return Line(number, decision)
    try:
        return Line(number, {**decision, "id": str(uuid5(NAMESPACE, canonical(decision).decode()))})
    except UnicodeError:
        return Line(number, decision, "malformed", "A text has half of a surrogate pair.")
