"""A council of the town with a proposal open for votes; other members vote through the services."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from councils.deliberation import services as deliberation
from councils.deliberation.models import Proposal
from councils.membership import services as membership
from councils.voting import lifecycle
from councils.voting import services as voting
from governance.organisations.models import Person
from tests.journeys import town
from tests.journeys.town import Town

HOUR = 3600
SEATS = {"Local news": 6, "Youth": 5}
SUGGESTION = {"safety": 40, "privacy": 25, "expression": 35}


@dataclass
class Vote:
    proposal: Proposal
    voters: list[Person]


def open_in(place: Town, *, slug: str, seated: Person) -> Vote:
    """A proposal whose voting has just opened; ``seated`` has a seat for Youth and has not voted."""
    now = timezone.now()
    founded = now - dt.timedelta(seconds=HOUR + 1)
    council = membership.charter(
        organisation=place.organisation,
        slug=slug,
        name=f"{slug.capitalize()} council",
        mandate="Chartered by the town; decides how much each edge counts.",
        systems=[place.system],
        constituencies=SEATS,
        deliberation_seconds=HOUR,
        voting_seconds=HOUR,
        timelock_seconds=1,
        by=place.people["chair"],
        at=founded,
    )
    groups = list(council.constituencies.order_by("position"))
    membership.seat(constituency=groups[1], person=seated, by=place.people["chair"], at=founded)
    voters = []
    for group in groups:
        for number in range(1, group.seats + 1 - (group == groups[1])):
            name = f"Member {number} ({group.name})"
            voter = town.person(
                place.organisation, f"{slug}-{group.position}-{number}", "member", founded, name
            )
            voters.append(membership.seat(constituency=group, person=voter, by=None, at=founded).person)
    proposal = deliberation.propose(
        council=council,
        system=place.system,
        title="Give expression more room",
        summary="Reported satire is limited more often than the council meant. Ten points move from safety.",
        suggestion=SUGGESTION,
        by=place.people["chair"],
        at=founded,
    )
    proposal = deliberation.open_deliberation(proposal=proposal, by=place.people["chair"], at=founded)
    return Vote(lifecycle.open_voting(proposal=proposal, at=now), voters)


def others_vote(vote: Vote) -> None:
    """Everybody else shares the points as suggested, and agrees."""
    for voter in vote.voters:
        voting.cast(
            proposal=vote.proposal,
            person=voter,
            points=SUGGESTION,
            stance="agree",
            by=voter,
            at=timezone.now(),
        )


def bring_the_deadline_forward(vote: Vote) -> None:
    """So that nobody waits an hour; the clock of the live system does the rest."""
    soon = timezone.now() + dt.timedelta(seconds=1)
    Proposal.objects.filter(pk=vote.proposal.pk).update(voting_ends_at=soon)
