"""Questions about logs: entries, tiles, checkpoints, receipts, events."""

import functools
from collections.abc import Sequence

from django.db import connection
from django.db.models import BinaryField, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext as _
from edgewise import merkle, proofs, tiles, trust
from edgewise.merkle import HASH_BYTES, TILE_WIDTH

from audits.ledger import events as entries_of_events
from audits.ledger import keys, sealing
from audits.ledger.models import Checkpoint, Entry, Head, Log, LoggedEvent, SealedFacts
from governance.errors import DomainError
from governance.organisations.models import Organisation
from governance.systems.models import AISystem

ORGANISATION_SLUG = "_org"
MAX_INDEX = (1 << 63) - 1


class Position(Func):
    """Where the first expression begins in the second, from 1; 0 if nowhere. Bytes."""

    template = "position(%(expressions)s)"
    arg_joiner = " in "


class NotInLog(DomainError):
    """The log has no such entry, tile or bundle (yet)."""

    code = "not_found"
    status = 404


class NotYetPublished(DomainError):
    """No checkpoint covers the entry yet; one will within a second."""

    code = "not_yet_published"
    status = 404


def log_of(*, organisation: Organisation, system: AISystem | None = None) -> Log | None:
    """The log of a system, or the organisation's own; None before the first entry."""
    logs = Log.objects.filter(organisation=organisation, system=system)
    return logs.select_related("organisation", "system").first()


def logs(*, organisation: Organisation) -> QuerySet[Log]:
    """Every log of the organisation, its own first, with head and published size."""
    found = Log.objects.filter(organisation=organisation)
    return found.select_related("organisation", "system", "head", "published").order_by("-system_id", "pk")


def by_path(*, organisation_slug: str, slug: str) -> Log | None:
    """The log whose address is ``/log/<organisation>/<slug>``."""
    which = Q(system__isnull=True) if slug == ORGANISATION_SLUG else Q(system__slug=slug)
    found = Log.objects.filter(which, organisation__slug=organisation_slug)
    return found.select_related("organisation", "system").first()


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
    """The first `width` hashes of a tile, cut from the full tile or from the log's edge; raises NotInLog.

    The head is read before the tile: whatever was full then is stored as a tile by now.
    """
    if width < TILE_WIDTH:
        head = Head.objects.get(log=log)
        if width <= tiles.tile_width(level, n, head.size) < TILE_WIDTH:
            return merkle.Frontier.from_bytes(bytes(head.edge)).partial(level)[: width * HASH_BYTES]
    found = _full_tile(log, level, n)
    if found is None:
        raise NotInLog(_("The log has no such tile."))
    return found[: width * HASH_BYTES]


def _full_tile(log: Log, level: int, n: int) -> bytes | None:
    """In plain SQL: tiles are the most read of all, and composing the query would take longer than answering it."""
    if n > MAX_INDEX:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hashes FROM audits_tile WHERE log_id = %s AND level = %s AND n = %s", [log.pk, level, n]
        )
        row = cursor.fetchone()
    return bytes(row[0]) if row else None


def bundle(*, log: Log, n: int, width: int = TILE_WIDTH) -> bytes:
    """The first `width` entries under tile `n` of level 0, each after its length; raises NotInLog."""
    first = n * TILE_WIDTH
    found = entries(log=log, start=first, stop=first + width)
    if len(found) < width:
        raise NotInLog(_("The log has no such entries."))
    return tiles.encode_bundle(found)


# Checkpoints and receipts


def latest_checkpoint(*, log: Log) -> Checkpoint | None:
    """The latest published checkpoint; None until the first second of a log's life is over."""
    return Checkpoint.objects.filter(log=log).order_by("-size").first()


def published_size(*, log: Log) -> int:
    """How many entries the latest checkpoint covers."""
    checkpoint = latest_checkpoint(log=log)
    return checkpoint.size if checkpoint else 0


def receipt(*, log: Log, index: int) -> str:
    """The receipt of an entry (`.tlog-proof`), under the latest checkpoint. Raises NotInLog or NotYetPublished."""
    checkpoint = latest_checkpoint(log=log)
    if checkpoint is None or index >= checkpoint.size:
        if not 0 <= index < size(log=log):
            raise NotInLog(_("The log has no entry %d.") % index)
        raise NotYetPublished(_("The entry is in the log; its sealed state follows within a second."))
    reader = tiles.TileReader(checkpoint.size, tile_fetcher(log))
    path = merkle.inclusion_proof(index, checkpoint.size, reader)
    return proofs.Receipt(index, tuple(path), checkpoint.note).text()


def tile_fetcher(log: Log) -> "functools.partial[bytes]":
    """`tile` as the SDK's TileReader wants it: called with level, n and width."""
    return functools.partial(_fetch, log)


def _fetch(log: Log, level: int, n: int, width: int) -> bytes:
    return tile(log=log, level=level, n=n, width=width)


def vkeys(*, log: Log) -> tuple[str, ...]:
    """The log's verifier keys: Ed25519, then ML-DSA-44."""
    return keys.vkeys(log.origin)


def policy_file(*, log: Log, url: str) -> str:
    """The C2SP tlog-policy of one log, for auditors' tools. The ML-DSA key stands in a comment."""
    ed25519, ml_dsa = vkeys(log=log)
    return f"# also signed by {ml_dsa}\n{trust.for_log([ed25519], url).text()}"


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
    """The sealed facts of an event: for each its value and salt. Empty if it has none; raises Erased."""
    found = SealedFacts.objects.filter(log=log, index=index).select_related("data_key").first()
    if found is None:
        return {}
    plain = sealing.decrypt(
        found.data_key, bytes(found.blob), bound_to=entries_of_events.binding(log.origin, index)
    )
    return dict(entries_of_events.parse(plain))
