"""Rows of decisions in PostgreSQL's binary COPY format, packed by hand: a third of the time of adapting each value."""

import datetime as dt
import struct
from collections.abc import Iterable

import msgspec

from audits.decisions.drafting import Draft

COLUMNS = (
    "system_id", "index", "uuid", "occurred_at", "logged_at", "model_version", "context", "chosen", "disposition",
    "policy_version", "options", "sealed", "data_key_id", "groups", "weights",
)  # fmt: skip
COPY = f"COPY audits_decision ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"
COPY_IDS = "COPY audits_decisionid (system_id, uuid, index, fingerprint) FROM STDIN (FORMAT BINARY)"
_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = struct.pack(">i", -1)
_HEAD = struct.Struct(">hiqiqi16siqiqi").pack
_ID = struct.Struct(">hiqi16siqi").pack
_MIDDLE = struct.Struct(">iqihi").pack
_BIG = struct.Struct(">iq").pack
_LENGTH = struct.Struct(">i").pack
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode


class Row(msgspec.Struct, frozen=True, gc=False):
    """A draft with its place in the log, and its secrets encrypted."""

    system: int
    index: int
    draft: Draft
    logged_at: dt.datetime
    sealed: bytes
    data_key: int


def packed(rows: Iterable[Row]) -> bytes:
    """All rows, ready for one ``copy.write``."""
    parts = [_HEADER]
    for row in rows:
        parts += _packed(row)
    parts.append(_TRAILER)
    return b"".join(parts)


def packed_ids(rows: Iterable[Row]) -> bytes:
    """What each id stands for, ready for one ``copy.write``."""
    parts = [_HEADER]
    for row in rows:
        fingerprint = row.draft.fingerprint
        parts += (_ID(4, 8, row.system, 16, _uuid(row.draft.id), 8, row.index, len(fingerprint)), fingerprint)
    parts.append(_TRAILER)
    return b"".join(parts)


def _uuid(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def _packed(row: Row) -> tuple[bytes, ...]:
    draft = row.draft
    version, sealed = draft.model_version.encode(), row.sealed
    head = _HEAD(
        len(COLUMNS), 8, row.system, 8, row.index, 16, _uuid(draft.id),
        8, _micros(draft.occurred_at), 8, _micros(row.logged_at), len(version),
    )  # fmt: skip
    middle = _MIDDLE(8, draft.policy_version, 2, draft.options, len(sealed))
    return (
        head, version, _json(draft.context), _text(draft.chosen), _text(draft.disposition), middle, sealed,
         _BIG(8, row.data_key), _json(draft.groups), _json(draft.weights),
    )  # fmt: skip


def _micros(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _text(value: str | None) -> bytes:
    if value is None:
        return _NULL
    data = value.encode()
    return _LENGTH(len(data)) + data


def _json(value: object) -> bytes:
    """jsonb on the wire: a version byte, then text."""
    if value is None:
        return _NULL
    data = _encode(value)
    return _LENGTH(len(data) + 1) + b"\x01" + data
