"""Outside confirmation: which checkpoints witnesses have cosigned, and which one is served.

Where the operator states a quorum, a new checkpoint gets a short while to be confirmed before it is served without.
What was served is noted, so that what a reader sees never goes back, whatever the clocks do.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, QuerySet
from edgewise.notes import VerifierKey
from prometheus_client.core import GaugeMetricFamily

from audits.ledger import witness_client, witnesses
from audits.ledger.models import Checkpoint, Contact, Cosignature, Log, Served
from audits.ledger.witnesses import Witness

GRACE = dt.timedelta(seconds=2)
# How often witnesses that confirm different checkpoints are followed back to one that they have in common.
MOST_STEPS = 256


def served(*, log: Log, at: dt.datetime) -> Checkpoint | None:
    """The latest checkpoint that is confirmed or has waited long enough, or that was served before; None in the first
    second of a log's life. ``at`` is by the clock that checkpoints are signed by, the database's.
    """
    if not _asks_for_quorum():
        return _latest(log).first()
    noted = Served.objects.filter(log=log).values_list("size", flat=True).first()
    newer = _latest(log) if noted is None else _latest(log).filter(size__gt=noted)
    waited = newer.filter(signed_at__lte=at - GRACE).values_list("size", flat=True).first()
    known = [size for size in (noted, waited, _confirmed(log)) if size is not None]
    found = _latest(log).filter(size__lte=max(known)).first() if known else _latest(log).last()
    if found and (noted is None or found.size > noted):
        _note_served(log, found.size)
    return found


def best(*, log: Log, covering: int) -> Checkpoint | None:
    """The latest confirmed checkpoint that covers entry `covering`, else the latest; None if none covers it."""
    found = _latest(log).filter(size__gt=covering)
    size = _confirmed(log) if _asks_for_quorum() else None
    return (found.filter(size=size).first() if size is not None else None) or found.first()


def note(checkpoint: Checkpoint) -> str:
    """The signed note with the cosignatures that have come in, those of the witnesses listed now."""
    if not witnesses.policy().witnesses:
        return checkpoint.note
    found = Cosignature.objects.filter(log=checkpoint.log_id, size=checkpoint.size, key__in=_named())
    return checkpoint.note + "".join(row.line for row in found.order_by("key"))


def _latest(log: Log) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(log=log).order_by("-size")


def _note_served(log: Log, size: int) -> None:
    """It only grows, also when two processes serve at once."""
    Served.objects.bulk_create([Served(log=log, size=size)], ignore_conflicts=True)
    Served.objects.filter(log=log, size__lt=size).update(size=size)


def _asks_for_quorum() -> bool:
    return not witnesses.policy().reached(())


def _named() -> dict[str, VerifierKey]:
    """The keys of the witnesses listed now, by their names in the database."""
    return {witnesses.key_name(key): key for key in witnesses.policy().witnesses.values()}


def _confirmed(log: Log) -> int | None:
    """The size of the latest checkpoint whose cosignatures make up the quorum, however many came since.

    Steps down over the sizes at which each witness was last seen: from one to the next at which a quorum may meet.
    """
    named, bound = _named(), None
    for _ in range(MOST_STEPS):
        last = {key: size for name, key in named.items() if (size := _last(log, name, bound)) is not None}
        sizes = sorted(set(last.values()), reverse=True)
        bound = next((size for size in sizes if _reached(key for key in last if last[key] >= size)), None)
        if bound is None or _reached(key for key in last if last[key] == bound):
            return bound
    return None


def _last(log: Log, key: str, bound: int | None) -> int | None:
    """The largest size, at most `bound`, that the key cosigned."""
    rows = Cosignature.objects.filter(log=log, key=key).order_by("-size")
    return (rows if bound is None else rows.filter(size__lte=bound)).values_list("size", flat=True).first()


def _reached(keys: Iterable[VerifierKey]) -> bool:
    return witnesses.policy().reached(set(keys))


# What people and monitoring are told


@dataclass(frozen=True)
class Standing:
    """How far one witness has confirmed one log, and what stands in the way of more."""

    witness: Witness
    size: int | None
    at: dt.datetime | None
    problem: str

    @property
    def alarming(self) -> bool:
        """Whether the witness holds another history than the log."""
        return self.problem in witness_client.ALARMING


def standings(*, log: Log) -> list[Standing]:
    """One line for each witness listed."""
    return [_standing(log, witness) for witness in witnesses.listed()]


def confirmed_size(*, log: Log, witness: Witness) -> int | None:
    """The largest size of the log that the witness cosigned; None if it never did."""
    rows = Cosignature.objects.filter(log=log, key__in=[witnesses.key_name(key) for key in witness.keys])
    return rows.order_by("-size").values_list("size", flat=True).first()


def _standing(log: Log, witness: Witness) -> Standing:
    names = [witnesses.key_name(key) for key in witness.keys]
    last = Cosignature.objects.filter(log=log, key__in=names).order_by("-size").first()
    contact = Contact.objects.filter(log=log, witness=witness.url).first()
    size, at = (last.size, last.cosigned_at) if last else (None, None)
    return Standing(witness, size, at, contact.problem if contact else "")


def waiting(*, witness: Witness) -> list[Checkpoint]:
    """The latest checkpoint of each log whose latest checkpoint this witness has not cosigned."""
    names = [witnesses.key_name(key) for key in witness.keys]
    done = Cosignature.objects.filter(log=OuterRef("log"), size=OuterRef("size"), key__in=names)
    found = Checkpoint.objects.filter(~Exists(done), size=F("log__published__size"))
    return list(found.select_related("log").order_by("log_id"))


def metrics() -> Iterator[GaugeMetricFamily]:
    """For each witness: how many logs wait for its confirmation, and of how many it holds another history."""
    behind = GaugeMetricFamily(
        "edgewise_witness_logs_waiting",
        "Logs whose latest checkpoint waits for the witness",
        labels=["witness"],
    )
    alarms = GaugeMetricFamily(
        "edgewise_witness_contradictions",
        "Logs of which the witness holds another history",
        labels=["witness"],
    )
    for witness in witnesses.listed():
        alarming = Contact.objects.filter(witness=witness.url, problem__in=witness_client.ALARMING)
        behind.add_metric([witness.name], len(waiting(witness=witness)))
        alarms.add_metric([witness.name], alarming.count())
    yield from (behind, alarms)
