"""The three indices: their extremes, their intervals, and what they refuse to say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.monitoring import indices


def flattening(counts, weights=None):
    """The index of decisions that edge 0 drove so often, edge 1 so often, and so on."""
    driven = np.repeat(np.eye(len(counts)), np.array(counts, int), axis=0)
    return indices.value_flattening(driven, np.ones(len(driven)) if weights is None else weights)


def even(parts):
    return {name: (regret, spread, np.ones(len(regret))) for name, (regret, spread) in parts.items()}


def test_one_edge_that_decides_everything_is_flattening_of_one():
    index = flattening([500, 0, 0, 0])
    assert index.value == pytest.approx(1)
    assert index.interval[0] > 0.9
    assert index.interval[1] == 1


def test_edges_that_decide_equally_often_do_not_flatten():
    index = flattening([250] * 4)
    assert index.value == pytest.approx(0, abs=1e-6)


def test_flattening_by_hand():
    shares = np.array([70.0, 20, 10]) * 10
    p = shares / shares.sum()
    entropy = -(p * np.log(p)).sum() + 2 / 2000
    assert flattening(shares).value == pytest.approx((3 - np.exp(entropy)) / 2)


@pytest.mark.parametrize("counts", [[99, 0], [150] + [0] * 19, [1000]])
def test_flattening_is_not_stated_on_too_few_decisions_or_one_edge(counts):
    assert flattening(counts).value is None


def test_few_decisions_that_count_for_many_are_still_few():
    """120 decisions of which one counts a hundred times say no more than two."""
    weights = np.ones(120)
    weights[0] = 100
    found = flattening([60, 60], weights)
    assert (found.value, found.n) == (None, 120)
    assert found.effective < 5


@given(st.lists(st.integers(0, 400), min_size=2, max_size=8))
def test_flattening_lies_in_its_interval_within_zero_and_one(counts):
    index = flattening(counts)
    if index.value is not None:
        assert 0 <= index.interval[0] <= index.value <= index.interval[1] <= 1


def test_the_interval_of_flattening_covers_the_truth():
    rng, truth = np.random.default_rng(1), np.array([0.55, 0.25, 0.15, 0.05])
    true = (4 - np.exp(-(truth * np.log(truth)).sum())) / 3
    covered = 0
    for _ in range(300):
        low, high = flattening(rng.multinomial(800, truth)).interval
        covered += low <= true <= high
    assert covered / 300 > 0.91


def test_representation_loss_is_the_shortfall_of_the_group_served_worst():
    rng = np.random.default_rng(2)
    spread = rng.uniform(0.1, 1, 4000)
    index = indices.representation_loss(
        even({"a": (spread * 0.05, spread), "b": (spread * rng.uniform(0.2, 0.4, 4000), spread)}),
        unseated=("c",),
    )
    assert index.detail["worst"] == "b"
    assert index.value == pytest.approx(0.3, abs=0.01)
    assert index.interval[0] < index.value < index.interval[1]
    assert index.detail["not_represented"] == ["c"]


def test_nobody_asked_means_nothing_is_stated():
    assert indices.representation_loss({}, unseated=("a",)).value is None
    assert indices.representation_loss(even({"a": (np.zeros(9), np.zeros(9))})).value is None


def test_uncertainty_blindness_counts_answers_given_while_unsure():
    confidence = np.array([0.5] * 40 + [0.9] * 50 + [np.nan] * 10)
    answered = np.array([True] * 10 + [False] * 30 + [True] * 60)
    index = indices.uncertainty_blindness(confidence, answered, np.ones(100), 0.6)
    assert index.value == pytest.approx(10 / 40)
    assert index.interval == pytest.approx((0.1419, 0.4019), abs=1e-3)
    assert index.detail["unstated"] == pytest.approx(0.1)
    assert index.detail["if_unstated_were_low"] == pytest.approx(20 / 50)


def test_a_model_that_was_never_unsure_has_no_figure_rather_than_zero():
    assert indices.uncertainty_blindness(np.ones(10), np.ones(10, bool), np.ones(10), 0.6).value is None


def test_a_model_that_claims_to_be_sure_does_not_look_perfect():
    found = indices.calibration(np.ones(100), np.arange(100) >= 30, np.ones(100))
    assert found["expected_error"] == pytest.approx(0.3)
    assert indices.calibration(np.full(3, np.nan), np.ones(3, bool), np.ones(3)) is None
