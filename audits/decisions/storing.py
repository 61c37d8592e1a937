"""Putting drafts into the log and the index, whole or not at all: one transaction per system and group of requests."""

import datetime as dt
import itertools
from collections.abc import Sequence

import msgspec
from django.db import Error, transaction
from edgewise import merkle

from audits.decisions import rows
from audits.decisions.drafting import Draft
from audits.decisions.grouping import GroupCommit
from audits.ledger import sealing, statements
from audits.ledger import services as ledger
from audits.ledger.models import Log
from governance.access import outages

LOCK_NAMESPACE = 0x0EDE
# One descent for each id asked for; `uuid = ANY(…)` would send every id through every partition.
_KNOWN = (
    "SELECT known.uuid, known.index, known.fingerprint FROM unnest(%s::uuid[]) AS asked (uuid) "
    "JOIN audits_decisionid AS known ON known.uuid = asked.uuid AND known.system_id = %s"
)


Known = dict[str, tuple[int, bytes | None]]  # index and fingerprint of what is logged already, by id


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A draft waiting for its place in the log."""

    log: Log
    draft: Draft
    sealed: bytes
    data_key: int
    at: dt.datetime


class Stored(msgspec.Struct, frozen=True, gc=False):
    """``status`` is logged, duplicate, conflict or erased (the subject was, meanwhile; ``index`` is -1).

    ``index`` is final: the transaction is committed.
    """

    status: str
    index: int


def store(pending: list[Pending]) -> list[Stored | Error]:
    """Stores every draft, in order; each system in a transaction of its own, committed when this returns.

    When the database is away, full or busy, the drafts of that system get the error, and those of others their turn.
    """
    places = sorted(range(len(pending)), key=lambda place: pending[place].log.pk)
    results: dict[int, Stored | Error] = {}
    for _pk, group in itertools.groupby(places, key=lambda place: pending[place].log.pk):
        own = list(group)
        results |= zip(own, _store_if_possible([pending[place] for place in own]), strict=True)
    return [results[place] for place in range(len(pending))]


def _store_if_possible(pending: Sequence[Pending]) -> Sequence[Stored | Error]:
    """An outage is no fault of one request: to try each alone would take as many times as long."""
    try:
        return _store(pending)
    except Error as error:
        if outages.of(error) is None:
            raise
        return [error] * len(pending)


group_commit = GroupCommit[Pending, Stored | Error](store)


def log(pending: Sequence[Pending]) -> list[Stored]:
    """Stores the drafts of one request together with those of others; raises what kept them from it."""
    found: list[Stored] = []
    for each in group_commit.submit(pending):
        if isinstance(each, Error):
            raise each
        found.append(each)
    return found


@transaction.atomic
def _store(pending: Sequence[Pending]) -> list[Stored]:
    """Takes the system's turn, so that what it finds logged stays the truth until the commit."""
    log = pending[0].log
    assert log.system_id is not None
    known, destroyed, frontier, now = _in_turn(log, log.system_id, pending)
    fresh: dict[str, Pending] = {}
    for each in pending:
        if each.draft.id not in known and each.data_key not in destroyed:
            fresh.setdefault(each.draft.id, each)
    placed = dict(zip(fresh, itertools.count(frontier.size), strict=False))
    if fresh:
        _write(log, log.system_id, frontier, list(fresh.values()), now)
    return [_outcome(each, known, fresh, placed) for each in pending]


def take_turn(system_id: int) -> None:
    """Waits for the system's turn, which lasts until the transaction's end: nobody else logs decisions of it."""
    statements.run(_turn(system_id))


def _turn(system_id: int) -> statements.Statement:
    """The turn, and the database's time when it has come."""
    lock = "SELECT pg_advisory_xact_lock(%s::integer, %s::integer), clock_timestamp()"
    return lock, [LOCK_NAMESPACE, system_id]


def _in_turn(
    log: Log, system_id: int, pending: Sequence[Pending]
) -> tuple[Known, set[int], merkle.Frontier, dt.datetime]:
    """Takes the system's turn; then what is known of the ids, which keys are destroyed, where the log ends, and when.

    Each statement sees what was committed before it began, so those behind the lock see all that was logged.
    """
    ids = "{" + ",".join([each.draft.id for each in pending]) + "}"
    destroyed = sealing.destroyed({each.data_key for each in pending})
    took, known, keys, head = statements.run(
        _turn(system_id), (_KNOWN, [ids, system_id]), destroyed, ledger.lock_head(log)
    )
    found = {str(identity): (index, fingerprint) for identity, index, fingerprint in known}
    ((_lock, now),) = took
    return found, {key for (key,) in keys}, ledger.frontier_of(log, head), now


def _outcome(
    each: Pending,
    known: Known,
    fresh: dict[str, Pending],
    placed: dict[str, int],
) -> Stored:
    """An erased decision has no fingerprint left: a re-post of its id counts as the same."""
    identity = each.draft.id
    if identity in known:
        index, fingerprint = known[identity]
        same = fingerprint is None or fingerprint == each.draft.fingerprint
        return Stored("duplicate" if same else "conflict", index)
    first = fresh.get(identity)
    if first is None:
        return Stored("erased", -1)
    if first is each:
        return Stored("logged", placed[identity])
    same = first.draft.fingerprint == each.draft.fingerprint
    return Stored("duplicate" if same else "conflict", placed[identity])


def _write(
    log: Log, system_id: int, frontier: merkle.Frontier, fresh: Sequence[Pending], now: dt.datetime
) -> None:
    """Entries, decisions and ids: a few in one round trip, many by COPY.

    Logged no later than ``now``: one machine's clock that is ahead must not make payloads outlast their retention.
    """
    found = [
        rows.Row(system_id, index, each.draft, min(each.at, now), each.sealed, each.data_key)
        for index, each in enumerate(fresh, frontier.size)
    ]
    drafts = [each.draft for each in fresh]
    left = ledger.extend(
        log, frontier, [draft.entry for draft in drafts], [draft.leaf_hash for draft in drafts]
    )
    if len(found) <= ledger.MOST_IN_ONE_STATEMENT:
        left += [rows.inserted(found), rows.inserted_ids(found)]
    else:
        statements.copy_in(rows.COPY, rows.packed(found))
        statements.copy_in(rows.COPY_IDS, rows.packed_ids(found))
    statements.run(*left)
