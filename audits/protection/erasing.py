"""Erasing a data subject; each step is an entry in the organisation's log.

An erasure runs as a job. A hold beats it (`holding`): what is held waits, and runs when the hold is lifted.
"""

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from audits.decisions import findings
from audits.ledger.models import DataKey
from audits.protection import destroying, erasure_list, selectors, subjects
from audits.protection.models import Erasure
from audits.reports import erasing as documents
from governance import trail
from governance.errors import DomainError
from governance.jobs import services as jobs
from governance.organisations.models import Organisation, Person

TASK = "protection.erase"
ANSWER_WITHIN = dt.timedelta(days=30)


class ErasureOpen(DomainError):
    code = "erasure_open"
    status = 409


@trail.act()
def request(*, organisation: Organisation, reference: str, by: Person | None, at: dt.datetime) -> Erasure:
    """Asks that everything about the subject ``reference`` be destroyed; a worker does it, unless a hold stands.

    Raises ErasureOpen, and as ``subjects.standing_key`` SubjectMissing, SubjectUnknown and AlreadyErased.
    """
    pseudonym = bytes(subjects.standing_key(organisation=organisation, reference=reference).pseudonym)
    subjects.take_turn(organisation)
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
    go_on(erasure=erasure, at=at)
    return erasure


def go_on(*, erasure: Erasure, at: dt.datetime) -> None:
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
        go_on(erasure=standing, at=at)


def execute(*, erasure: Erasure, at: dt.datetime) -> Erasure:
    """Destroys all that is kept about the subject, in one transaction; does nothing if it is done, or held by now.

    What takes time is done before anything is locked (finding the records, assessing what still waits), or at least
    before logging has to wait (emptying what was found).
    """
    organisation = erasure.organisation
    key = DataKey.objects.select_related("organisation").get(
        organisation=organisation, pseudonym=bytes(erasure.pseudonym)
    )
    known = destroying.known(key=key, at=at)
    with trail.act():
        subjects.take_turn(organisation)
        standing = (
            Erasure.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=erasure.pk)
        )
        if standing.state != Erasure.State.REQUESTED:
            return standing
        if selectors.is_held(organisation=organisation, pseudonym=bytes(key.pseudonym)):
            go_on(erasure=standing, at=at)
            return standing
        standing.records = destroying.destroy(key=key, known=known, subject=f"erasure:{standing.pk}", at=at)
        findings.empty(organisation=organisation, numbers=standing.findings)
        standing.state, standing.executed_at = Erasure.State.EXECUTED, at
        standing.save(update_fields=["state", "executed_at", "records"])
        _tell("erasure.executed", standing, None, at, records=standing.records, answers=standing.findings)
        erasure_list.add(Path(settings.EDGEWISE_ERASURE_LIST), line_of(standing))
    documents.remove_files()
    return standing


def line_of(erasure: Erasure) -> erasure_list.Erased:
    """What the erasure list says of an executed erasure."""
    organisation = erasure.organisation
    assert erasure.executed_at is not None
    answers = findings.closed(organisation=organisation, numbers=erasure.findings)
    return erasure_list.Erased(
        erasure.executed_at, organisation.slug, bytes(erasure.pseudonym), tuple(answers)
    )


def replay(*, erased: erasure_list.Erased, at: dt.datetime) -> int | None:
    """Erases again, in a restored database, what the erasure list says was erased; None if nothing was left of it."""
    organisation = Organisation.objects.filter(slug=erased.organisation).first()
    if organisation is None:
        return None
    key = (
        DataKey.objects.filter(organisation=organisation, pseudonym=erased.pseudonym, wrapped__isnull=False)
        .select_related("organisation")
        .first()
    )
    known = destroying.known(key=key, at=at) if key is not None else []
    with trail.act():
        subjects.take_turn(organisation)
        answered = findings.still_answered(organisation=organisation, answers=erased.answers)
        if key is None and not answered:
            return None
        findings.empty(organisation=organisation, numbers=answered)
        records = 0
        if key is not None:
            records = destroying.destroy(key=key, known=known, subject="erasure:restored", at=at)
            _close_open(organisation, erased, records)
        trail.record(
            "erasure.replayed",
            organisation=organisation,
            by=None,
            at=at,
            subject="erasure:restored",
            records=records,
            first_executed=erased.at.isoformat(),
        )
    documents.remove_files()
    return records


def _close_open(organisation: Organisation, erased: erasure_list.Erased, records: int) -> None:
    """An erasure that the restored database still waits with is done."""
    again = Erasure.objects.filter(organisation=organisation, pseudonym=erased.pseudonym)
    for erasure in again.exclude(state=Erasure.State.EXECUTED):
        findings.empty(organisation=organisation, numbers=erasure.findings)
        erasure.state, erasure.executed_at, erasure.records = Erasure.State.EXECUTED, erased.at, records
        erasure.save(update_fields=["state", "executed_at", "records"])


def _tell(event: str, erasure: Erasure, by: Person | None, at: dt.datetime, **facts: Any) -> None:
    trail.record(
        event, organisation=erasure.organisation, by=by, at=at, subject=f"erasure:{erasure.pk}", **facts
    )
