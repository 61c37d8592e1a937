"""The three indices: their extremes, their intervals, and what they refuse to say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.monitoring import indices


def test_one_edge_that_decides_everything_is_flattening_of_one():
    index = indices.value_flattening(np.array([500.0, 0, 0, 0]), 500)
    assert index.value == pytest.approx(1)
    assert index.interval[0] > 0.9
    assert index.interval[1] == 1


def test_edges_that_decide_equally_often_do_not_flatten():
    index = indices.value_flattening(np.array([250.0] * 4), 1000)
    assert index.value == pytest.approx(0, abs=1e-6)


def test_flattening_by_hand():
    shares = np.array([70.0, 20, 10]) * 10
    p = shares / shares.sum()
    entropy = -(p * np.log(p)).sum() + 2 / 2000
    assert indices.value_flattening(shares, 1000).value == pytest.approx((3 - np.exp(entropy)) / 2)


@pytest.mark.parametrize(("shares", "n"), [([99.0, 0], 99), ([150.0] + [0] * 19, 150), ([1000.0], 1000)])
def test_flattening_is_not_stated_on_too_few_decisions_or_one_edge(shares, n):
    assert indices.value_flattening(np.array(shares), n).value is None


@given(st.lists(st.integers(0, 400), min_size=2, max_size=8))
def test_flattening_lies_in_its_interval_within_zero_and_one(counts):
    index = indices.value_flattening(np.array(counts, float), sum(counts))
    if index.value is not None:
        assert 0 <= index.interval[0] <= index.value <= index.interval[1] <= 1


def test_the_interval_of_flattening_covers_the_truth():
    rng, truth = np.random.default_rng(1), np.array([0.55, 0.25, 0.15, 0.05])
    true = (4 - np.exp(-(truth * np.log(truth)).sum())) / 3
    covered = 0
    for _ in range(300):
        low, high = indices.value_flattening(rng.multinomial(800, truth).astype(float), 800).interval
        covered += low <= true <= high
    assert covered / 300 > 0.91


def test_representation_loss_is_the_shortfall_of_the_group_served_worst():
    rng = np.random.default_rng(2)
    spread = rng.uniform(0.1, 1, 4000)
    index = indices.representation_loss(
        {"a": spread * 0.05, "b": spread * rng.uniform(0.2, 0.4, 4000)},
        {"a": spread, "b": spread},
        unseated=("c",),
    )
    assert index.detail["worst"] == "b"
    assert index.value == pytest.approx(0.3, abs=0.01)
    assert index.interval[0] < index.value < index.interval[1]
    assert index.detail["not_represented"] == ["c"]


def test_nobody_asked_means_nothing_is_stated():
    assert indices.representation_loss({}, {}, unseated=("a",)).value is None
    assert indices.representation_loss({"a": np.zeros(9)}, {"a": np.zeros(9)}).value is None


def test_uncertainty_blindness_counts_answers_given_while_unsure():
    confidence = np.array([0.5] * 40 + [0.9] * 50 + [np.nan] * 10)
    answered = np.array([True] * 10 + [False] * 30 + [True] * 60)
    index = indices.uncertainty_blindness(confidence, answered, 0.6)
    assert index.value == pytest.approx(10 / 40)
    assert index.interval == pytest.approx((0.1419, 0.4019), abs=1e-3)
    assert index.detail["unstated"] == pytest.approx(0.1)
    assert index.detail["if_unstated_were_low"] == pytest.approx(20 / 50)


def test_a_model_that_was_never_unsure_has_no_figure_rather_than_zero():
    assert indices.uncertainty_blindness(np.ones(10), np.ones(10, bool), 0.6).value is None


def test_a_model_that_claims_to_be_sure_does_not_look_perfect():
    found = indices.calibration(np.ones(100), np.arange(100) >= 30)
    assert found["expected_error"] == pytest.approx(0.3)
    assert indices.calibration(np.full(3, np.nan), np.ones(3, bool)) is None
