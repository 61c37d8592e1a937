"""Edge-level discrepancy: differences between groups that a single score hides.

For each group and edge Δ = E[chosen score | group] − E[chosen score | rest]. Welch's test, or a permutation within
context where an arm is small; false discoveries held by Benjamini–Yekutieli over the family of one report.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]
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
    seed: int = 0,
) -> list[Difference]:
    """All pairs of group and edge: one family. ``chosen`` (n, j), ``total`` (n,) the scalar, ``strata`` (n,) contexts.

    Groups under 10 are left out (published slices are suppressed below that); members without a label count as rest.
    """
    outcomes = np.column_stack([chosen, total])
    named = np.array([label or "" for label in labels])
    arms = [
        arm
        for group in sorted(set(named) - {""})
        if (arm := _compared(outcomes, named == group, group, strata, seed)) is not None
    ]
    return _family(arms, edges)


def _compared(outcomes: Floats, member: Bools, group: str, strata: Ints, seed: int) -> _Arm | None:
    inside, outside = outcomes[member], outcomes[~member]
    n, rest = len(inside), len(outside)
    if n < PUBLISHED_FROM or rest < 2:
        return None
    delta = inside.mean(axis=0) - outside.mean(axis=0)
    error, freedom = _welch_error(inside, outside)
    half = stdtrit(freedom, 1 - LEVEL / 2) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = inside.mean(axis=0) / outside.mean(axis=0)
        p = 2 * stdtr(freedom, -np.abs(delta) / error)
    if min(n, rest) < TESTED_FROM:
        return _Arm(group, n, rest, delta, half, ratio, None)
    if min(n, rest) < WELCH_FROM:
        p = permutation_p(outcomes, member, strata, seed=seed)
    return _Arm(group, n, rest, delta, half, ratio, np.where(error > 0, p, 1.0))


def _welch_error(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Standard error of the difference of means and Welch–Satterthwaite degrees of freedom."""
    va, vb = a.var(axis=0, ddof=1) / len(a), b.var(axis=0, ddof=1) / len(b)
    floor = np.finfo(float).tiny
    freedom = (va + vb) ** 2 / np.maximum(va**2 / (len(a) - 1) + vb**2 / (len(b) - 1), floor)
    return np.sqrt(va + vb), np.maximum(freedom, 1.0)


def permutation_p(outcomes: Floats, member: Bools, strata: Ints, *, seed: int, draws: int = DRAWS) -> Floats:
    """(k,): p = (b + 1)/(B + 1), memberships permuted within each stratum, distance from the permutation mean."""
    rng = np.random.default_rng(seed)
    sums = np.zeros((draws, outcomes.shape[1]))
    expected = np.zeros(outcomes.shape[1])
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        size = int(member[rows].sum())
        centred = outcomes[rows]
        expected += size * centred.mean(axis=0)
        if 0 < size < len(rows):
            sums += _subset_sums(centred, size, draws, rng)
        else:
            sums += size * centred.mean(axis=0)
    observed = np.abs(outcomes[member].sum(axis=0) - expected)
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
