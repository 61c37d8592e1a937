"""Rows of decisions for PostgreSQL: many in the binary COPY format, packed by hand, a few as arrays of one statement.

Packing by hand takes a third of the time of adapting each value.
"""

import datetime as dt
import struct
from collections.abc import Iterable, Sequence

import msgspec

from audits.decisions.drafting import Draft
from audits.ledger.statements import Statement

COLUMNS = (
    "system_id", "index", "uuid", "occurred_at", "logged_at", "model_version", "context", "chosen", "disposition",
    "policy_version", "options", "sealed", "data_key_id", "groups", "weights",
)  # fmt: skip
COPY = f"COPY audits_decision ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"
COPY_IDS = "COPY audits_decisionid (system_id, uuid, index, fingerprint) FROM STDIN (FORMAT BINARY)"
_TYPES = (
    "bigint", "bigint", "uuid", "timestamptz", "timestamptz", "text", "text", "text", "text",
    "bigint", "smallint", "bytea", "bigint", "text", "text",
)  # fmt: skip
_JSON = ("context", "groups", "weights")
INSERT = "INSERT INTO audits_decision ({}) SELECT {} FROM unnest({}) AS fresh ({})".format(  # noqa: S608  (names only)
    ", ".join(COLUMNS),
    ", ".join(f"{name}::jsonb" if name in _JSON else name for name in COLUMNS),
    ", ".join(f"%s::{kind}[]" for kind in _TYPES),
    ", ".join(COLUMNS),
)
INSERT_IDS = (
    "INSERT INTO audits_decisionid (system_id, uuid, index, fingerprint) "
    "SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[], %s::bytea[])"
)
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


def inserted(rows: Sequence[Row]) -> Statement:
    """A few rows as one statement."""
    drafts = [row.draft for row in rows]
    return INSERT, [
        [row.system for row in rows], [row.index for row in rows], [draft.id for draft in drafts],
        [draft.occurred_at for draft in drafts], [row.logged_at for row in rows],
        [draft.model_version for draft in drafts], [_plain(draft.context) for draft in drafts],
        [draft.chosen for draft in drafts], [draft.disposition for draft in drafts],
        [draft.policy_version for draft in drafts], [draft.options for draft in drafts],
        [row.sealed for row in rows], [row.data_key for row in rows],
        [_plain(draft.groups) for draft in drafts], [_plain(draft.weights) for draft in drafts],
    ]  # fmt: skip


def inserted_ids(rows: Sequence[Row]) -> Statement:
    """What a few ids stand for, as one statement."""
    return INSERT_IDS, [
        [row.system for row in rows],
        [row.draft.id for row in rows],
        [row.index for row in rows],
        [row.draft.fingerprint for row in rows],
    ]


def _plain(value: object) -> str | None:
    return None if value is None else _encode(value).decode()


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
