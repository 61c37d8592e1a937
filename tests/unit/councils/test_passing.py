"""When a proposal passes: consent, majorities and their exact thresholds."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from councils.voting.passing import Count, Rules, Threshold, judge

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("threshold", "of", "needed"),
    [
        (Threshold(HALF), 38, 19),
        (Threshold(HALF), 5, 3),
        (Threshold(HALF, strict=True), 38, 20),
        (Threshold(HALF, strict=True), 5, 3),
        (Threshold(Fraction(2, 3)), 9, 6),
        (Threshold(Fraction(2, 3), strict=True), 9, 7),
        (Threshold(Fraction(1)), 4, 4),
    ],
)
def test_thresholds_are_exact(threshold, of, needed):
    assert threshold.needed(of) == needed
    assert threshold.met(needed, of)
    assert not threshold.met(needed - 1, of)


def test_nothing_out_of_nothing_is_no_majority():
    assert not Threshold(Fraction(0)).met(0, 0)


def council(**counts):
    return judge({name: Count(*numbers) for name, numbers in counts.items()}, Rules())


def test_the_example_of_the_design_passes():
    """34 of 38 voted, 24 agree, 4 of 5 groups in favour."""
    verdict = council(
        local=(9, 6, 1, 1, 0),
        health=(8, 5, 0, 2, 0),
        gaming=(9, 7, 0, 1, 0),
        satire=(6, 5, 0, 0, 0),
        youth=(6, 1, 1, 2, 2),
    )
    assert verdict.passed
    assert [(test.name, test.count, test.needed, test.of) for test in verdict.tests] == [
        ("quorum", 24, 19, 38),
        ("majority", 24, 17, 32),
        ("constituency_majority", 4, 3, 5),
    ]
    assert verdict.in_favour["youth"] is False


def test_a_missed_quorum_is_told_apart_from_a_no():
    assert not council(a=(10, 4, 0, 0, 0)).quorum
    no = council(a=(10, 5, 0, 5, 0))
    assert no.quorum
    assert not no.passed


def test_most_votes_do_not_suffice_without_most_constituencies():
    verdict = council(big=(10, 10, 0, 0, 0), b=(3, 0, 0, 2, 0), c=(3, 0, 0, 1, 1))
    assert [test.met for test in verdict.tests] == [True, True, False]
    assert not verdict.passed


def test_a_constituency_that_said_nothing_is_not_in_favour():
    verdict = council(a=(4, 4, 0, 0, 0), b=(2, 0, 0, 0, 0))
    assert verdict.in_favour["b"] is None
    assert not verdict.passed


def test_abstentions_count_for_the_quorum_only_where_the_charter_says_so():
    counts = {"a": Count(electors=10, agree=4, abstain=1)}
    assert not judge(counts, Rules()).quorum
    assert judge(counts, Rules(abstentions_count=True)).passed


def test_each_constituency_may_have_a_quorum_of_its_own():
    rules = Rules(constituency_quorum=Threshold(Fraction(1, 3)))
    counts = {"a": Count(6, agree=6), "b": Count(6, agree=1), "gone": Count(0)}
    verdict = judge(counts, rules)
    assert not verdict.quorum
    assert [(test.where, test.met) for test in verdict.tests if test.where] == [("a", True), ("b", False)]


def test_a_supermajority_can_be_asked_for():
    counts = {"a": Count(9, agree=6, disagree=3)}
    assert judge(counts, Rules(majority=Threshold(Fraction(2, 3)))).passed
    assert not judge(counts, Rules(majority=Threshold(Fraction(2, 3), strict=True))).passed


votes = st.integers(0, 6)


@given(votes, votes, votes, votes, st.booleans(), st.fractions(0, 1))
def test_a_further_no_never_makes_a_proposal_pass(agree, abstain, disagree, objections, counting, share):
    rules = Rules(quorum=Threshold(share), abstentions_count=counting, constituency_quorum=Threshold(share))
    before = {"a": Count(30, agree, abstain, disagree, objections), "b": Count(5, 3, 0, 1, 0)}
    after = before | {"a": Count(30, agree, abstain, disagree + 1, objections)}
    assert judge(before, rules).passed or not judge(after, rules).passed
