"""An inverted index of decisions, pure: which places of a block carry which term.

A block is 8,192 places of a log. A term is one value of one attribute ("chosen", "remove"), as 64 bits of its BLAKE2b.
Its places in a block are a bitmap of 1,024 bytes or, where that is shorter, a list of 16-bit numbers. An attribute with
many values in one block (ids as context, say) has its rarer values share 1,024 buckets, so that a block never has more
terms than it can hold: whoever reads a posting checks the decisions it names.
"""

import hashlib
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audits.decisions import conformance
from audits.decisions.table import DISPOSITIONS, Table

BLOCK = 8_192
BITMAP_BYTES = BLOCK // 8
EXACT_TERMS = 256
BUCKETS = 1_024
EVERY = ("", "")
# Margins lie between −1 and 1, or hardly beyond; under the Nash product within 14, the logarithm of its least score.
NEAR_STEPS = 30_000
FAR_STEPS = 200
FARTHEST = 14.0
ZERO_MARGIN = 32_768
NO_MARGIN = 65_535

Rows = NDArray[np.int64]
Places = NDArray[np.uint16]
Bits = NDArray[np.uint8]


def term(attribute: str, value: str) -> int:
    """The number of a term, as a signed 64-bit integer."""
    return int.from_bytes(_digest(f"{attribute}\0{value}"), "big", signed=True)


def bucket(attribute: str, value: str) -> int:
    """The number of the term that the rarer values of an attribute share."""
    number = int.from_bytes(_digest(f"{attribute}\0{value}"), "big") % BUCKETS
    return int.from_bytes(_digest(f"{attribute}\0{number}", b"bucket"), "big", signed=True)


def _digest(text: str, person: bytes = b"") -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8, person=person).digest()


def values(part: Table) -> Iterator[tuple[str, str, Rows]]:
    """Every attribute and value that the table holds, with the rows that carry it."""
    yield (*EVERY, np.arange(len(part)))
    yield from _chosen(part)
    for code, rows in _groups(part.disposition):
        yield "disposition", DISPOSITIONS[code], rows
    for code, rows in _groups(part.model):
        yield "model_version", part.models[code], rows
    for place, edge in enumerate(part.edges):
        yield from _carried("driving_edge", edge, part.driving[:, place])
    yield from _carried("verdict", "any", part.verdicts != 0)
    for place, code_ in enumerate(conformance.VERDICTS):
        yield from _carried("verdict", code_, part.verdicts >> place & 1 != 0)
    yield from kinds(part)
    yield from _contexts(part)


def kinds(part: Table) -> Iterator[tuple[str, str, Rows]]:
    """The part of ``values`` that tells choices from assessments."""
    yield from _carried("kind", "choice", ~part.assessment)
    yield from _carried("kind", "assessment", part.assessment)


def _carried(attribute: str, value: str, mask: NDArray[np.bool_]) -> Iterator[tuple[str, str, Rows]]:
    if mask.any():
        yield attribute, value, np.flatnonzero(mask)


def _groups(codes: NDArray[np.integer]) -> Iterator[tuple[int, Rows]]:
    """Each distinct code with its rows, in order."""
    order = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[order], return_index=True)
    for code, rows in zip(found, np.split(order, starts[1:]), strict=True):
        yield int(code), rows


def _chosen(part: Table) -> Iterator[tuple[str, str, Rows]]:
    pairs = np.where(part.chosen < 0, -1, part.names.astype(np.int64) * 256 + part.chosen)
    merged: dict[str, list[Rows]] = {}
    for pair, rows in _groups(pairs):
        if pair >= 0:
            merged.setdefault(part.option_ids[pair // 256][pair % 256], []).append(rows)
    for option, parts in merged.items():
        yield "chosen", option, np.sort(np.concatenate(parts))


def _contexts(part: Table) -> Iterator[tuple[str, str, Rows]]:
    merged: dict[tuple[str, str], list[Rows]] = {}
    for code, rows in _groups(part.context):
        for pair in part.contexts[code].items():
            merged.setdefault(pair, []).append(rows)
    for (key, value), parts in merged.items():
        yield f"context.{key}", value, np.sort(np.concatenate(parts))


def encode(places: Places) -> bytes:
    """The shorter of a list of places and a bitmap; ``places`` in order, each once."""
    if 2 * len(places) < BITMAP_BYTES:
        return places.astype("<u2").tobytes()
    bits = np.zeros(BLOCK, bool)
    bits[places] = True
    return np.packbits(bits, bitorder="little").tobytes()


def bitmap(data: bytes) -> Bits:
    """What ``encode`` gave, as a bitmap."""
    if len(data) == BITMAP_BYTES:
        return np.frombuffer(data, np.uint8)
    bits = np.zeros(BLOCK, bool)
    bits[np.frombuffer(data, "<u2")] = True
    return np.packbits(bits, bitorder="little")


def places(bits: Bits) -> Places:
    """The places whose bit is set, in order."""
    return np.flatnonzero(np.unpackbits(bits, bitorder="little")).astype(np.uint16)


def margin_codes(margins: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Margins of either sign in steps that never fall where margins rise; NO_MARGIN, above all others, for none.

    A share of 1 has 30,000 steps up to 1 and 200 beyond. One begins at 0, so that ties are told from what is below.
    """
    known = np.clip(np.nan_to_num(margins), -FARTHEST, FARTHEST)
    near = np.clip(known, -1.0, 1.0)
    codes = ZERO_MARGIN + np.floor(near * NEAR_STEPS) + np.floor((known - near) * FAR_STEPS)
    return np.where(np.isnan(margins), NO_MARGIN, codes).astype(np.uint16)


def margin_limit(below: float) -> int:
    """The highest code that a margin under ``below`` can have."""
    return int(margin_codes(np.array([math.nextafter(below, -math.inf)]))[0])


def seconds(micros: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Whole seconds since 1970, within what 32 bits hold."""
    return np.clip(micros // 1_000_000, 0, 2**32 - 1).astype(np.uint32)
