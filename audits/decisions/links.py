"""What ties a decision to others: its trace and span, the decision it follows, the dialog that led to it. Pure.

A link is kept beside the columns as 64 bits of its BLAKE2b, 0 for none, so that the explorer can index it; what it says
stands in the log's entry, where every candidate is checked.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.decisions.entry import Told

LINKS = ("trace_id", "span_id", "parent", "clarification")
BUCKETS = 1_024
HALVES = (0, 32)

Digests = NDArray[np.int64]


def states(told: Told, wanted: Mapping[str, str]) -> bool:
    """Whether a log entry states all these links."""
    given = {name: getattr(told, name) for name in wanted}
    return all(
        given[name] is not None and said(name, given[name]) == said(name, value)
        for name, value in wanted.items()
    )


def said(name: str, value: str) -> str:
    """A link as it is compared: the id of a decision is the same in upper case."""
    return value.lower() if name == "parent" else value


def digest(name: str, value: str) -> int:
    """64 bits of a link, signed, never 0."""
    text = f"{name}\0{said(name, value)}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True) or 1


def digests(records: Sequence[Mapping[str, Any]]) -> Digests:
    """(n, 4): the links of each record, in the order of LINKS."""
    found = np.zeros((len(records), len(LINKS)), np.int64)
    for row, record in enumerate(records):
        for column, name in enumerate(LINKS):
            if record.get(name) is not None:
                found[row, column] = digest(name, record[name])
    return found


def pack(found: Digests) -> bytes:
    """Nothing where no record has a link."""
    return found.astype("<i8").tobytes() if found.any() else b""


def unpack(data: bytes | memoryview, n: int) -> Digests:
    """What ``pack`` packed of ``n`` records."""
    if not data:
        return np.zeros((n, len(LINKS)), np.int64)
    return np.frombuffer(data, "<i8").reshape(n, len(LINKS)).astype(np.int64)


def terms(name: str, value: str) -> list[int]:
    """The two terms of a link; a decision that carries both has it, but for one chance in a million."""
    number = np.array([digest(name, value)])
    return [_terms(name, half)[int(_bucket(number, half)[0])] for half in HALVES]


def values(found: Digests) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Every term that the records carry, with the rows that carry it."""
    for column, name in enumerate(LINKS):
        rows = np.flatnonzero(found[:, column])
        for half in HALVES:
            numbers = _bucket(found[rows, column], half)
            order = np.argsort(numbers, kind="stable")
            distinct, starts = np.unique(numbers[order], return_index=True)
            for number, part in zip(distinct.tolist(), np.split(rows[order], starts[1:]), strict=False):
                yield _terms(name, half)[number], part


def _bucket(numbers: Digests, half: int) -> NDArray[np.uint64]:
    return (numbers.view(np.uint64) >> np.uint64(half)) % np.uint64(BUCKETS)


@cache
def _terms(name: str, half: int) -> tuple[int, ...]:
    """The numbers of the terms that all links of one name share, by bucket."""
    person = f"link {half}".encode()
    return tuple(
        int.from_bytes(
            hashlib.blake2b(f"{name}\0{number}".encode(), digest_size=8, person=person).digest(),
            "big",
            signed=True,
        )
        for number in range(BUCKETS)
    )
