"""Erasing a data subject, and legal holds; each step is an entry in the organisation's log.

An erasure runs as a job. A hold beats it: what is held waits, and runs when the hold is lifted.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from audits.decisions import assessing, erasing, findings
from audits.ledger import sealing
from audits.ledger import selectors as ledger
from audits.ledger.models import DataKey
from audits.protection import erasure_list, selectors
from audits.protection.models import Erasure, Hold, Retention
from audits.reports import erasing as documents
from governance import trail
from governance.errors import DomainError
from governance.jobs import services as jobs
from governance.organisations.models import Organisation, Person
from governance.systems import selectors as systems
from governance.systems.models import AISystem

TASK = "protection.erase"
ANSWER_WITHIN = dt.timedelta(days=30)
RANGES_PER_ENTRY = 2_000


class SubjectMissing(DomainError):
    code = "subject_missing"


class SubjectUnknown(DomainError):
    """Nothing is kept under this reference."""

    code = "subject_unknown"
    status = 404


class AlreadyErased(DomainError):
    code = "already_erased"
    status = 409


class ErasureOpen(DomainError):
    code = "erasure_open"
    status = 409


class AlreadyHeld(DomainError):
    code = "already_held"
    status = 409


class HoldLifted(DomainError):
    code = "hold_lifted"
    status = 409


class ReasonMissing(DomainError):
    code = "reason_missing"


@trail.act()
def request(*, organisation: Organisation, reference: str, by: Person | None, at: dt.datetime) -> Erasure:
    """Asks that everything about the subject ``reference`` be destroyed; a worker does it, unless a hold stands."""
    key = _key(organisation, reference)
    if key.wrapped is None:
        raise AlreadyErased(_("This subject's data are erased already."), field="reference")
    pseudonym = bytes(key.pseudonym)
    _take_turn(organisation)
    if Erasure.objects.filter(organisation=organisation, pseudonym=pseudonym).exclude(
        state=Erasure.State.EXECUTED
    ):
        raise ErasureOpen(_("The erasure of this subject is asked for already."), field="reference")
    erasure = Erasure.objects.create(
        organisation=organisation,
        pseudonym=pseudonym,
        findings=findings.naming(organisation=organisation, text=reference),
        requested_by=by,
        requested_at=at,
        due_on=(at + ANSWER_WITHIN).date(),
    )
    _tell("erasure.requested", erasure, by, at, due=erasure.due_on.isoformat())
    _continue(erasure, at)
    return erasure


def _key(organisation: Organisation, reference: str) -> DataKey:
    """The subject's data key, destroyed or not."""
    if not reference.strip():
        raise SubjectMissing(_("Name the subject as the model does, in `subject.ref`."), field="reference")
    found = sealing.find(organisation=organisation, reference=sealing.of_subject(reference))
    if found is None:
        raise SubjectUnknown(
            _("Nothing is kept under this reference. Write it exactly as the model does, in `subject.ref`."),
            field="reference",
        )
    return found


def _take_turn(organisation: Organisation) -> None:
    """Holds and erasures of an organisation are decided one after the other."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)


def _continue(erasure: Erasure, at: dt.datetime) -> None:
    """To the worker, or into waiting while a hold stands."""
    if selectors.is_held(organisation=erasure.organisation, pseudonym=bytes(erasure.pseudonym)):
        erasure.state, erasure.job = Erasure.State.HELD, None
        _tell("erasure.held", erasure, None, at)
    else:
        erasure.state = Erasure.State.REQUESTED
        arguments = {"erasure": erasure.pk}
        erasure.job = jobs.enqueue(task=TASK, arguments=arguments, organisation=erasure.organisation, at=at)
    erasure.save(update_fields=["state", "job"])


@trail.act()
def resume(*, erasure: Erasure, at: dt.datetime) -> None:
    """Takes up an erasure whose job failed or was lost."""
    standing = (
        Erasure.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=erasure.pk)
    )
    if standing.state == Erasure.State.REQUESTED:
        _continue(standing, at)


@trail.act()
def place_hold(
    *, organisation: Organisation, reference: str, reason: str, by: Person, at: dt.datetime
) -> Hold:
    """Keeps a subject's data from erasure and expiry until the hold is lifted."""
    if not reason.strip():
        raise ReasonMissing(_("Say why these data have to be kept."), field="reason")
    key = _key(organisation, reference)
    if key.wrapped is None:
        raise AlreadyErased(_("This subject's data are erased already."), field="reference")
    pseudonym = bytes(key.pseudonym)
    _take_turn(organisation)
    if selectors.is_held(organisation=organisation, pseudonym=pseudonym):
        raise AlreadyHeld(_("A hold on this subject's data stands already."), field="reference")
    hold = Hold.objects.create(organisation=organisation, pseudonym=pseudonym, placed_by=by, placed_at=at)
    _tell_hold("legal_hold.placed", hold, by, at, reason.strip())
    for erasure in _open_erasures(hold, Erasure.State.REQUESTED):
        _continue(erasure, at)
    return hold


@trail.act()
def lift_hold(*, hold: Hold, reason: str, by: Person, at: dt.datetime) -> Hold:
    """Ends a hold; an erasure that waited for it goes to the worker."""
    if not reason.strip():
        raise ReasonMissing(_("Say why these data need not be kept any longer."), field="reason")
    _take_turn(hold.organisation)
    standing = Hold.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=hold.pk)
    if standing.lifted_at is not None:
        raise HoldLifted(_("This hold was lifted already."))
    standing.lifted_by, standing.lifted_at = by, at
    standing.save(update_fields=["lifted_by", "lifted_at"])
    _tell_hold("legal_hold.lifted", standing, by, at, reason.strip())
    Retention.objects.filter(system__organisation=standing.organisation).update(expired_to=0)
    for erasure in _open_erasures(standing, Erasure.State.HELD):
        _continue(erasure, at)
    return standing


def _open_erasures(hold: Hold, state: Erasure.State) -> list[Erasure]:
    found = Erasure.objects.filter(
        organisation=hold.organisation, pseudonym=bytes(hold.pseudonym), state=state
    )
    return list(found.select_related("organisation"))


def execute(*, erasure: Erasure, at: dt.datetime) -> Erasure:
    """Destroys all that is kept about the subject, in one transaction; does nothing if it is done, or held by now.

    What takes time (finding the records, assessing what still waits) is done before anything is locked.
    """
    organisation = erasure.organisation
    key = DataKey.objects.get(organisation=organisation, pseudonym=bytes(erasure.pseudonym))
    known = _known(organisation, key, at)
    with trail.act():
        _take_turn(organisation)
        standing = (
            Erasure.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=erasure.pk)
        )
        if standing.state != Erasure.State.REQUESTED:
            return standing
        if selectors.is_held(organisation=organisation, pseudonym=bytes(key.pseudonym)):
            _continue(standing, at)
            return standing
        standing.records = _destroy(key, known, f"erasure:{standing.pk}", at)
        findings.empty(organisation=organisation, numbers=standing.findings)
        standing.state, standing.executed_at = Erasure.State.EXECUTED, at
        standing.save(update_fields=["state", "executed_at", "records"])
        _tell("erasure.executed", standing, None, at, records=standing.records)
        line = erasure_list.Erased(at, organisation.slug, bytes(key.pseudonym))
        erasure_list.add(Path(settings.EDGEWISE_ERASURE_LIST), line)
    documents.remove_files()
    return standing


def replay(*, erased: erasure_list.Erased, at: dt.datetime) -> int | None:
    """Erases again, in a restored database, what the erasure list says was erased; None if nothing was left of it."""
    key = (
        DataKey.objects.filter(organisation__slug=erased.organisation, pseudonym=erased.pseudonym)
        .select_related("organisation")
        .first()
    )
    if key is None or key.wrapped is None:
        return None
    known = _known(key.organisation, key, at)
    with trail.act():
        _take_turn(key.organisation)
        records = _destroy(key, known, "erasure:restored", at)
        again = Erasure.objects.filter(organisation=key.organisation, pseudonym=erased.pseudonym)
        for erasure in again.exclude(state=Erasure.State.EXECUTED).select_related("organisation"):
            findings.empty(organisation=key.organisation, numbers=erasure.findings)
            erasure.state, erasure.executed_at, erasure.records = Erasure.State.EXECUTED, erased.at, records
            erasure.save(update_fields=["state", "executed_at", "records"])
        trail.record(
            "erasure.replayed",
            organisation=key.organisation,
            by=None,
            at=at,
            subject="erasure:restored",
            records=records,
            first_executed=erased.at.isoformat(),
        )
    documents.remove_files()
    return records


@dataclass(frozen=True)
class _Known:
    """Where a system's records of a subject stood, and how long its log was, when nothing was locked yet."""

    system: AISystem
    size: int
    indexes: list[int]


def _known(organisation: Organisation, key: DataKey, at: dt.datetime) -> list[_Known]:
    found = []
    for system in systems.visible_to(organisation=organisation):
        log = ledger.log_of(organisation=organisation, system=system)
        size = ledger.size(log=log) if log is not None else 0
        indexes = erasing.indexes_under(system=system, key=key)
        if indexes:
            assessing.catch_up(system=system, at=at)
        found.append(_Known(system, size, indexes))
    return found


def _destroy(key: DataKey, known: Sequence[_Known], subject: str, at: dt.datetime) -> int:
    """Destroys the key and all that lay under it; how many records. Nothing more is logged about the subject."""
    erasing.stop_logging(systems=[each.system for each in known])
    sealing.destroy(key=key, at=at)
    records = 0
    for each in known:
        later = erasing.indexes_under(system=each.system, key=key, start=each.size)
        indexes = [index for index in each.indexes if index < each.size] + later
        if indexes:
            erasing.settle(system=each.system, last=indexes[-1], at=at)
            identities = erasing.empty(system=each.system, indexes=indexes)
            documents.erase(organisation=key.organisation, decisions=identities, at=at)
            _tell_system(each.system, indexes, subject, at)
            records += len(indexes)
    return records


def _tell_system(system: AISystem, indexes: Sequence[int], subject: str, at: dt.datetime) -> None:
    """The `erasure` entry: how many records and where they stand, never whose. Very many fill several entries."""
    ranges = list(ranges_of(indexes))
    for first in range(0, len(ranges), RANGES_PER_ENTRY):
        part = ranges[first : first + RANGES_PER_ENTRY]
        count = sum(last - start + 1 for start, last in part)
        trail.record(
            "erasure",
            organisation=system.organisation,
            system=system,
            by=None,
            at=at,
            subject=subject,
            records=count,
            entries=part,
        )


def ranges_of(indexes: Iterable[int]) -> Iterator[list[int]]:
    """Runs of ascending indexes as [first, last]."""
    run: list[int] = []
    for index in indexes:
        if run and index == run[1] + 1:
            run[1] = index
            continue
        if run:
            yield run
        run = [index, index]
    if run:
        yield run


def _tell(event: str, erasure: Erasure, by: Person | None, at: dt.datetime, **facts: Any) -> None:
    trail.record(
        event, organisation=erasure.organisation, by=by, at=at, subject=f"erasure:{erasure.pk}", **facts
    )


def _tell_hold(event: str, hold: Hold, by: Person, at: dt.datetime, reason: str) -> None:
    trail.record(
        event,
        organisation=hold.organisation,
        by=by,
        at=at,
        subject=f"hold:{hold.pk}",
        sealed={"reason": reason},
    )
