"""Councils: chartered, deliberating, voting, and the wait until what was voted takes effect.

Members act through the services, as the pages let people act. Opening, closing, counting and enacting is left to the
scheduler: the demo only waits for it.
"""

import math
import time
from collections.abc import Sequence

import numpy as np
from django.utils import timezone

from councils.deliberation import services as deliberation
from councils.deliberation.models import Proposal
from councils.membership import services as membership
from councils.membership.models import Council
from councils.voting import services as voting
from demo import cast
from demo.journal import Journal
from demo.scenario import CouncilPlan, Scenario, points
from governance import trail
from governance.organisations.models import Organisation, Person

DELIBERATION_SECONDS = 2
VOTING_SECONDS = 10
TIMELOCK_SECONDS = 1
OPEN_SECONDS = 30 * 24 * 3600
PATIENCE_SECONDS = 300.0
HOW = (
    "Give each edge the points your community wants it to have; the proportional tally of all ballots becomes the "
    "policy. The points below are only a suggestion."
)
FIRST_VOTE = "The weights in force were set without a vote. " + HOW
REVIEW = "A first vote has set the weights in force; members may now have seen what followed from it. " + HOW


@trail.act()
def convene(
    scenario: Scenario,
    plan: CouncilPlan,
    *,
    voting_seconds: int = VOTING_SECONDS,
    summary: str = FIRST_VOTE,
) -> Proposal:
    """The council with its members seated, and its proposal in deliberation; what exists is not made again."""
    found = Proposal.objects.filter(
        council__organisation__slug=scenario.organisation, council__slug=plan.slug
    ).first()
    if found is not None:
        return found
    chair = Person.objects.get(username=cast.username(scenario, "chair"))
    system = cast.system_of(scenario, scenario.edge_aware)
    council = membership.charter(
        organisation=Organisation.objects.get(slug=scenario.organisation),
        slug=plan.slug,
        name=plan.name,
        mandate=plan.mandate,
        systems=[system],
        constituencies={name: len(scenario.ballots[name]) for name in plan.constituencies},
        context=plan.context,
        deliberation_seconds=DELIBERATION_SECONDS,
        voting_seconds=voting_seconds,
        timelock_seconds=TIMELOCK_SECONDS,
        by=chair,
        at=timezone.now(),
    )
    _seat(scenario, council, chair)
    proposal = deliberation.propose(
        council=council,
        system=system,
        title=plan.title,
        summary=summary,
        suggestion=suggestion(scenario),
        by=chair,
        at=timezone.now(),
    )
    return deliberation.open_deliberation(proposal=proposal, by=chair, at=timezone.now())


def _seat(scenario: Scenario, council: Council, chair: Person) -> None:
    for constituency in council.constituencies.order_by("position"):
        for number in range(cast.FIRST, constituency.seats + cast.FIRST):
            person = cast.member(scenario, constituency.name, number)
            membership.seat(constituency=constituency, person=person, by=chair, at=timezone.now())


def suggestion(scenario: Scenario) -> dict[str, int]:
    """As nearly the same points for every edge as steps of five allow."""
    return points(np.ones(len(scenario.edges)), scenario.edge_slugs)


def deliberate(scenario: Scenario, plan: CouncilPlan, proposal: Proposal) -> None:
    """Members give the scenario's reasons, one after the other, and one answers another."""
    first = None
    for number, (edge, text) in enumerate(scenario.reasons):
        constituency = plan.constituencies[number % len(plan.constituencies)]
        author = cast.member(scenario, constituency, cast.FIRST)
        reason = deliberation.add_reason(
            proposal=proposal, text=text, edge=edge, by=author, at=timezone.now()
        )
        first = first or reason
    answering = cast.member(scenario, plan.constituencies[-1], cast.FIRST + 1)
    deliberation.add_reason(
        proposal=proposal,
        text="Agreed. Ballots will show how far our groups are apart.",
        parent=first,
        by=answering,
        at=timezone.now(),
    )


def vote(scenario: Scenario, plan: CouncilPlan, proposal: Proposal) -> int:
    """Every member casts the ballot the scenario gives them; on a slow machine, those who make it in time."""
    cast_now = 0
    for constituency in plan.constituencies:
        for number, allocation in enumerate(scenario.ballots[constituency], cast.FIRST):
            person = cast.member(scenario, constituency, number)
            try:
                voting.cast(
                    proposal=proposal,
                    person=person,
                    points=allocation,
                    stance="agree",
                    by=person,
                    at=timezone.now(),
                )
            except voting.VotingClosed:
                return cast_now
            cast_now += 1
    return cast_now


def wait_for(proposals: Sequence[Proposal], *states: str) -> None:
    """Until the scheduler has brought every proposal into one of ``states``."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for proposal in proposals:
            proposal.refresh_from_db()
        if all(proposal.state in states for proposal in proposals):
            return
        time.sleep(0.1)
    stood = ", ".join(f"{proposal.pk} stands at “{proposal.state}”" for proposal in proposals)
    raise SystemExit(f"The scheduler did not move the proposals on: {stood}. Do worker and beat run?")


def voting_seconds(founding: float) -> int:
    """How long votes stay open: seconds, but long enough for all ballots where founding the cast was slow, too."""
    return max(VOTING_SECONDS, math.ceil(4 * founding))


def hold(
    scenario: Scenario,
    plans: Sequence[CouncilPlan],
    journal: Journal,
    *,
    voting_seconds: int = VOTING_SECONDS,
) -> dict[str, int]:
    """A vote in each council, side by side, from charter to enactment. Returns policy versions by proposal."""
    proposals = [convene(scenario, plan, voting_seconds=voting_seconds) for plan in plans]
    state = Proposal.State
    open_or_past = [state.VOTING, state.EXTENDED, state.PASSED, state.ENACTED]
    for plan, proposal in zip(plans, proposals, strict=True):
        if proposal.state == state.DELIBERATION:
            deliberate(scenario, plan, proposal)
    wait_for(proposals, *open_or_past)
    ballots = sum(
        vote(scenario, plan, proposal)
        for plan, proposal in zip(plans, proposals, strict=True)
        if proposal.state == state.VOTING
    )
    journal.say(f"  {ballots} ballots cast; now the deadline, the count and the waiting period")
    wait_for(proposals, state.ENACTED, state.REJECTED, state.EXPIRED)
    refused = [proposal.title for proposal in proposals if proposal.state != state.ENACTED]
    if refused:
        raise SystemExit(f"Not enacted: {', '.join(refused)}.")
    return {str(p.pk): p.policy.version for p in proposals if p.policy is not None}


def leave_open(scenario: Scenario) -> Proposal:
    """A further vote, open for a month, for whoever signs in after ``make run``."""
    plan = CouncilPlan(
        slug=f"{scenario.council.slug}-review",
        name=f"{scenario.council.name}: review",
        mandate="Reviews the weights after the first vote, with the same groups and seats.",
        title="Review of the weights: your turn",
        constituencies=scenario.council.constituencies,
    )
    proposal = convene(scenario, plan, voting_seconds=OPEN_SECONDS, summary=REVIEW)
    if proposal.state == Proposal.State.DELIBERATION:
        wait_for([proposal], Proposal.State.VOTING)
    return proposal
