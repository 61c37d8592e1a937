"""Ballots and steps at the same time, with real commits: nothing lost, nothing counted twice."""

import threading
from functools import partial

import pytest
from django.db import connections

from councils.deliberation.models import Proposal
from councils.voting import lifecycle, selectors
from councils.voting.models import Ballot, Elector
from governance.errors import DomainError
from governance.organisations import services as organisations
from tests.unit.councils import stage
from tests.unit.councils.stage import AT, HOUR, after, vote


def at_once(*acts):
    """Runs the acts in threads that start together; returns the refusals and errors."""
    barrier, problems = threading.Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait()
            act()
        except Exception as problem:  # noqa: BLE001 - handed to the test
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return problems


@pytest.fixture
def open_vote(fresh_database, request):
    """A proposal in voting in a database that is really committed to, its events in the real log."""
    place = organisations.found(slug="north", name="North", at=AT)
    chair = stage.person(place, "chair", "chair")
    council = stage.charter(
        place, stage.governed_system(place), chair, secrecy=request.param, extension_seconds=0
    )
    members = stage.fill_seats(council)
    return stage.in_voting(council, chair), [member for group in members.values() for member in group]


both = pytest.mark.parametrize("open_vote", ["open", "secret"], indirect=True)


@both
def test_a_double_post_counts_once(open_vote):
    proposal, members = open_vote
    member = members[0]
    problems = at_once(*[lambda: vote(proposal, member) for _ in range(4)])
    assert problems == []
    assert Ballot.objects.count() == 1
    assert Elector.objects.filter(voted=True).count() == 1


@both
def test_in_the_closing_moment_every_acknowledged_ballot_is_counted(open_vote):
    """Members vote while the scheduler closes: each is told it counted and it did, or that voting has closed."""
    proposal, members = open_vote
    told = []

    def cast(member):
        vote(proposal, member)
        told.append(member.pk)

    casts = [lambda member=member: cast(member) for member in members]
    problems = at_once(*casts, lambda: lifecycle.close(proposal=proposal, at=after(2 * HOUR)))
    assert all(isinstance(problem, DomainError) and problem.code == "voting_closed" for problem in problems)
    tally = selectors.tally_of(proposal=proposal)
    assert tally.result["total"]["voted"] == len(told) == len(members) - len(problems)


@pytest.mark.parametrize("open_vote", ["open"], indirect=True)
def test_many_schedulers_take_every_step_once(open_vote):
    proposal, members = open_vote
    for member in members:
        vote(proposal, member)
    for hours in (2, 3):
        problems = at_once(*[partial(lifecycle.keep_deadlines, at=after(hours * HOUR)) for _ in range(3)])
        assert problems == []
    assert Proposal.objects.get().state == "enacted"
    assert proposal.system.policies.count() == 2
