"""Casting a ballot: what counts, and each refusal with its stable code."""

import pytest
from django.db import IntegrityError, transaction

from councils.deliberation import services as deliberation
from councils.voting import allocation, lifecycle, selectors
from councils.voting import services as voting
from councils.voting.models import Ballot, BallotDraft, Elector
from governance.errors import DomainError
from tests.unit.councils import stage
from tests.unit.councils.stage import AT, EDGES, HOUR, after, vote

GOOD = {"safety": 50, "privacy": 30, "expression": 20}


def cast(proposal, person, points=GOOD, *, at=None, stance="agree", reason=""):
    return voting.cast(
        proposal=proposal,
        person=person,
        points=points,
        stance=stance,
        reason=reason,
        by=person,
        at=at or after(HOUR),
    )


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ({**GOOD, "expression": 19}, "points_do_not_sum_to_100"),
        ({**GOOD, "expression": 21}, "points_do_not_sum_to_100"),
        ({"safety": -10, "privacy": 90, "expression": 20}, "points_out_of_range"),
        ({"safety": 101, "privacy": 0, "expression": 0}, "points_out_of_range"),
        ({**GOOD, "safety": 50.0}, "points_not_whole"),
        ({**GOOD, "safety": "50"}, "points_not_whole"),
        ({**GOOD, "safety": True}, "points_not_whole"),
        ({**GOOD, "beauty": 0}, "unknown_edge"),
        ({"safety": 50, "privacy": 50}, "missing_edge"),
    ],
)
def test_points_that_are_no_ballot_are_refused(proposal, members, points, code):
    with pytest.raises(DomainError) as refused:
        cast(proposal, members["north"][0], points)
    assert refused.value.code == code
    assert Ballot.objects.count() == 0
    assert not Elector.objects.filter(voted=True).exists()


def test_the_sum_is_said_in_plain_words():
    assert allocation.remainder(94) == "6 points left to place"
    assert allocation.remainder(99) == "1 point left to place"
    assert allocation.remainder(103) == "3 points too many"
    assert allocation.remainder(100) == "All 100 points placed"


def test_secret_ballots_are_cast_in_steps_of_5(secret_council, chair):
    members = stage.fill_seats(secret_council)
    proposal = stage.in_voting(secret_council, chair)
    with pytest.raises(allocation.NotInSteps):
        vote(proposal, members["north"][0], (51, 29, 20))


def test_floors_bind_every_ballot(council, members, chair):
    proposal = stage.in_voting(council, chair, floors={"safety": 20})
    with pytest.raises(allocation.BelowFloor):
        vote(proposal, members["north"][0], (10, 70, 20))


def test_an_unknown_stance_and_an_objection_without_reason_are_refused(proposal, members):
    with pytest.raises(voting.StanceUnknown):
        cast(proposal, members["north"][0], stance="maybe")
    with pytest.raises(voting.ReasonMissing):
        cast(proposal, members["north"][0], stance="object", reason="  ")
    assert Ballot.objects.count() == 0


def test_only_members_seated_when_voting_opened_vote(proposal, organisation, chair):
    for outsider in (chair, stage.person(organisation, "guest")):
        with pytest.raises(voting.NotAMember):
            cast(proposal, outsider)


def test_nobody_votes_for_another(proposal, members, chair):
    with pytest.raises(voting.NotTheVoter):
        voting.cast(
            proposal=proposal,
            person=members["north"][0],
            points=GOOD,
            stance="agree",
            by=chair,
            at=after(HOUR),
        )


def test_after_the_deadline_nothing_counts_even_when_the_scheduler_is_late(proposal, members):
    with pytest.raises(voting.VotingClosed):
        cast(proposal, members["north"][0], at=after(2 * HOUR))
    assert proposal.state == "voting"
    assert Ballot.objects.count() == 0


def test_after_the_count_nothing_counts(proposal, members):
    for member in (*members["north"], *members["south"]):
        vote(proposal, member)
    lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    with pytest.raises(voting.VotingClosed):
        cast(proposal, members["north"][0], at=after(2 * HOUR))


def test_before_voting_opens_and_after_a_withdrawal_nothing_counts(council, members, chair):
    proposal = stage.propose(council, chair)
    with pytest.raises(voting.NotInVoting):
        cast(proposal, members["north"][0])
    deliberation.withdraw(proposal=proposal, because="No.", by=chair, at=AT)
    with pytest.raises(voting.NotInVoting):
        cast(proposal, members["north"][0])


def test_a_second_ballot_replaces_the_first_and_keeps_its_tracker(proposal, members):
    first = vote(proposal, members["north"][0])
    second = vote(proposal, members["north"][0], (0, 0, 100), "disagree")
    assert (first.replaced, second.replaced) == (False, True)
    assert first.tracker == second.tracker
    ballot = Ballot.objects.get()
    assert ballot.points == {"safety": 0, "privacy": 0, "expression": 100}
    assert ballot.stance == "disagree"


def test_who_stands_aside_leaves_the_count_and_the_quorum(proposal, members, events):
    member = members["north"][0]
    vote(proposal, member)
    voting.stand_aside(
        proposal=proposal, person=member, why="I work for the vendor.", by=member, at=after(HOUR)
    )
    assert Ballot.objects.count() == 0
    assert selectors.participation(proposal=proposal)[0] == {"name": "north", "voted": 0, "electors": 5}
    assert events[-1].type == "member.stood_aside"
    assert events[-1].facts["ballot_voided"] is True
    with pytest.raises(voting.StoodAside):
        vote(proposal, member)
    with pytest.raises(voting.StoodAsideAlready):
        voting.stand_aside(proposal=proposal, person=member, why="Again.", by=member, at=after(HOUR))


def test_standing_aside_before_voting_opens_holds_when_it_does(council, members, chair):
    member = members["south"][0]
    proposal = deliberation.open_deliberation(proposal=stage.propose(council, chair), by=chair, at=AT)
    voting.stand_aside(proposal=proposal, person=member, why="Conflict.", by=member, at=AT)
    proposal = lifecycle.open_voting(proposal=proposal, at=after(HOUR))
    assert selectors.elector(proposal=proposal, person=member).stood_aside


def test_a_draft_counts_for_nothing_and_is_gone_after_the_vote(proposal, members, events):
    member = members["north"][0]
    before = len(events)
    voting.keep_draft(proposal=proposal, person=member, content={"points": {"safety": "7"}}, at=after(HOUR))
    voting.keep_draft(proposal=proposal, person=member, content={"points": {"safety": "8"}}, at=after(HOUR))
    assert selectors.draft_of(proposal=proposal, person=member).content["points"]["safety"] == "8"
    assert len(events) == before
    assert Ballot.objects.count() == 0
    vote(proposal, member)
    assert BallotDraft.objects.count() == 0


def test_an_open_ballot_is_an_event_and_its_content_only_a_commitment(proposal, members, events):
    vote(proposal, members["north"][0], reason="Because.")
    event = events[-1]
    assert event.type == "ballot.cast"
    assert "Because." not in str(event.facts)
    assert "Because." in event.sealed["ballot"]


def test_the_database_holds_what_the_service_promises(proposal, members):
    """Removing a check from the service still leaves these."""
    vote(proposal, members["north"][0])
    elector = Elector.objects.get(person=members["north"][0])
    ballot = Ballot.objects.get()
    broken = (
        lambda: Ballot.objects.create(
            proposal=proposal,
            constituency=elector.constituency,
            elector=elector,
            points={},
            stance="agree",
            tracker="x",
        ),
        lambda: Ballot.objects.filter(pk=ballot.pk).update(stance="object"),
        lambda: Ballot.objects.filter(pk=ballot.pk).update(stance="maybe"),
        lambda: Elector.objects.filter(pk=elector.pk).update(stood_aside=True),
    )
    for act in broken:
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


def test_edges_appear_in_their_order(proposal):
    assert tuple(edge.slug for edge in selectors.edges_of(proposal=proposal)) == EDGES
