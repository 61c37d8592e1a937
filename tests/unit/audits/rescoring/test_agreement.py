"""Score agreement and the draw: known values and laws."""

import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.rescoring import draw
from audits.rescoring.agreement import agreement


def pairs(reported, independent):
    return [[pair] for pair in zip(reported, independent, strict=True)]


def test_the_same_scores_agree_fully():
    xs = np.linspace(0, 1, 40)
    found = agreement(pairs(xs, xs))
    assert found.value == pytest.approx(1)
    assert found.interval == pytest.approx((1, 1))
    assert found.difference == 0


def test_the_value_is_lins_formula():
    chance = np.random.default_rng(1)
    xs = chance.random(60)
    ys = np.clip(xs + chance.normal(0.1, 0.1, 60), 0, 1)
    expected = 2 * np.cov(xs, ys, bias=True)[0, 1] / (xs.var() + ys.var() + (xs.mean() - ys.mean()) ** 2)
    found = agreement(pairs(xs, ys))
    assert found.value == pytest.approx(expected)
    low, high = found.interval
    assert low < found.value < high


def test_rising_together_is_not_agreeing():
    xs = np.linspace(0.6, 1, 40)
    assert agreement(pairs(xs, xs - 0.5)).value < 0.2


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    chance = np.random.default_rng(5)
    true = 2 * 1 / (1 + 1.25)  # y = x + noise of half the deviation: s_xy = 1, s_x² = 1, s_y² = 1.25
    hits = 0
    for trial in range(100):
        xs = chance.normal(0, 1, 80)
        found = agreement(pairs(xs, xs + chance.normal(0, 0.5, 80)), seed=trial)
        hits += found.interval[0] <= true <= found.interval[1]
    assert 87 <= hits <= 100


@pytest.mark.parametrize("n", [0, 1, 29])
def test_few_decisions_say_nothing(n):
    xs = np.linspace(0, 1, n)
    found = agreement(pairs(xs, xs))
    assert (found.value, found.interval) == (None, None)
    assert found.decisions == n


def test_options_of_one_decision_count_as_one():
    assert agreement([[(0.1, 0.1), (0.9, 0.9)] for _ in range(20)]).value is None
    assert agreement([[(0.1, 0.1), (0.9, 0.9)] for _ in range(30)]).value == pytest.approx(1)


def test_scores_that_never_vary_say_nothing():
    assert agreement(pairs([0.5] * 40, [0.5] * 40)).value is None


@given(st.integers(0, 2**32), st.integers(30, 40), st.integers(1, 3))
def test_agreement_lies_in_its_interval_and_within_one(seed, decisions, options):
    found = agreement(np.random.default_rng(seed).random((decisions, options, 2)).tolist())
    if found.value is not None:
        low, high = found.interval
        assert -1 - 1e-9 <= low <= found.value <= high <= 1 + 1e-9


def test_the_draw_has_the_share_asked_for_and_can_be_repeated():
    ids = [uuid.UUID(int=n) for n in range(20_000)]
    drawn = {each for each in ids if draw.drawn(b"k" * 32, each, 0.1)}
    assert 0.09 < len(drawn) / len(ids) < 0.11
    assert drawn == {each for each in ids if draw.drawn(b"k" * 32, each, 0.1)}
    assert drawn <= {each for each in ids if draw.drawn(b"k" * 32, each, 0.2)}
    other = {each for each in ids if draw.drawn(b"j" * 32, each, 0.1)}
    assert len(drawn & other) < 0.3 * len(drawn)
    assert all(draw.drawn(b"k" * 32, each, 1.0) for each in ids[:100])
