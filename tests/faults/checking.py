"""The log checker: reads the tables as they are and compares them with what the models keep.

`judge` is pure, so that a test can show it every kind of loss. The product's own `verify` runs beside it.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from edgewise import merkle

from tests.faults.kept import Place, System

READ_ROWS = 'SELECT uuid::text, "index" FROM audits_decision WHERE system_id = %s'
READ_IDS = 'SELECT uuid::text, "index" FROM audits_decisionid WHERE system_id = %s'
READ_ENTRIES = 'SELECT "index", entry FROM audits_entry WHERE log_id = %s ORDER BY "index"'
READ_SIZE = "SELECT size FROM audits_head WHERE log_id = %s"


@dataclass(frozen=True)
class Found:
    """One system's log in one snapshot: entries as (index, id of the record or none, leaf hash)."""

    size: int
    rows: list[tuple[str, int]]
    ids: list[tuple[str, int]]
    entries: list[tuple[int, str | None, bytes]]


def look(url: str, system: System) -> Found:
    """All tables in one snapshot, while others write."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = connection.execute(READ_SIZE, [system.log]).fetchone()
        assert row is not None
        rows = connection.execute(READ_ROWS, [system.id]).fetchall()
        ids = connection.execute(READ_IDS, [system.id]).fetchall()
        entries = connection.execute(READ_ENTRIES, [system.log], binary=True).fetchall()
    parsed = [
        (index, json.loads(entry).get("record", {}).get("id"), merkle.leaf_hash(entry))
        for index, entry in entries
    ]
    return Found(row[0], rows, ids, parsed)


def judge(found: Found, acknowledged: Mapping[str, Place], unanswered: set[frozenset[str]]) -> list[str]:
    """What is wrong, a sentence each; nothing if the log is whole. `acknowledged` are those of this system."""
    at = dict(found.rows)
    return [
        *_gaps([index for index, _identity, _leaf in found.entries], found.size),
        *_doubles(found),
        *_losses(found, acknowledged),
        *(
            f"{present} of the {len(ids)} records of one unanswered request are in the log"
            for ids in unanswered
            if (present := sum(each in at for each in ids)) not in {0, len(ids)}
        ),
    ]


def _gaps(indexes: list[int], size: int) -> list[str]:
    if indexes == list(range(size)):
        return []
    missing = sorted(set(range(size)) - set(indexes))
    return [f"the head states {size} entries, there are {len(indexes)}; missing: {missing[:5]}"]


def _doubles(found: Found) -> list[str]:
    """No id twice, and what the entries say agrees with the rows, and the ids, that index them."""
    inside = {identity: index for index, identity, _leaf in found.entries if identity is not None}
    counted = Counter(identity for _index, identity, _leaf in found.entries if identity is not None)
    problems = [f"{identity} is in the log {count} times" for identity, count in counted.items() if count > 1]
    for name, table in (("rows", found.rows), ("ids", found.ids)):
        if len(table) != len(inside) or dict(table) != inside:
            different = set(table) ^ set(inside.items())
            problems.append(f"{name} and entries disagree: {sorted(different)[:4]}")
    return problems


def _losses(found: Found, acknowledged: Mapping[str, Place]) -> list[str]:
    entries = {index: (identity, leaf) for index, identity, leaf in found.entries}
    return [
        f"{identity} was acknowledged at {place.index}, where the log has {entries.get(place.index, ('nothing',))[0]}"
        for identity, place in acknowledged.items()
        if entries.get(place.index) != (identity, place.leaf_hash)
    ]
