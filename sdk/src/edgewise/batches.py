"""Cutting records into batches that a server takes, and reading what it says about each record."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from edgewise.encoding import from_base64
from edgewise.strict_json import canonical

GZIP_ABOVE_BYTES = 1_024


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
        return self.status in {"logged", "duplicate"}


def complete(decision: Mapping[str, Any]) -> dict[str, Any]:
    """The decision with an id (UUIDv7) and the present time, where it has none."""
    record = dict(decision)
    record.setdefault("id", new_id())
    record.setdefault("occurred_at", datetime.now(UTC).isoformat(timespec="milliseconds"))
    return record


def new_id() -> str:
    """A UUID of version 7: ordered by time (RFC 9562 section 5.7)."""
    stamp = time.time_ns() // 1_000_000
    value = stamp << 80 | int.from_bytes(os.urandom(10), "big")
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
