"""Proposals on the organisation's dashboard and on a system's page."""

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _

from councils.deliberation import selectors as deliberation
from councils.deliberation import stages
from councils.deliberation.models import Proposal
from governance.access import selectors as access
from governance.organisations.models import Organisation, Person
from governance.organisations.panels import Panel, Row
from governance.systems.models import AISystem

RECENT = 5


def panels(
    *, organisation: Organisation, person: Person, system: AISystem | None, at: dt.datetime
) -> list[Panel]:
    """The latest proposals, of the organisation or about the system."""
    if not access.may(person=person, permission="view_governed", organisation=organisation):
        return []
    found = deliberation.search(organisation=organisation, system=system.slug if system else "")
    return [
        Panel(
            slug="proposals",
            heading=_("What councils decide"),
            intro=_("The latest proposals."),
            rows=tuple(_row(proposal) for proposal in found[:RECENT]),
            empty=_("Proposals appear here as soon as somebody puts one forward."),
            more_url=reverse("proposals"),
            more=_("All proposals"),
        )
    ]


def _row(proposal: Proposal) -> Row:
    return Row(
        title=proposal.title,
        url=reverse("results" if proposal.is_counted else "proposal", args=[proposal.pk]),
        note=_("proposal %d") % proposal.pk,
        kind=stages.KINDS[Proposal.State(proposal.state)],
        status=str(proposal.get_state_display()),
        at=proposal.ended_at or proposal.closed_at or proposal.voting_opened_at or proposal.created_at,
    )
