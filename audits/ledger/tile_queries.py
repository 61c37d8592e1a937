"""A log's immutable files, read the shortest way: one query for each, in plain SQL, bytes as bytes.

Tiles and bundles are what verifiers read most, by the thousand a second. Composing the queries, making objects of the
rows and writing bytes as hexadecimal digits would take longer than answering.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection
from edgewise.merkle import TILE_WIDTH
from edgewise.tiles import TilePath

MAX_INDEX = (1 << 63) - 1
PUBLIC_LOG = (
    "SELECT l.id FROM governance_organisation o JOIN audits_log l ON l.organisation_id = o.id "
    "LEFT JOIN governance_aisystem s ON s.id = l.system_id "
    "WHERE o.slug = %s AND o.log_is_public AND CASE %s WHEN '_org' THEN s.id IS NULL ELSE s.slug = %s END"
)
TILE = "SELECT hashes FROM audits_tile WHERE log_id = {log} AND level = %s AND n = %s"
BUNDLE = (
    "SELECT string_agg(substring(int4send(octet_length(entry)) from 3) || entry, ''::bytea ORDER BY index), count(*) "
    "FROM audits_entry WHERE log_id = {log} AND index >= %s AND index < %s"
)


def tile(*, log_id: int, level: int, n: int) -> bytes | None:
    """A full tile, if the log has it."""
    return _one(TILE.format(log="%s"), [log_id, level, n]) if n <= MAX_INDEX else None


def bundle(*, log_id: int, n: int, width: int) -> tuple[bytes, int]:
    """The entries there are among the first `width` of a bundle, each after its length, and how many they are."""
    first = n * TILE_WIDTH
    if first > MAX_INDEX - TILE_WIDTH:
        return b"", 0
    content, count = _row(BUNDLE.format(log="%s"), [log_id, first, first + width])
    return bytes(content or b""), count


def public(*, organisation_slug: str, slug: str, asked: TilePath) -> bytes | None:
    """A full tile or bundle of a public log, if the log is public and has it; found in the same query."""
    which = [organisation_slug, slug, slug]
    if asked.width < TILE_WIDTH or asked.n * TILE_WIDTH > MAX_INDEX - TILE_WIDTH:
        return None
    if asked.level is not None:
        return _one(TILE.format(log=f"({PUBLIC_LOG})"), [*which, asked.level, asked.n])
    first = asked.n * TILE_WIDTH
    content, count = _row(BUNDLE.format(log=f"({PUBLIC_LOG})"), [*which, first, first + TILE_WIDTH])
    return bytes(content) if count == TILE_WIDTH else None


def _one(query: str, arguments: Sequence[object]) -> bytes | None:
    row = _row(query, arguments)
    return bytes(row[0]) if row else None


def _row(query: str, arguments: Sequence[object]) -> Any:
    """The first row, its values in PostgreSQL's binary format, which Django's own cursors do not ask for."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(query, arguments, binary=True).fetchone()
