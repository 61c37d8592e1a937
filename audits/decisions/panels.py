"""Decisions and findings on the organisation's dashboard and on a system's page."""

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.decisions import selectors
from audits.decisions.models import Finding
from audits.decisions.sentences import VERDICTS
from governance.access import selectors as access
from governance.organisations.models import Organisation, Person
from governance.organisations.panels import Panel, Row
from governance.systems import selectors as systems
from governance.systems.models import AISystem
from governance.templatetags import formats

SHOWN = 5
DAY = dt.timedelta(days=1)


def panels(
    *, organisation: Organisation, person: Person, system: AISystem | None, at: dt.datetime
) -> list[Panel]:
    """Decisions of the last day by system, and findings that need an answer."""
    found = []
    if access.may(person=person, permission="view_decisions", organisation=organisation):
        found.append(_decisions(organisation, system, at))
    if access.may(person=person, permission="view_findings", organisation=organisation):
        found.append(_findings(organisation, system, at))
    return found


def _decisions(organisation: Organisation, system: AISystem | None, at: dt.datetime) -> Panel:
    shown = [system] if system is not None else list(systems.visible_to(organisation=organisation))
    rows = [_row(each, at) for each in shown]
    return Panel(
        slug="decisions",
        heading=_("Decisions"),
        intro=_("Logged in the last 24 hours."),
        rows=tuple(row for row in rows if row is not None),
        empty=_("Decisions appear here as soon as a system posts its first record."),
        more_url=reverse("decides", args=[system.slug]) if system is not None else reverse("decisions"),
        more=_("How it has been deciding") if system is not None else _("Search decisions"),
    )


def _row(system: AISystem, at: dt.datetime) -> Row | None:
    total = selectors.count(system=system)
    if not total:
        return None
    today = selectors.count(system=system, start=at - DAY, end=at + DAY)
    title = ngettext("%(name)s: %(n)s decision", "%(name)s: %(n)s decisions", today)
    return Row(
        title=title % {"name": system.name, "n": formats.number(today)},
        url=f"{reverse('decisions')}?system={system.slug}",
        note=_("%s since it was registered") % formats.number(total),
    )


def _findings(organisation: Organisation, system: AISystem | None, at: dt.datetime) -> Panel:
    found = selectors.findings(organisation=organisation).exclude(state=Finding.State.CLOSED)
    if system is not None:
        found = found.filter(system=system)
    return Panel(
        slug="findings",
        heading=_("Findings"),
        intro=_("Decisions that did not follow the policy; somebody owes an answer."),
        rows=tuple(_finding(each, at) for each in found[:SHOWN]),
        empty=_("No decision has departed from its policy."),
        more_url=reverse("findings"),
        more=_("All findings"),
    )


def _finding(finding: Finding, at: dt.datetime) -> Row:
    overdue = finding.due_on < at.date()
    return Row(
        title=str(VERDICTS[finding.verdict]),
        url=reverse("finding", args=[finding.pk]),
        note=ngettext("%s decision", "%s decisions", finding.decisions) % formats.number(finding.decisions),
        kind="bad" if overdue else "warn",
        status=_("Overdue") if overdue else str(finding.get_state_display()),
    )
