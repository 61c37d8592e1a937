"""Cutting records into batches that a server takes, and reading what it says about each record."""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from edgewise.encoding import from_base64
from edgewise.errors import EdgewiseError, UnreachableError
from edgewise.strict_json import canonical
from edgewise.transport import Answer, refusal

PATH = "/api/v1/decisions"
LIMITS_PATH = "/api/v1/limits"
ANSWERED = frozenset({201, 207, 409, 422})
GZIP_ABOVE_BYTES = 1_024

_random = random.Random(os.urandom(32))  # noqa: S311 - of our own: the model may seed the shared one
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(32)))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold."""

    records: int = 500
    bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Logged:
    """What the server says about one record.

    `status` is logged, duplicate or rejected. `entry` are the bytes in the log and `salts` open its commitments:
    keep both with the receipt. `code`, `detail` and `pointer` say why a record was rejected.
    """

    id: str | None
    status: str
    index: int | None = None
    leaf_hash: str = ""
    entry: bytes = b""
    salts: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    detail: str = ""
    pointer: str = ""
    retryable: bool = False

    @property
    def ok(self) -> bool:
        """Whether the record is in the log, by this request or an earlier one."""
        return self.status in IN_LOG


IN_LOG = frozenset({"logged", "duplicate"})
IN_THE_LOG = Logged(None, "logged")


def complete(decision: Mapping[str, Any]) -> dict[str, Any]:
    """The decision with an id (UUIDv7) and the present time, where it has none."""
    record = dict(decision)
    if record.get("id") is None:
        record["id"] = new_id()
    if record.get("occurred_at") is None:
        record["occurred_at"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    return record


def new_id() -> str:
    """A UUID of version 7: ordered by time (RFC 9562 section 5.7)."""
    stamp = time.time_ns() // 1_000_000
    value = stamp << 80 | _random.getrandbits(80)
    value = value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(UUID(int=value))


def cut(records: Iterable[bytes], limits: Limits) -> Iterator[list[bytes]]:
    """Encoded records in runs that stay within the limits; one too long for them goes alone."""
    batch: list[bytes] = []
    size = 2
    for record in records:
        if batch and (len(batch) == limits.records or size + len(record) + 1 > limits.bytes):
            yield batch
            batch, size = [], 2
        batch.append(record)
        size += len(record) + 1
    if batch:
        yield batch


def encode(record: Mapping[str, Any]) -> bytes:
    """A record as it is sent."""
    return canonical(record)


def body(batch: Sequence[bytes]) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a request that logs a batch."""
    data, headers = b"[" + b",".join(batch) + b"]", {"Content-Type": "application/json"}
    if len(data) > GZIP_ABOVE_BYTES:
        data, headers["Content-Encoding"] = gzip.compress(data, 1, mtime=0), "gzip"
    return data, headers


def path(brief: bool) -> str:
    """Where records are posted; `brief` leaves entries and salts out of the answer."""
    return f"{PATH}?brief=1" if brief else PATH


def receipt_path(decision_id: str) -> str:
    """Where the receipt of a decision is."""
    return f"{PATH}/{quote(decision_id, safe='')}/proof"


def read_limits(answer: Answer) -> Limits:
    """What the server takes, and no more than the usual; the usual, where it states nothing that makes sense."""
    try:
        stated = json.loads(answer.body) if answer.status == 200 else {}
    except ValueError:
        stated = {}
    figures = stated if isinstance(stated, Mapping) else {}
    usual = Limits()
    return Limits(
        records=_least(figures.get("records"), usual.records), bytes=_least(figures.get("bytes"), usual.bytes)
    )


def _least(stated: object, usual: int) -> int:
    return min(stated, usual) if type(stated) is int and stated > 0 else usual


def has_items(answer: Answer) -> bool:
    """Whether an answer speaks of records, and not of the request as a whole."""
    return b'"items"' in answer.body


def read_items(answer: Answer, count: int, *, brief: bool = False) -> list[Logged]:
    """What the server says about each of `count` records; RefusedError if it refuses the request.

    With `brief`, those that are in the log are all told by one and the same item: a thread that reads many answers
    must not keep the interpreter's lock for milliseconds.
    """
    if answer.status not in ANSWERED:
        raise refusal(answer)
    stated = answer.json()
    if isinstance(stated, Mapping) and "items" not in stated:
        raise refusal(answer)
    try:
        items = [
            IN_THE_LOG if brief and item["status"] in IN_LOG else read_item(item) for item in stated["items"]
        ]
    except (KeyError, TypeError, AttributeError, ValueError, EdgewiseError):
        raise UnreachableError("the server's answer is not understood") from None
    if len(items) != count:
        raise UnreachableError(f"the server answered for {len(items)} of {count} records")
    return items


def read_item(item: Mapping[str, Any]) -> Logged:
    """One item of the server's answer."""
    error = item.get("error") or {}
    return Logged(
        id=item.get("id"),
        status=str(item["status"]),
        index=item.get("index"),
        leaf_hash=item.get("leaf_hash") or "",
        entry=from_base64(item.get("entry") or "", "the entry"),
        salts=item.get("salts") or {},
        code=error.get("code") or "",
        detail=error.get("detail") or "",
        pointer=error.get("pointer") or "",
        retryable=bool(error.get("retryable")),
    )
