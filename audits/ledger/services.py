"""Opening logs and appending to them. Appending is always part of the caller's transaction."""

import datetime as dt
import struct
from collections import defaultdict
from collections.abc import Sequence

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from edgewise import merkle
from edgewise.strict_json import canonical

from audits.ledger import events as entries_of_events
from audits.ledger import sealing, selectors, statements
from audits.ledger.models import MAX_ENTRY_BYTES, Head, Log, LoggedEvent, Published, SealedFacts
from audits.ledger.statements import Statement
from governance import trail
from governance.errors import DomainError
from governance.organisations.models import Organisation
from governance.systems.models import AISystem

COPY_ENTRIES = "COPY audits_entry (log_id, index, entry) FROM STDIN (FORMAT BINARY)"
COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_TRAILER = b"\xff\xff"
COPY_ROW = struct.Struct(">hiqiqi")
# Up to here one statement that carries arrays costs less than a COPY, which takes several round trips of its own.
MOST_IN_ONE_STATEMENT = 32
INSERT_ENTRIES = (
    "INSERT INTO audits_entry (log_id, index, entry) "
    "SELECT %s, %s + number - 1, entry FROM unnest(%s::bytea[]) WITH ORDINALITY AS fresh (entry, number)"
)
LOCK_HEAD = "SELECT edge FROM audits_head WHERE log_id = %s FOR UPDATE"
MOVE_HEAD = "UPDATE audits_head SET size = %s, edge = %s WHERE log_id = %s"
ADD_TILES = (
    "INSERT INTO audits_tile (log_id, level, n, hashes) "
    "SELECT %s, * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])"
)


class EntryTooLarge(DomainError):
    """A bundle states an entry's length in two bytes (C2SP tlog-tiles)."""

    code = "too_large"


@transaction.atomic
def open_log(*, organisation: Organisation, at: dt.datetime, system: AISystem | None = None) -> Log:
    """The log of ``system``, or the organisation's own; made if it does not exist, its origin fixed for ever."""
    found = Log.objects.filter(organisation=organisation, system=system).first()
    if found:
        return found
    place = f"/log/{organisation.slug}/{system.slug if system else '_org'}"
    owner = {"organisation_id": organisation.pk, "system_id": system.pk if system else None}
    fresh = Log(**owner, origin=settings.EDGEWISE_ORIGIN + place, created_at=at)
    # By id: an instance would be remembered as `system.log` before it has a primary key.
    Log.objects.bulk_create([fresh], ignore_conflicts=True)
    log = Log.objects.get(organisation=organisation, system=system)
    edge = merkle.Frontier().to_bytes()
    Head.objects.bulk_create([Head(log=log, size=0, edge=edge)], ignore_conflicts=True)
    Published.objects.bulk_create([Published(log=log)], ignore_conflicts=True)
    return log


def append(*, log: Log, entries: Sequence[bytes]) -> range:
    """Append entries, in order, and return their indexes, which are final when the caller's transaction commits.

    Locks the log until then: call it last. The head row is the only lock.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("append needs the caller's transaction.")
    if not entries:
        return range(0)
    (found,) = statements.run(lock_head(log))
    frontier = frontier_of(log, found)
    statements.run(*extend(log, frontier, entries, merkle.leaf_hashes(entries)))
    return range(frontier.size - len(entries), frontier.size)


def lock_head(log: Log) -> Statement:
    """Locks the log's head until the transaction ends; its row is for ``frontier_of``."""
    return LOCK_HEAD, [log.pk]


def frontier_of(log: Log, rows: Sequence[tuple[bytes]]) -> merkle.Frontier:
    """The right edge that ``lock_head`` found."""
    if not rows:
        raise selectors.LogNotOpen(_("The log %s was never opened.") % log.origin)
    return merkle.Frontier.from_bytes(rows[0][0])


def extend(
    log: Log, frontier: merkle.Frontier, entries: Sequence[bytes], hashes: Sequence[bytes]
) -> list[Statement]:
    """Moves ``frontier`` on by entries with these leaf hashes; the statements, still to be run, that write it all.

    A few entries are among the statements; many are sent here, by COPY.
    """
    if max(map(len, entries), default=0) > MAX_ENTRY_BYTES:
        raise EntryTooLarge(_("An entry of the log has at most 65,535 bytes."))
    first = frontier.size
    tiles = frontier.append(hashes)
    found = [_tiles(log, tiles)] if tiles else []
    found.append((MOVE_HEAD, [frontier.size, frontier.to_bytes(), log.pk]))
    if len(entries) <= MOST_IN_ONE_STATEMENT:
        return [(INSERT_ENTRIES, [log.pk, first, list(entries)]), *found]
    statements.copy_in(COPY_ENTRIES, _copy_rows(log.pk, first, entries))
    return found


def _copy_rows(log_id: int, first: int, entries: Sequence[bytes]) -> bytes:
    """The rows in PostgreSQL's binary COPY format: per row 3 fields, each after its length."""
    pack = COPY_ROW.pack
    parts = [COPY_HEADER]
    for index, entry in enumerate(entries, first):
        parts += (pack(3, 8, log_id, 8, index, len(entry)), entry)
    parts.append(COPY_TRAILER)
    return b"".join(parts)


def _tiles(log: Log, tiles: Sequence[merkle.Tile]) -> Statement:
    return ADD_TILES, [
        log.pk,
        [tile.level for tile in tiles],
        [tile.n for tile in tiles],
        [tile.hashes for tile in tiles],
    ]


def append_events(events: list[trail.Event]) -> None:
    """The audit trail's port: each event becomes an entry of its system's log, or of its organisation's.

    Logs are locked in the order of their ids, so that two transactions never wait for each other.
    """
    grouped: dict[tuple[Organisation, AISystem | None], list[trail.Event]] = defaultdict(list)
    for event in events:
        grouped[event.organisation, event.system].append(event)
    logs = {
        open_log(organisation=organisation, system=system, at=found[0].at): found
        for (organisation, system), found in grouped.items()
    }
    for log in sorted(logs, key=lambda each: each.pk):
        _append_to(log, logs[log])


def _append_to(log: Log, events: list[trail.Event]) -> None:
    formed = [entries_of_events.entry_of(event) for event in events]
    indexes = append(log=log, entries=[entry for entry, _secrets in formed])
    LoggedEvent.objects.bulk_create(
        LoggedEvent(log=log, index=index, type=event.type, subject=event.subject, by=event.by, at=event.at)
        for index, event in zip(indexes, events, strict=True)
    )
    for index, event, (_entry, secrets) in zip(indexes, events, formed, strict=True):
        if secrets:
            _keep_secrets(log, index, event, secrets)


def _keep_secrets(log: Log, index: int, event: trail.Event, secrets: entries_of_events.Secrets) -> None:
    """Encrypts what the entry only commits to, under the key of whoever it is about."""
    reference = event.by if event.by.startswith("person:") else "organisation"
    key = sealing.data_keys(organisation=log.organisation, references=[reference], at=event.at)[reference]
    blob = sealing.encrypt(key, canonical(secrets), bound_to=entries_of_events.binding(log.origin, index))
    SealedFacts.objects.create(log=log, index=index, data_key=key, blob=blob)
