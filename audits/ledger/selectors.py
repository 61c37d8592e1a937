"""Questions about logs: entries, tiles, checkpoints, receipts, events."""

import dataclasses
import datetime as dt
import functools
import itertools
from collections.abc import Sequence

from django.db import connection
from django.db.models import BinaryField, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext as _
from edgewise import merkle, notes, proofs, tiles
from edgewise.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH

from audits.ledger import confirmation, keys, sealing, tile_queries, witnesses
from audits.ledger import events as entries_of_events
from audits.ledger.models import Checkpoint, Entry, Head, Log, LoggedEvent, SealedFacts
from governance.errors import DomainError
from governance.organisations.models import Organisation
from governance.systems.models import AISystem

ORGANISATION_SLUG = "_org"


class Position(Func):
    """Where the first expression begins in the second, from 1; 0 if nowhere. Bytes."""

    template = "position(%(expressions)s)"
    arg_joiner = " in "


class NotInLog(DomainError):
    """The log has no such entry, tile or bundle (yet)."""

    code = "not_found"
    status = 404


class Damaged(Exception):
    """A checkpoint covers the file, and part of it is gone: `left` is what stands before the gap.

    It is served all the same, so that a verifier finds where the log ends, and never exported.
    """

    def __init__(self, left: bytes) -> None:
        super().__init__("The log lacks what a checkpoint covers: `manage.py verify_log` says from where on.")
        self.left = left


class LogNotOpen(DomainError):
    """There is no log where one has to be: what it holds is asked for, or something is appended to it."""

    code = "log_not_open"
    status = 500


class NotYetPublished(DomainError):
    """No checkpoint covers the entry yet; one will within a second."""

    code = "not_yet_published"
    status = 404


def log_of(*, organisation: Organisation, system: AISystem | None = None) -> Log | None:
    """The log of a system, or the organisation's own; None before the first entry."""
    logs = Log.objects.filter(organisation=organisation, system=system)
    return logs.select_related("organisation", "system").first()


def log_for(*, system: AISystem) -> Log:
    """The log of a system that has logged decisions. Raises LogNotOpen."""
    found = log_of(organisation=system.organisation, system=system)
    if found is None:
        raise LogNotOpen(
            _(
                "The system %s has no log, though decisions of it are kept: restore the database from a backup."
            )
            % system.slug
        )
    return found


def logs(*, organisation: Organisation) -> QuerySet[Log]:
    """Every log of the organisation, its own first, with head and published size."""
    found = Log.objects.filter(organisation=organisation)
    return found.select_related("organisation", "system", "head", "published").order_by("-system_id", "pk")


def by_path(*, organisation_slug: str, slug: str) -> Log | None:
    """The log whose address is ``/log/<organisation>/<slug>``."""
    which = Q(system__isnull=True) if slug == ORGANISATION_SLUG else Q(system__slug=slug)
    found = Log.objects.filter(which, organisation__slug=organisation_slug)
    return found.select_related("organisation", "system").first()


def now() -> dt.datetime:
    """The time by the database's clock, the one clock that all machines share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (found,) = cursor.fetchone()
    return found  # type: ignore[no-any-return]


def size(*, log: Log) -> int:
    """How many entries are committed, published or not."""
    return Head.objects.values_list("size", flat=True).get(log=log)


# Entries


def entry(*, log: Log, index: int) -> bytes:
    """The bytes of one entry; raises NotInLog."""
    found = Entry.objects.filter(log=log, index=index).values_list("entry", flat=True).first()
    if found is None:
        raise NotInLog(_("The log has no entry %d.") % index)
    return bytes(found)


def entries(*, log: Log, start: int, stop: int) -> list[bytes]:
    """The entries [start, stop) that exist, in order."""
    rows = Entry.objects.filter(log=log, index__gte=start, index__lt=stop).order_by("index")
    return [bytes(row) for row in rows.values_list("entry", flat=True)]


def entries_at(*, log: Log, indexes: Sequence[int]) -> dict[int, bytes]:
    """The entries at these indexes."""
    rows = Entry.objects.filter(log=log, index__in=list(indexes)).values_list("index", "entry")
    return {index: bytes(found) for index, found in rows}


# Tiles


def tile(*, log: Log, level: int, n: int, width: int = TILE_WIDTH) -> bytes:
    """The first `width` hashes of a tile, cut from the full tile or from the log's edge.

    The head is read before the tile: whatever was full then is stored as a tile by now. Raises NotInLog or Damaged.
    """
    left = b""
    if width < TILE_WIDTH:
        head = Head.objects.get(log=log)
        left = _edge(head).partial(level) if n == head.size >> (TILE_HEIGHT * (level + 1)) else b""
        if width * HASH_BYTES <= len(left):
            return left[: width * HASH_BYTES]
    found = tile_queries.tile(log_id=log.pk, level=level, n=n)
    if found is None:
        raise _absent(log, level, n, width, left)
    return found[: width * HASH_BYTES]


def _edge(head: Head) -> merkle.Frontier:
    return merkle.Frontier.from_bytes(bytes(head.edge))


def _absent(log: Log, level: int, n: int, width: int, left: bytes) -> Exception:
    """Why a file is not whole: a checkpoint covers it, so it is damaged, or the log has not come so far."""
    if width <= tiles.tile_width(level, n, published_size(log=log)):
        return Damaged(left)
    return NotInLog(_("The log has no such tile or bundle."))


def bundle(*, log: Log, n: int, width: int = TILE_WIDTH) -> bytes:
    """The first `width` entries under tile `n` of level 0, each after its length; raises NotInLog or Damaged."""
    found, count = tile_queries.bundle(log_id=log.pk, n=n, width=width)
    if count < width:
        indexes = range(n * TILE_WIDTH, n * TILE_WIDTH + count)
        there = entries_at(log=log, indexes=indexes) if count else {}
        left = tiles.encode_bundle([there[each] for each in itertools.takewhile(there.__contains__, indexes)])
        raise _absent(log, 0, n, width, left)
    return found


# Checkpoints and receipts


def latest_checkpoint(*, log: Log) -> Checkpoint | None:
    """The latest published checkpoint; None until the first second of a log's life is over."""
    return Checkpoint.objects.filter(log=log).order_by("-size").first()


def published_size(*, log: Log) -> int:
    """How many entries the latest checkpoint covers."""
    checkpoint = latest_checkpoint(log=log)
    return checkpoint.size if checkpoint else 0


def receipt(*, log: Log, index: int) -> str:
    """The receipt of an entry (`.tlog-proof`), under the latest checkpoint, or the latest that outside witnesses have
    confirmed where there is one. Raises NotInLog or NotYetPublished.
    """
    checkpoint = confirmation.best(log=log, covering=index)
    if checkpoint is None or index < 0:
        if not 0 <= index < size(log=log):
            raise NotInLog(_("The log has no entry %d.") % index)
        raise NotYetPublished(_("The entry is in the log; its sealed state follows within a second."))
    reader = tiles.TileReader(checkpoint.size, tile_fetcher(log))
    path = merkle.inclusion_proof(index, checkpoint.size, reader)
    return proofs.Receipt(index, tuple(path), confirmation.note(checkpoint)).text()


def tile_fetcher(log: Log) -> "functools.partial[bytes]":
    """`tile` as the SDK's TileReader wants it: called with level, n and width."""
    return functools.partial(_fetch, log)


def _fetch(log: Log, level: int, n: int, width: int) -> bytes:
    return tile(log=log, level=level, n=n, width=width)


def vkeys(*, log: Log) -> tuple[str, ...]:
    """The log's verifier keys: Ed25519, then ML-DSA-44."""
    return keys.vkeys(log.origin)


def policy_file(*, log: Log, url: str) -> str:
    """The C2SP tlog-policy of one log, for auditors' tools: its Ed25519 keys, and the witnesses and quorum of this
    deployment. The ML-DSA keys stand in comments.
    """
    by_kind = [notes.parse_vkey(vkey) for vkey in vkeys(log=log)]
    also = "".join(f"# also signed by {key}\n" for key in by_kind if key.kind != notes.ED25519)
    outside = witnesses.policy()
    stated = dataclasses.replace(outside, logs={key: url for key in by_kind if key.kind == notes.ED25519})
    return also + stated.text()


# Events of the audit trail


def events(
    *,
    organisation: Organisation,
    system: AISystem | None = None,
    type: str = "",  # noqa: A002  (the word of the log's format)
    subject: str = "",
    text: str = "",
) -> QuerySet[LoggedEvent]:
    """Events in a log, newest first. `type` may end in a dot and then names a family ("policy.").

    `text` is looked for in the bytes of the entries: a SHA-256, a digest, a name of an edge.
    """
    found = LoggedEvent.objects.filter(log__organisation=organisation, log__system=system)
    if type:
        found = found.filter(type__startswith=type) if type.endswith(".") else found.filter(type=type)
    if subject:
        found = found.filter(subject=subject)
    if text:
        place = Position(Value(text.encode(), BinaryField()), F("entry"), output_field=IntegerField())
        entries = Entry.objects.filter(log=OuterRef("log"), index=OuterRef("index"))
        found = found.filter(Exists(entries.alias(place=place).filter(place__gt=0)))
    return found.select_related("log").order_by("-index")


def event_types(*, organisation: Organisation) -> list[str]:
    """The types of event that the organisation's own log holds."""
    found = LoggedEvent.objects.filter(log__organisation=organisation, log__system__isnull=True)
    return sorted(found.order_by("type").values_list("type", flat=True).distinct())


def opened(*, log: Log, index: int) -> dict[str, dict[str, str]]:
    """The sealed facts of an event: for each its value and salt. Empty if there are none, or no more; raises Erased."""
    found = SealedFacts.objects.filter(log=log, index=index).select_related("data_key").first()
    if found is None:
        return {}
    plain = sealing.decrypt(
        found.data_key, bytes(found.blob), bound_to=entries_of_events.binding(log.origin, index)
    )
    return dict(entries_of_events.parse(plain))
