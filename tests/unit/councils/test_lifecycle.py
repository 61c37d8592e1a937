"""A proposal's way from draft to force, and every way it may end before."""

from fractions import Fraction

import pytest

from councils.deliberation import services as deliberation
from councils.voting import lifecycle, selectors
from governance.policies import selectors as policies
from governance.policies.models import Policy
from tests.unit.councils import stage
from tests.unit.councils.stage import AT, HOUR, after, vote


def everyone(proposal, members, points=(50, 30, 20), stance="agree"):
    for group in members.values():
        for member in group:
            vote(proposal, member, points, stance)


def test_a_proposal_is_voted_counted_and_enacted(proposal, members, system, events):
    """The whole thread: the council's split becomes the policy, each step an event in the organisation's log."""
    everyone(proposal, members)
    passed = lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    assert passed.state == "passed"
    enacted = lifecycle.enact(proposal=passed, at=after(3 * HOUR))
    assert enacted.state == "enacted"
    policy = policies.in_force(system=system, context={}, at=after(3 * HOUR))
    assert policy == enacted.policy
    assert policy.weights_exact == {
        "safety": Fraction(1, 2),
        "privacy": Fraction(3, 10),
        "expression": Fraction(1, 5),
    }
    assert policy.source["kind"] == "council"
    steps = [e.type for e in events if e.subject == f"proposal:{proposal.pk}" and e.type != "ballot.cast"]
    assert steps == [
        "proposal.made",
        "deliberation.opened",
        "voting.opened",
        "ballot.root",
        "proposal.passed",
        "proposal.enacted",
    ]
    assert sum(event.type == "ballot.cast" for event in events) == 11


def test_deadlines_are_kept_by_the_sweep_alone(council, members, chair, system):
    """Deliberation, voting and waiting period end by the clock; no step needs a person."""
    proposal = stage.propose(council, chair)
    deliberation.open_deliberation(proposal=proposal, by=chair, at=AT)
    assert lifecycle.keep_deadlines(at=after(HOUR - 1)) == 0
    assert lifecycle.keep_deadlines(at=after(HOUR)) == 1
    everyone(proposal, members)
    assert lifecycle.keep_deadlines(at=after(2 * HOUR)) == 1
    assert lifecycle.keep_deadlines(at=after(3 * HOUR)) == 1
    proposal.refresh_from_db()
    assert proposal.state == "enacted"
    assert lifecycle.keep_deadlines(at=after(9 * HOUR)) == 0


def test_after_a_long_silence_voting_still_lasts_its_full_time(council, members, chair):
    """A scheduler that was away opens voting late, and members still get the hour the charter promises."""
    proposal = deliberation.open_deliberation(proposal=stage.propose(council, chair), by=chair, at=AT)
    lifecycle.keep_deadlines(at=after(50 * HOUR))
    proposal.refresh_from_db()
    assert proposal.state == "voting"
    assert proposal.voting_ends_at == after(51 * HOUR)


def test_no_step_is_taken_before_its_deadline(council, members, chair):
    proposal = deliberation.open_deliberation(proposal=stage.propose(council, chair), by=chair, at=AT)
    with pytest.raises(lifecycle.TooEarly):
        lifecycle.open_voting(proposal=proposal, at=after(HOUR - 1))
    proposal = lifecycle.open_voting(proposal=proposal, at=after(HOUR))
    everyone(proposal, members)
    with pytest.raises(lifecycle.TooEarly):
        lifecycle.close(proposal=proposal, at=after(2 * HOUR - 1))
    proposal = lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    with pytest.raises(lifecycle.TooEarly):
        lifecycle.enact(proposal=proposal, at=after(3 * HOUR - 1))


def test_every_step_is_taken_once(proposal, members):
    everyone(proposal, members)
    closed = lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    for step in (lifecycle.open_voting, lifecycle.close):
        with pytest.raises(deliberation.WrongState):
            step(proposal=closed, at=after(9 * HOUR))
    lifecycle.enact(proposal=closed, at=after(9 * HOUR))
    with pytest.raises(deliberation.WrongState):
        lifecycle.enact(proposal=closed, at=after(9 * HOUR))


def test_a_missed_quorum_extends_voting_once(proposal, members, events):
    vote(proposal, members["north"][0])
    extended = lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    assert extended.state == "extended"
    assert extended.voting_ends_at == after(3 * HOUR)
    vote(proposal, members["north"][1], at=after(2 * HOUR + 5))
    rejected = lifecycle.close(proposal=proposal, at=after(3 * HOUR))
    assert rejected.state == "rejected"
    assert not selectors.tally_of(proposal=proposal).result["verdict"]["quorum"]
    assert [e.type for e in events if e.type.startswith(("voting.ext", "proposal.rej"))] == [
        "voting.extended",
        "proposal.rejected",
    ]


def test_most_votes_against_reject_at_once(proposal, members, system):
    everyone(proposal, {"north": members["north"]}, stance="agree")
    everyone(proposal, {"south": members["south"]}, stance="disagree")
    assert lifecycle.close(proposal=proposal, at=after(2 * HOUR)).state == "rejected"
    assert policies.in_force(system=system, context={}, at=after(9 * HOUR)).version == 1


def test_a_vote_without_ballots_keeps_the_weights(proposal):
    lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    rejected = lifecycle.close(proposal=proposal, at=after(3 * HOUR))
    assert rejected.state == "rejected"
    assert selectors.tally_of(proposal=proposal).result["weights"] is None


def test_only_the_guardian_stops_what_passed_and_says_why(organisation, system, chair, events):
    guardian = stage.person(organisation, "guardian")
    council = stage.charter(organisation, system, chair, guardian=guardian)
    members = stage.fill_seats(council)
    proposal = stage.in_voting(council, chair)
    everyone(proposal, members)
    passed = lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    with pytest.raises(lifecycle.NotTheGuardian):
        lifecycle.veto(proposal=passed, because="no", by=chair, at=after(2 * HOUR))
    with pytest.raises(lifecycle.VetoReasonMissing):
        lifecycle.veto(proposal=passed, because=" ", by=guardian, at=after(2 * HOUR))
    vetoed = lifecycle.veto(proposal=passed, because="Breaks the mandate.", by=guardian, at=after(2 * HOUR))
    assert vetoed.state == "vetoed"
    assert (events[-1].type, events[-1].sealed) == ("proposal.vetoed", {"because": "Breaks the mandate."})
    assert "mandate" not in str(events[-1].facts)
    assert lifecycle.keep_deadlines(at=after(9 * HOUR)) == 0


def test_a_proposal_can_be_withdrawn_until_it_is_counted(proposal, members, chair, events):
    with pytest.raises(deliberation.TextMissing):
        deliberation.withdraw(proposal=proposal, because="", by=chair, at=after(HOUR))
    withdrawn = deliberation.withdraw(proposal=proposal, because="Superseded.", by=chair, at=after(HOUR))
    assert withdrawn.state == "withdrawn"
    assert events[-1].sealed == {"because": "Superseded."}
    assert "Superseded." not in str(events[-1].facts)
    assert lifecycle.keep_deadlines(at=after(9 * HOUR)) == 0


def test_what_governance_refuses_expires_with_the_reason(proposal, members, system, chair):
    """The system's edges changed during the waiting period: the voted weights fit no longer."""
    everyone(proposal, members)
    passed = lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    stage.define_edges(system, "safety", "truth")
    expired = lifecycle.enact(proposal=passed, at=after(3 * HOUR))
    assert expired.state == "expired"
    assert "truth" in expired.end_reason


def test_floors_hold_and_are_set_aside_before_the_count(council, members, chair):
    proposal = stage.in_voting(council, chair, floors={"safety": 20})
    everyone(proposal, members, (20, 80, 0))
    lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    weights = selectors.tally_of(proposal=proposal).result["weights"]
    assert weights == {"safety": "1/5", "privacy": "4/5", "expression": "0"}


def test_when_the_trail_refuses_nothing_changes(council, members, chair, silent_trail):
    proposal = stage.in_voting(council, chair)
    everyone(proposal, members)
    silent_trail()
    for act in (
        lambda: stage.propose(council, chair),
        lambda: lifecycle.close(proposal=proposal, at=after(2 * HOUR)),
        lambda: vote(proposal, members["north"][0], (0, 0, 100)),
        lambda: deliberation.add_reason(proposal=proposal, text="Why", by=chair, at=after(HOUR)),
    ):
        with pytest.raises(OSError, match="away"):
            act()
    proposal.refresh_from_db()
    assert proposal.state == "voting"
    assert proposal.reasons.count() == 0
    assert selectors.tally_of(proposal=proposal) is None
    assert proposal.ballots.filter(points__expression=100).count() == 0


def test_a_vote_on_weights_keeps_the_reference_profile_of_edges_that_are_left(
    council, members, chair, system
):
    """An edge that is scored no longer drops out of it; it does not keep the result from force."""
    before = policies.in_force(system=system, context={}, at=AT)
    Policy.objects.filter(pk=before.pk).update(reference={"safety": 0.8, "gone": 0.3})
    proposal = stage.in_voting(council, chair)
    everyone(proposal, members)
    passed = lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    enacted = lifecycle.enact(proposal=passed, at=after(3 * HOUR))
    assert (enacted.state, enacted.policy.reference) == ("enacted", {"safety": 0.8})
