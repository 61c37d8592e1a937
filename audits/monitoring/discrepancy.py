"""Edge-level discrepancy: differences between groups that a single score hides.

For each group and edge Δ = E[chosen score | group] − E[chosen score | rest]. Welch's test, or a permutation within
context where an arm is small; false discoveries held by Benjamini–Yekutieli over the family of one report.
Where decisions count unequally (``decisions.weighing``), means are weighted, an arm is as large as its effective
number, and memberships are permuted among decisions that count alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.decisions import weighing
from audits.decisions.distributions import student_cdf, student_quantile
from audits.decisions.weighing import Floats

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

TESTED_FROM = 30
WELCH_FROM = 1_000
PUBLISHED_FROM = 10
DRAWS = 20_000
LEVEL = 0.05
NOTABLE = 0.02
_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One group, one edge. ``p`` is None below 30 in an arm (not tested); ``hidden``: the scalar shows nothing."""

    group: str
    edge: str
    n: int
    rest: int
    delta: float
    interval: tuple[float, float]
    impact_ratio: float | None
    p: float | None
    adjusted: float | None
    finding: bool
    hidden: bool
    scalar_delta: float
    scalar_interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Arm:
    group: str
    n: int
    rest: int
    delta: Floats
    half: Floats
    ratio: Floats
    p: Floats | None


def differences(
    chosen: Floats,
    total: Floats,
    labels: Sequence[str | None],
    strata: Ints,
    edges: Sequence[str],
    *,
    weights: Floats | None = None,
    seed: int = 0,
) -> list[Difference]:
    """All pairs of group and edge: one family. ``chosen`` (n, j), ``total`` (n,) the scalar, ``strata`` (n,) contexts.

    ``weights`` (n,): how much each decision counts; all alike if None.

    Groups under 10 are left out (published slices are suppressed below that); members without a label count as rest.
    """
    outcomes = np.column_stack([chosen, total])
    counts = np.ones(len(outcomes)) if weights is None else weights
    named, alike = np.array([label or "" for label in labels]), _alike(strata, counts)
    arms = [
        arm
        for group in sorted(set(named) - {""})
        if (arm := _compared(outcomes, named == group, group, alike, counts, seed)) is not None
    ]
    return _family(arms, edges)


def _alike(strata: Ints, weights: Floats) -> Ints:
    """(n,): the same number for decisions of one context that count alike."""
    _rates, rate = np.unique(weights, return_inverse=True)
    return np.asarray(strata * (rate.max(initial=0) + 1) + rate)


def _compared(
    outcomes: Floats, member: Bools, group: str, strata: Ints, weights: Floats, seed: int
) -> _Arm | None:
    inside, outside = _Side(outcomes[member], weights[member]), _Side(outcomes[~member], weights[~member])
    n, rest = len(inside.weights), len(outside.weights)
    if n < PUBLISHED_FROM or rest < 2 or min(inside.effective, outside.effective) < 2:
        return None
    delta = inside.mean - outside.mean
    error, freedom = _welch_error(inside, outside)
    half = student_quantile(freedom, 1 - LEVEL / 2) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = inside.mean / outside.mean
        p = 2 * student_cdf(freedom, -np.abs(delta) / error)
    smaller = min(inside.effective, outside.effective)
    if smaller < TESTED_FROM:
        return _Arm(group, n, rest, delta, half, ratio, None)
    if smaller < WELCH_FROM:
        p = permutation_p(outcomes, member, strata, weights=weights, seed=seed)
    return _Arm(group, n, rest, delta, half, ratio, np.where(error > 0, p, 1.0))


class _Side:
    """A group's outcomes, or the rest's."""

    def __init__(self, outcomes: Floats, weights: Floats) -> None:
        self.outcomes, self.weights = outcomes, weights
        self.effective = weighing.effective(weights)

    @property
    def mean(self) -> Floats:
        return weighing.mean(self.outcomes, self.weights)

    @property
    def error(self) -> Floats:
        """Squared standard error of the mean."""
        return weighing.variance(self.outcomes, self.weights) / self.effective


def _welch_error(a: _Side, b: _Side) -> tuple[Floats, Floats]:
    """Standard error of the difference of means and Welch–Satterthwaite degrees of freedom."""
    va, vb = a.error, b.error
    floor = np.finfo(float).tiny
    spread = va**2 / (a.effective - 1) + vb**2 / (b.effective - 1)
    freedom = (va + vb) ** 2 / np.maximum(spread, floor)
    return np.sqrt(va + vb), np.maximum(freedom, 1.0)


def permutation_p(
    outcomes: Floats, member: Bools, strata: Ints, *, weights: Floats, seed: int, draws: int = DRAWS
) -> Floats:
    """(k,): p = (b + 1)/(B + 1), memberships permuted within each stratum, distance from the permutation mean.

    Within a stratum all ``weights`` are the same.
    """
    rng = np.random.default_rng(seed)
    sums = np.zeros((draws, outcomes.shape[1]))
    expected = np.zeros(outcomes.shape[1])
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        size, weight = int(member[rows].sum()), weights[rows[0]]
        inside = outcomes[rows]
        mean = inside.mean(axis=0)
        expected += weight * (size * mean)
        if 0 < size < len(rows):
            sums += weight * _subset_sums(inside, size, draws, rng)
        else:
            sums += weight * (size * mean)
    observed = np.abs((weights[:, None] * outcomes)[member].sum(axis=0) - expected)
    beyond = (np.abs(sums - expected) >= observed - 1e-12).sum(axis=0)
    return np.asarray((beyond + 1) / (draws + 1))


def _subset_sums(values: Floats, size: int, draws: int, rng: np.random.Generator) -> Floats:
    """(draws, k): sums over random subsets of ``size`` rows; the smaller half is drawn, the rest follows."""
    if size > len(values) - size:
        return np.asarray(values.sum(axis=0) - _subset_sums(values, len(values) - size, draws, rng))
    sums = np.empty((draws, values.shape[1]))
    block = max(1, _BLOCK_CELLS // (len(values) if _dense(len(values), size) else size))
    for start in range(0, draws, block):
        count = min(block, draws - start)
        picked = _subsets(len(values), size, count, rng)
        for column in range(values.shape[1]):
            sums[start : start + count, column] = values[:, column][picked].sum(axis=1)
    return sums


def _dense(population: int, size: int) -> bool:
    return population <= 8 * size


def _subsets(population: int, size: int, count: int, rng: np.random.Generator) -> Ints:
    """(count, size): each row a uniform subset without repetition."""
    if _dense(population, size):
        keys = rng.random((count, population), dtype=np.float32)
        return np.asarray(np.argpartition(keys, size - 1, axis=1)[:, :size])
    picked = np.sort(rng.integers(population, size=(count, size)), axis=1)
    while (repeated := picked[:, 1:] == picked[:, :-1]).any():
        row, column = np.nonzero(repeated)
        picked[row, column + 1] = rng.integers(population, size=len(row))
        picked.sort(axis=1)
    return picked


def benjamini_yekutieli(p: Floats) -> Floats:
    """Adjusted p-values that hold the false discovery rate under any dependence (Benjamini & Yekutieli 2001)."""
    m = len(p)
    if not m:
        return p
    order = np.argsort(p)
    harmonic = (1.0 / np.arange(1, m + 1)).sum()
    scaled = p[order] * m * harmonic / np.arange(1, m + 1)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def _family(arms: Sequence[_Arm], edges: Sequence[str]) -> list[Difference]:
    k = len(edges)
    tested = [arm for arm in arms if arm.p is not None]
    flat = np.concatenate([arm.p[:k] for arm in tested if arm.p is not None]) if tested else np.empty(0)
    adjusted = dict(zip((arm.group for arm in tested), benjamini_yekutieli(flat).reshape(-1, k), strict=True))
    return [
        _difference(arm, edge, position, adjusted.get(arm.group))
        for arm in arms
        for position, edge in enumerate(edges)
    ]


def _difference(arm: _Arm, edge: str, at: int, adjusted: Floats | None) -> Difference:
    low = None if adjusted is None else float(adjusted[at])
    finding = low is not None and low < LEVEL and abs(float(arm.delta[at])) >= NOTABLE
    scalar_shows = arm.p is not None and arm.p[-1] < LEVEL and abs(arm.delta[-1]) >= NOTABLE
    ratio = float(arm.ratio[at])
    return Difference(
        group=arm.group,
        edge=edge,
        n=arm.n,
        rest=arm.rest,
        delta=float(arm.delta[at]),
        interval=(float(arm.delta[at] - arm.half[at]), float(arm.delta[at] + arm.half[at])),
        impact_ratio=ratio if np.isfinite(ratio) else None,
        p=None if arm.p is None else float(arm.p[at]),
        adjusted=low,
        finding=finding,
        hidden=finding and not scalar_shows,
        scalar_delta=float(arm.delta[-1]),
        scalar_interval=(float(arm.delta[-1] - arm.half[-1]), float(arm.delta[-1] + arm.half[-1])),
    )
