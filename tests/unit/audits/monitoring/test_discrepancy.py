"""Differences that a single score hides are found; chance is not."""

import numpy as np
import pytest
from scipy import stats

from audits.monitoring import discrepancy

EDGES = ("a", "b", "c")
WEIGHTS = np.array([0.4, 0.4, 0.2])


def sample(rng, n, groups=4):
    chosen = np.clip(rng.normal(0.6, 0.15, (n, 3)), 0, 1)
    labels = [f"g{g}" for g in rng.integers(groups, size=n)]
    return chosen, labels, np.zeros(n, np.int64)


def found(chosen, labels, strata, **more):
    rows = discrepancy.differences(chosen, chosen @ WEIGHTS, labels, strata, EDGES, **more)
    return {(row.group, row.edge): row for row in rows}


def test_a_planted_bias_that_cancels_in_the_scalar_is_found():
    rng = np.random.default_rng(3)
    chosen, labels, strata = sample(rng, 8000)
    member = np.array(labels) == "g1"
    chosen[member, 0] -= 0.06
    chosen[member, 1] += 0.06
    rows = found(chosen, labels, strata)
    for edge in ("a", "b"):
        assert rows["g1", edge].finding
        assert rows["g1", edge].hidden
    assert abs(rows["g1", "a"].scalar_delta) < 0.02
    assert not rows["g1", "c"].finding


def test_false_alarms_are_rare():
    alarms = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        chosen, labels, strata = sample(rng, 5000, groups=2)
        alarms += any(row.finding for row in found(chosen, labels, strata).values())
    assert alarms <= 6


def test_small_groups_are_shown_but_not_tested_and_tiny_ones_not_shown():
    rng = np.random.default_rng(4)
    chosen, _labels, strata = sample(rng, 500)
    rows = found(chosen, ["small"] * 20 + ["tiny"] * 5 + [None] * 475, strata)
    assert rows["small", "a"].p is None
    assert rows["small", "a"].finding is False
    assert ("tiny", "a") not in rows


def test_a_medium_group_is_tested_by_permutation_and_agrees_with_welch():
    rng = np.random.default_rng(5)
    chosen, _labels, strata = sample(rng, 3000)
    chosen[:200, 0] += 0.025
    rows = found(chosen, ["g"] * 200 + [None] * 2800, strata)
    welch = stats.ttest_ind(chosen[:200, 0], chosen[200:, 0], equal_var=False).pvalue
    assert rows["g", "a"].p == pytest.approx(welch, rel=0.5, abs=0.01)


def test_permutation_stays_within_contexts():
    """A group that differs only because of where it is found shows nothing within its context."""
    rng = np.random.default_rng(6)
    strata = np.repeat([0, 1], 1000)
    outcomes = rng.normal(0.5, 0.1, (2000, 1)) + 0.2 * strata[:, None]
    member = np.zeros(2000, bool)
    member[:100] = True
    member[1000:1400] = True
    alike = {"weights": np.ones(2000), "seed": 1, "draws": 2000}
    assert discrepancy.permutation_p(outcomes, member, strata, **alike)[0] > 0.05
    assert discrepancy.permutation_p(outcomes, member, np.zeros(2000, int), **alike)[0] < 0.01


def test_under_one_rate_the_p_values_are_the_unweighted_ones():
    rng = np.random.default_rng(9)
    chosen, labels, strata = sample(rng, 600)
    assert found(chosen, labels, strata) == found(chosen, labels, strata, weights=np.full(600, 1.0))


def test_a_group_that_differs_only_in_how_often_it_is_logged_shows_nothing():
    """Memberships change among decisions that count alike, so that a rate is not taken for a difference."""
    rng, alarms = np.random.default_rng(10), 0
    for _trial in range(20):
        rare = rng.random(600) < 0.5
        chosen = np.clip(rng.normal(0.5 + 0.2 * rare[:, None], 0.1, (600, 3)), 0, 1)
        member = rng.random(600) < np.where(rare, 0.4, 0.2)
        labels = ["g" if each else None for each in member]
        strata, weights = np.zeros(600, np.int64), np.where(rare, 0.1, 1.0)
        p = discrepancy.permutation_p(
            chosen, member, discrepancy._alike(strata, weights), weights=weights, seed=1, draws=500
        )
        alarms += (p < 0.05).any()
        assert found(chosen, labels, strata, weights=weights)["g", "a"].n == member.sum()
    assert alarms <= 5


@pytest.mark.parametrize(("population", "size"), [(50, 30), (5000, 40)])
def test_subsets_never_repeat_and_are_uniform(population, size):
    picked = discrepancy._subsets(population, size, 2000, np.random.default_rng(7))
    assert all(len(set(row)) == size for row in picked)
    counts = np.bincount(picked.ravel(), minlength=population)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_benjamini_yekutieli_agrees_with_scipy():
    p = np.random.default_rng(8).uniform(size=40) ** 3
    assert discrepancy.benjamini_yekutieli(p) == pytest.approx(stats.false_discovery_control(p, method="by"))
