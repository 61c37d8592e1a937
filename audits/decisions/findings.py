"""Findings: what did not follow the policy, who answers for it, by when."""

import datetime as dt
import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from audits.decisions.judging import Judged
from audits.decisions.models import Finding
from audits.ledger import sealing
from audits.ledger import selectors as ledger
from governance import trail
from governance.errors import DomainError
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem

ANSWER_WITHIN = dt.timedelta(days=14)


class AnswerMissing(DomainError):
    """A finding is closed with an answer that says what was done."""

    code = "answer_missing"


class FindingClosed(DomainError):
    code = "finding_closed"
    status = 409


def raise_for(*, system: AISystem, judged: Judged, at: dt.datetime) -> None:
    """Opens a finding for each verdict given, or adds to the open one. Part of the assessment's act."""
    places: dict[str, list[int]] = {}
    for row, names in enumerate(judged.verdicts):
        for name in names:
            places.setdefault(name, []).append(int(judged.table.index[row]))
    for verdict, indexes in sorted(places.items()):
        _raise(system, verdict, indexes, at)


def _raise(system: AISystem, verdict: str, indexes: list[int], at: dt.datetime) -> None:
    standing = Finding.objects.select_for_update().filter(system=system, verdict=verdict)
    found = standing.exclude(state=Finding.State.CLOSED).first()
    if found is not None:
        found.decisions, found.last_index = found.decisions + len(indexes), indexes[-1]
        found.save(update_fields=["decisions", "last_index"])
        return
    due = (at + ANSWER_WITHIN).date()
    finding = Finding.objects.create(
        system=system, verdict=verdict, owner=system.accountable_officer, due_on=due, decisions=len(indexes),
        first_index=indexes[0], last_index=indexes[-1], opened_at=at,
    )  # fmt: skip
    _tell(
        "finding.opened",
        finding,
        None,
        at,
        decisions=len(indexes),
        first_entry=indexes[0],
        due=due.isoformat(),
    )


@trail.act()
def assign(*, finding: Finding, owner: Person, due_on: dt.date, by: Person, at: dt.datetime) -> Finding:
    """Names who answers for an open finding, and by when."""
    standing = _open(finding)
    standing.owner, standing.due_on, standing.state = owner, due_on, Finding.State.IN_REVIEW
    standing.save(update_fields=["owner", "due_on", "state"])
    _tell("finding.assigned", standing, by, at, owner=trail.actor_name(owner), due=due_on.isoformat())
    return standing


@trail.act()
def close(*, finding: Finding, answer: str, by: Person, at: dt.datetime) -> Finding:
    """Closes a finding with an answer; further decisions with the verdict open a new one."""
    standing = _open(finding)
    if not answer.strip():
        raise AnswerMissing(_("Say what was found and what was done."), field="answer")
    standing.state, standing.closed_at, standing.answer = Finding.State.CLOSED, at, answer.strip()
    standing.save(update_fields=["state", "closed_at", "answer"])
    _tell(
        "finding.closed", standing, by, at, sealed={"answer": standing.answer}, decisions=standing.decisions
    )
    return standing


def naming(*, organisation: Organisation, text: str) -> list[int]:
    """Findings whose answer has ``text`` in it as words of its own: a short reference stands in many longer words."""
    found = Finding.objects.filter(system__organisation=organisation, answer__contains=text)
    word = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    return [
        number for number, answer in found.order_by("pk").values_list("pk", "answer") if word.search(answer)
    ]


def closed(*, organisation: Organisation, numbers: Sequence[int]) -> list[tuple[int, dt.datetime]]:
    """Each of these findings with the moment it was closed: what tells them from others with the same number."""
    found = Finding.objects.filter(system__organisation=organisation, pk__in=numbers, closed_at__isnull=False)
    return [
        (number, at) for number, at in found.order_by("pk").values_list("pk", "closed_at") if at is not None
    ]


def still_answered(*, organisation: Organisation, answers: Sequence[tuple[int, dt.datetime]]) -> list[int]:
    """Which of these findings, as ``closed`` names them, are here with their answer."""
    found = Finding.objects.filter(
        system__organisation=organisation, pk__in=[number for number, _at in answers]
    )
    here = found.exclude(answer=_erased()).values_list("pk", "closed_at")
    return sorted({number for number, _at in set(here) & set(answers)})


def empty(*, organisation: Organisation, numbers: Sequence[int]) -> None:
    """Part of an erasure's act: destroys these findings' answers, and what the log's entries seal of them."""
    found = Finding.objects.filter(system__organisation=organisation, pk__in=numbers)
    for finding in found.select_related("system"):
        finding.answer = _erased()
        finding.save(update_fields=["answer"])
        events = ledger.events(
            organisation=organisation,
            system=finding.system,
            type="finding.closed",
            subject=f"finding:{finding.pk}",
        )
        sealing.forget(events=events)


def _erased() -> str:
    """What stands in place of an answer."""
    return _("Erased, with the personal data of somebody it named.")


def _open(finding: Finding) -> Finding:
    standing = (
        Finding.objects.select_for_update(of=("self",))
        .select_related("system__organisation")
        .get(pk=finding.pk)
    )
    if standing.state == Finding.State.CLOSED:
        raise FindingClosed(_("This finding is closed; further cases open a new one."))
    return standing


def _tell(
    event: str,
    finding: Finding,
    by: Person | None,
    at: dt.datetime,
    *,
    sealed: dict[str, str] | None = None,
    **facts: object,
) -> None:
    trail.record(
        event,
        organisation=finding.system.organisation,
        system=finding.system,
        by=by,
        at=at,
        subject=f"finding:{finding.pk}",
        sealed=sealed,
        verdict=finding.verdict,
        **facts,
    )
