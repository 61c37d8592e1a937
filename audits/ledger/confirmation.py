"""Outside confirmation: which checkpoints witnesses have cosigned, and which one is served.

Where the operator states a quorum, a new checkpoint gets a short while to be confirmed before it is served without. The
checkpoints that may be served only become more, so what a reader sees never goes back.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, QuerySet
from edgewise.notes import VerifierKey
from prometheus_client.core import GaugeMetricFamily

from audits.ledger import witness_client, witnesses
from audits.ledger.models import Checkpoint, Contact, Cosignature, Log
from audits.ledger.witnesses import Witness

GRACE = dt.timedelta(seconds=2)
LOOK_BACK = 32


def served(*, log: Log, at: dt.datetime) -> Checkpoint | None:
    """The latest checkpoint that is confirmed or has waited long enough; None in the first second of a log's life."""
    found = list(_latest(log)[: LOOK_BACK if _asks_for_quorum() else 1])
    reached = _reached(found)
    for checkpoint in found:
        if checkpoint.size in reached or at - checkpoint.signed_at >= GRACE:
            return checkpoint
    return found[-1] if found else None


def best(*, log: Log, covering: int) -> Checkpoint | None:
    """The latest confirmed checkpoint that covers entry `covering`, else the latest; None if none covers it."""
    found = list(_latest(log).filter(size__gt=covering)[: LOOK_BACK if _asks_for_quorum() else 1])
    reached = _reached(found)
    return next((each for each in found if each.size in reached), found[0] if found else None)


def note(checkpoint: Checkpoint) -> str:
    """The signed note with the cosignatures that have come in, those of the witnesses listed now."""
    if not witnesses.policy().witnesses:
        return checkpoint.note
    return checkpoint.note + "".join(row.line for row in _cosignatures(checkpoint.log_id, [checkpoint.size]))


def _latest(log: Log) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(log=log).order_by("-size")


def _asks_for_quorum() -> bool:
    return not witnesses.policy().reached(())


def _reached(found: list[Checkpoint]) -> set[int]:
    """The sizes of those checkpoints whose cosignatures make up the quorum."""
    sizes = [each.size for each in found]
    if not _asks_for_quorum() or not found:
        return set(sizes)
    named = {witnesses.key_name(key): key for key in witnesses.policy().witnesses.values()}
    keys: dict[int, list[VerifierKey]] = {size: [] for size in sizes}
    for row in _cosignatures(found[0].log_id, sizes):
        keys[row.size].append(named[row.key])
    return {size for size in sizes if witnesses.policy().reached(keys[size])}


def _cosignatures(log_id: int, sizes: Iterable[int]) -> QuerySet[Cosignature]:
    listed = [witnesses.key_name(key) for key in witnesses.policy().witnesses.values()]
    return Cosignature.objects.filter(log_id=log_id, size__in=sizes, key__in=listed).order_by("key")


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
