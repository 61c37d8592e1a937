"""Which edge drove a decision, and what would have changed it."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from audits.decisions import attribution, counterfactual
from audits.decisions.attribution import Policy
from tests.unit.audits.decisions import strategies

no_norms = st.just([])
weighted = st.just("weighted_sum")

MOCK = Policy(
    {"safety": 0.34, "fairness": 0.18, "privacy": 0.12, "expression": 0.16, "culture": 0.08, "truth": 0.12}
)


def mock_options():
    """The decision of the design's mock page."""
    scores = {
        "allow": (0.48, 0.80, 0.90, 0.93, 0.86, 0.50),
        "label": (0.70, 0.80, 0.88, 0.80, 0.84, 0.82),
        "limit": (0.84, 0.76, 0.88, 0.52, 0.66, 0.80),
        "remove": (0.95, 0.66, 0.92, 0.14, 0.40, 0.78),
    }
    return [{"id": name, "edges": dict(zip(MOCK.weights, row, strict=True))} for name, row in scores.items()]


def test_the_worked_example_of_the_design():
    found = attribution.attribute(mock_options(), "label", MOCK)
    assert found.runner_up == "limit"
    assert found.margin == pytest.approx(0.0212)
    assert found.contributions["expression"] == pytest.approx(0.0448)
    assert found.contributions["safety"] == pytest.approx(-0.0476)
    assert found.driving == ("expression",)
    assert found.pivotal == {"expression": "remove"}
    flip = counterfactual.flip(mock_options(), "label", MOCK)
    assert (flip.option, flip.towards, list(flip.taken)) == ("limit", "safety", ["expression"])
    assert flip.points == pytest.approx(5.05, abs=0.005)
    sentence = counterfactual.sentence(mock_options(), "label", MOCK)
    assert (sentence.edge, sentence.points, sentence.option) == ("safety", 9, "limit")


@given(strategies.options(), strategies.policies())
def test_contributions_add_up_to_the_margin(options, policy):
    chosen = policy.choose(options).option_id
    assume(chosen is not None)
    found = attribution.attribute(options, chosen, policy)
    assume(found.margin is not None)
    assert math.fsum(found.contributions.values()) == pytest.approx(found.margin, abs=1e-9)
    assert found.margin >= -1e-9 or policy.rule == "lexicographic"


@given(strategies.options(), strategies.policies(), st.integers(0, 4))
def test_contributions_add_up_whichever_option_was_chosen(options, policy, pick):
    assume(policy.rule != "lexicographic")
    chosen = options[pick % len(options)]["id"]
    found = attribution.attribute(options, chosen, policy)
    assume(found.margin is not None)
    assert math.fsum(found.contributions.values()) == pytest.approx(found.margin, abs=1e-9)


@given(
    strategies.options(), strategies.policies(rule=st.sampled_from(["weighted_sum", "nash", "tchebycheff"]))
)
def test_an_edge_is_pivotal_if_and_only_if_the_choice_changes_without_it(options, policy):
    chosen = policy.choose(options).option_id
    assume(chosen is not None)
    found = attribution.attribute(options, chosen, policy)
    assume(found.margin is not None)
    for edge, weight in policy.weights.items():
        if weight == 1:
            assert (edge in found.pivotal) == (found.margin > 1e-9)
            continue
        without = policy.with_weights({**policy.weights, edge: 0.0}).choose(options)
        best = max(without.utilities[o] for o in without.feasible)
        assert (edge in found.pivotal) == (best - without.utilities[chosen] > 1e-9)


@settings(max_examples=200)
@given(strategies.options(), strategies.policies(rule=weighted, norms=no_norms))
def test_the_flip_distance_is_the_optimum_of_the_linear_program(options, policy):
    chosen = policy.choose(options).option_id
    by_id = {option["id"]: option["edges"] for option in options}
    w = list(policy.weights.values())
    distances = []
    for rival in by_id:
        if rival == chosen:
            continue
        d = [by_id[chosen][edge] - by_id[rival][edge] for edge in policy.weights]
        # w' = w + p − q, p, q ≥ 0, q ≤ w, Σ p = Σ q; minimise Σ q subject to w'·d ≤ 0.
        k = len(w)
        program = linprog(
            [0] * k + [1] * k,
            A_ub=[d + [-x for x in d]],
            b_ub=[-sum(a * b for a, b in zip(w, d, strict=True))],
            A_eq=[[1] * k + [-1] * k],
            b_eq=[0],
            bounds=[(0, None)] * k + [(0, x) for x in w],
        )
        if program.success and min(d) < 0:
            distances.append(100 * program.fun)
    flip = counterfactual.flip(options, chosen, policy)
    if flip is None:
        assert not distances
    else:
        assert flip.points == pytest.approx(min(distances), abs=1e-5)


@settings(max_examples=200)
@given(strategies.options(), strategies.policies())
def test_the_sentence_is_true_when_it_is_replayed(options, policy):
    chosen = policy.choose(options).option_id
    assume(chosen is not None)
    found = counterfactual.sentence(options, chosen, policy)
    if found is None:
        return
    moved = counterfactual.reweighted(policy.weights, found.edge, found.points / 100)
    assert math.fsum(moved.values()) == pytest.approx(1)
    assert moved[found.edge] == pytest.approx(found.after)
    assert policy.with_weights(moved).choose(options).option_id == found.option != chosen


@settings(max_examples=150)
@given(strategies.options(most=4), strategies.policies(rule=weighted))
def test_no_fewer_whole_points_on_one_edge_would_do(options, policy):
    chosen = policy.choose(options).option_id
    assume(chosen is not None)
    found = counterfactual.sentence(options, chosen, policy)
    points_tried = range(-100, 101) if found is None else range(1, found.points)
    if found is not None and found.points < 0:
        points_tried = [*range(found.points + 1, 0), *range(1, 101)]
    for edge, weight in policy.weights.items():
        for points in points_tried:
            if 0 <= weight + points / 100 <= 1:
                moved = policy.with_weights(counterfactual.reweighted(policy.weights, edge, points / 100))
                utilities = moved.choose(options).utilities
                rivals = [utilities[o] for o in moved.choose(options).feasible]
                # Rivals may draw level, within rounding, but not overtake.
                assert max(rivals) <= utilities[chosen] + 1e-6


def test_without_a_rival_nothing_drove_the_choice():
    found = attribution.attribute(mock_options()[:1], "allow", MOCK)
    assert (found.runner_up, found.margin, found.driving) == (None, None, ())


def test_a_missing_score_is_never_made_up():
    options = mock_options()
    options[1]["edges"]["privacy"] = None
    found = attribution.attribute(options, "label", MOCK)
    assert (found.margin, found.driving, found.utilities["label"]) == (None, (), None)


def test_lexicographic_attributes_to_the_tier_that_decided():
    policy = Policy(
        {"a": 0.5, "b": 0.5},
        rule="lexicographic",
        tiers=({"edges": ("a",), "tolerance": 0.1}, {"edges": ("b",), "tolerance": 0}),
    )
    options = [{"id": "x", "edges": {"a": 0.80, "b": 0.9}}, {"id": "y", "edges": {"a": 0.85, "b": 0.2}}]
    found = attribution.attribute(options, "x", policy)
    assert found.contributions == {"a": 0.0, "b": pytest.approx(0.7)}
    assert found.driving == ("b",)
