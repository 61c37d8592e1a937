"""A proposal's way from draft to force, and every way it may end before."""

from fractions import Fraction

import pytest

from councils.deliberation import services as deliberation
from councils.voting import lifecycle, selectors
from governance.policies import selectors as policies
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
