"""Decisions that count unequally: three laws that hold for every estimator.

Under equal weights each figure is the unweighted one to the last digit; a decision that counts twice is one logged
twice; and a log that holds a share of the decisions estimates the whole one.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.decisions import weighing
from audits.decisions.distributions import normal_quantile
from audits.monitoring import discrepancy, indices
from audits.replay import flips
from audits.rescoring import agreement
from tests.unit.audits.decisions import strategies
from tests.unit.audits.decisions.strategies import EDGES
from tests.unit.audits.decisions.test_columns import terms
from tests.unit.audits.replay.test_flips import tabled

seeds = st.integers(0, 2**32)
# Each example is a log of its own, with every estimator over it.
FEW = settings(max_examples=30)


@pytest.fixture(autouse=True, scope="module")
def _no_permutations():
    """Their p-values are no estimates, and take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            discrepancy, "permutation_p", lambda outcomes, *_args, **_more: np.ones(outcomes.shape[1])
        )
        yield


class Log:
    """Made-up decisions: what every estimator reads of them."""

    def __init__(self, seed, n):
        rng = np.random.default_rng(seed)
        self.driven = rng.dirichlet([0.3] * 3, n)
        self.spread = rng.uniform(0.1, 1, n)
        self.regret = self.spread * rng.uniform(0, 0.5, n)
        self.confidence = np.where(rng.random(n) < 0.1, np.nan, rng.random(n))
        self.answered = rng.random(n) < 0.7
        self.scores = rng.uniform(0, 1, (n, 2))
        self.member = rng.random(n) < 0.4
        self.strata = rng.integers(2, size=n)
        self.scored_twice = np.clip(self.scores[:, :1] + rng.normal(0, 0.1, (n, 1)), 0, 1)

    def take(self, rows):
        part = object.__new__(Log)
        vars(part).update({name: column[rows] for name, column in vars(self).items()})
        return part

    def points(self, weights):
        """Every point estimate, without the intervals (and without Miller and Madow's correction, which is of n)."""
        shares = (self.driven * weights[:, None]).sum(axis=0) / weights.sum()
        loss = indices.representation_loss({"g": (self.regret, self.spread, weights)})
        blind = indices.uncertainty_blindness(self.confidence, self.answered, weights, 0.6)
        sure = indices.calibration(self.confidence, self.answered, weights)
        apart = self.differences(weights)
        agreed = agreement.agreement(self.pairs(), weights=weights)
        return [
            *shares, loss.value, loss.detail["constituencies"]["g"]["mean_shortfall"], blind.value,
            blind.detail["unstated"], blind.detail["if_unstated_were_low"], sure["expected_error"],
            *(each.delta for each in apart), *(each.impact_ratio for each in apart), apart[0].scalar_delta,
            agreed.value, agreed.difference,
        ]  # fmt: skip

    def differences(self, weights):
        labels = ["g" if each else None for each in self.member]
        return discrepancy.differences(
            self.scores, self.scores.mean(axis=1), labels, self.strata, ("a", "b"), weights=weights
        )

    def pairs(self):
        return [[(a, b)] for a, b in zip(self.scores[:, 0], self.scored_twice[:, 0], strict=True)]


def test_z_is_the_quantile_of_the_normal_distribution():
    assert float(normal_quantile(1 - weighing.ALPHA / 2)) == weighing.Z


@FEW
@given(seeds, st.integers(120, 200), st.sampled_from([0.001, 0.1, 0.3, 1 / 3, 0.9, 1.0]))
def test_under_one_rate_every_figure_is_the_unweighted_one(seed, n, rate):
    """By formulas written down anew, to the last digit; whatever the rate, if it is the same for all."""
    log, weights = Log(seed, n), weighing.of_rates(np.full(n, rate))
    assert weighing.effective(weights) == n
    loss = indices.representation_loss({"g": (log.regret, log.spread, weights)})
    value = log.regret.sum() / log.spread.sum()
    error = np.sqrt(n * (log.regret - value * log.spread).var(ddof=1)) / log.spread.sum()
    z = weighing.Z
    assert (loss.value, loss.detail["constituencies"]["g"]["interval"][1]) == (
        value,
        min(1.0, value + z * error),
    )
    low = ~np.isnan(log.confidence) & (np.nan_to_num(log.confidence, nan=1) < 0.6)
    blind = indices.uncertainty_blindness(log.confidence, log.answered, weights, 0.6)
    assert blind.value == (low & log.answered).sum() / low.sum()
    assert blind.interval == weighing.wilson(blind.value, int(low.sum()))
    shares = log.driven.sum(axis=0)
    p = shares / shares.sum()
    entropy = min(-(p * np.log(p)).sum() + 2 / (2 * n), np.log(3))
    assert indices.value_flattening(log.driven, weights).value == np.clip((3 - np.exp(entropy)) / 2, 0, 1)
    inside, outside = log.scores[log.member], log.scores[~log.member]
    for edge, found in enumerate(log.differences(weights)):
        a, b = inside[:, edge], outside[:, edge]
        assert found.delta == inside.mean(axis=0)[edge] - outside.mean(axis=0)[edge]
        assert found.impact_ratio == inside.mean(axis=0)[edge] / outside.mean(axis=0)[edge]
        half = found.interval[1] - found.delta
        error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        assert 1.95 * error < half < 2.1 * error
    agreed = agreement.agreement(log.pairs(), weights=weights, seed=seed)
    assert agreed == agreement.agreement(log.pairs(), seed=seed)


@FEW
@given(seeds, st.data())
def test_a_decision_that_counts_twice_is_one_logged_twice(seed, data):
    n = 150
    times = np.array(data.draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)))
    log = Log(seed, n)
    twice = log.take(np.repeat(np.arange(n), times))
    assert log.points(times.astype(float)) == pytest.approx(twice.points(np.ones(times.sum())), rel=1e-9)


@FEW
@given(seeds)
def test_weights_count_relative_to_each_other(seed):
    log, weights = Log(seed, 150), np.random.default_rng(seed).uniform(0.1, 1, 150)
    assert log.points(weights) == pytest.approx(log.points(7 * weights), rel=1e-9)
    once, again = (indices.value_flattening(log.driven, w) for w in (weights, 7 * weights))
    assert once.interval == pytest.approx(again.interval, rel=1e-9)
    assert once.effective == pytest.approx(again.effective)


@given(st.lists(st.floats(1e-9, 1), min_size=1, max_size=50))
def test_the_effective_number_lies_between_one_and_all(rates):
    weights = weighing.of_rates(np.array(rates))
    assert 1 - 1e-9 <= weighing.effective(weights) <= len(rates) * (1 + 1e-9)


@pytest.mark.parametrize("rates", [(0.2, 0.2), (1.0, 0.1)], ids=["every fifth", "some all, some every tenth"])
def test_a_thinned_log_estimates_the_whole_one_within_its_interval(rates):
    """Of 60 logs thinned at random, at one rate or at a rate for each kind, nearly all intervals cover the whole."""
    whole = Log(11, 12_000)
    rate = np.where(whole.spread > 0.5, rates[0], rates[1])
    truth = _estimates(whole, np.ones(12_000))
    hits = np.zeros(len(truth))
    for trial in range(60):
        rows = np.flatnonzero(np.random.default_rng(trial).random(12_000) < rate)
        found = _estimates(whole.take(rows), weighing.of_rates(rate[rows]))
        hits += [low <= true <= high for (true, _l, _h), (_v, low, high) in zip(truth, found, strict=True)]
    assert (hits >= 51).all(), hits


def _estimates(log, weights):
    blind = indices.uncertainty_blindness(log.confidence, log.answered, weights, 0.6)
    loss = indices.representation_loss({"g": (log.regret, log.spread, weights)})
    flat = indices.value_flattening(log.driven, weights)
    apart = log.differences(weights)
    share = weighing.share(log.answered, weights), weighing.share_interval(log.answered, weights)
    found = [(each.value, each.interval) for each in (blind, loss, flat)]
    found += [(each.delta, each.interval) for each in apart]
    return [(value, *interval) for value, interval in [*found, share]]


@given(st.lists(strategies.options(), min_size=1, max_size=6), strategies.policies(), st.data())
def test_a_replay_of_a_decision_that_counts_twice_is_that_of_two(rows, policy, data):
    times = data.draw(st.lists(st.integers(1, 3), min_size=len(rows), max_size=len(rows)))
    once = flips.replay(_rated(rows, [1 / each for each in times]), terms(policy))
    many = [options for options, each in zip(rows, times, strict=True) for _ in range(each)]
    twice = flips.replay(_rated(many, [1.0] * len(many)), terms(policy))
    assert flips.share(once) == pytest.approx(flips.share(twice))
    assert flips.edge_deltas(once) == pytest.approx(flips.edge_deltas(twice))
    assert len(flips.edge_deltas(once)) == len(EDGES)


def _rated(rows, rates):
    return tabled(rows, [0] * len(rows), context="de", rates=rates)


@given(st.lists(strategies.options(), min_size=1, max_size=6), strategies.policies())
def test_under_one_rate_a_replay_is_the_unweighted_one(rows, policy):
    plain, rated = (flips.replay(_rated(rows, [rate] * len(rows)), terms(policy)) for rate in (1.0, 0.3))
    assert flips.share(rated) == flips.share(plain) == plain.flipped.sum() / len(rows)
    assert flips.edge_deltas(rated).tolist() == flips.edge_deltas(plain).tolist()
