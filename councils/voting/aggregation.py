"""How ballots that share points become weights: exact rationals, standard library only.

A ballot is a sequence of points over the edges with a fixed ``total``; constituency c holds the share s_c of the
seats and its n_c ballots weigh s_c / n_c each, however many of its members vote. A constituency without ballots
lapses, and the shares of the others rescale by themselves, for only proportions of weight matter.

Independent markets and the utilitarian rule are moving-phantom mechanisms (Freeman, Pennock, Peters and Wortman
Vaughan, "Truthful aggregation of budget proposals", arXiv 1905.00457), here in their weighted form.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

Points = int | Fraction
Weights = list[Fraction]
STEPS = 10**6


@dataclass(frozen=True)
class Block:
    """The ballots of one constituency: its ``seats`` and one row of points (per edge) per ballot."""

    seats: int
    ballots: Sequence[Sequence[Points]]


@dataclass(frozen=True)
class Support:
    """How much weight asks for at least so much of one edge.

    ``levels`` are the distinct reports above 0, falling; ``weight[k]`` is the integer weight of the ballots that
    report at least ``levels[k]``, rising.
    """

    levels: Sequence[Points]
    weight: Sequence[int]


@dataclass(frozen=True)
class Profile:
    """All that the count needs to know: the support of each edge, the whole weight and the points of a ballot."""

    edges: Sequence[Support]
    weight: int
    total: int


def profile(blocks: Iterable[Block], *, edges: int, total: int) -> Profile:
    """The histogram of ``blocks``: (constituency, edge, points) counted, weighted and cumulated in integers."""
    voting = [block for block in blocks if block.ballots and block.seats]
    common = math.lcm(*(len(block.ballots) for block in voting))
    tallies: list[dict[Points, int]] = [{} for _ in range(edges)]
    for block in voting:
        weight = block.seats * (common // len(block.ballots))
        for tally, column in zip(tallies, zip(*block.ballots, strict=True), strict=True):
            for points, ballots in Counter(column).items():
                tally[points] = tally.get(points, 0) + weight * ballots
    whole = common * sum(block.seats for block in voting) if voting else 0
    return Profile([_support(tally) for tally in tallies], whole, total)


def _support(tally: dict[Points, int]) -> Support:
    levels = sorted((points for points in tally if points > 0), reverse=True)
    return Support(levels, list(accumulate(tally[points] for points in levels)))


def independent_markets(votes: Profile) -> Weights | None:
    """The proportional tally: x_j = max_v min(v, λ·A_j(v)), with λ such that the weights sum to 1.

    Truthful under the L1 distance and proportional: ten single-minded ballots 6/3/1 give 3/5, 3/10, 1/10. An edge
    nobody wants gets 0. Returns None when nobody voted: the status quo stays.
    """
    if not votes.weight:
        return None
    markets = [_Market(support) for support in votes.edges]
    moments = sorted({moment for market in markets for moment in market.breakpoints()})
    at = bisect_left(
        moments, Fraction(votes.total), key=lambda moment: _total(m.price(moment) for m in markets)
    )
    low, high = (moments[at - 1] if at else Fraction(0)), moments[at]
    start, end = [m.price(low) for m in markets], [m.price(high) for m in markets]
    part = (votes.total - _total(start)) / (_total(end) - _total(start))
    return [(s + part * (e - s)) / votes.total for s, e in zip(start, end, strict=True)]


def _total(values: Iterable[Fraction]) -> Fraction:
    return sum(values, Fraction(0))


class _Market:
    """One edge: its price x(λ) = max_v min(v, λ·A(v)), piecewise linear and never falling."""

    def __init__(self, support: Support) -> None:
        self.levels, self.weight = support.levels, support.weight
        self.reached = [Fraction(v) / a for v, a in zip(self.levels, self.weight, strict=True)]

    def breakpoints(self) -> list[Fraction]:
        """Where x(λ) bends: it reaches a level (v/A(v)), or leaves the level below (v_below/A(v))."""
        leaves = (Fraction(v) / a for v, a in zip(self.levels[1:], self.weight, strict=False))
        return [*self.reached, *leaves]

    def price(self, moment: Fraction) -> Fraction:
        """x(λ): the highest level already reached, or the rise towards the next one, if that is more."""
        at = bisect_left(self.reached, -moment, key=lambda reached: -reached)
        level = Fraction(self.levels[at]) if at < len(self.levels) else Fraction(0)
        return max(level, moment * self.weight[at - 1]) if at else level


def utilitarian(votes: Profile) -> Weights | None:
    """The weights nearest to the ballots in summed L1 distance, ties shared evenly; truthful, not proportional.

    The phantoms clip(t(n+1) − k, 0, 1) are all at 0 or 1 but one: every edge stands at the level that more than a
    critical weight asks for, and levels of just that weight rise together to one common height.
    """
    if not votes.weight:
        return None
    critical = sorted({weight for support in votes.edges for weight in support.weight}, reverse=True)
    at = bisect_left(critical, Fraction(votes.total), key=lambda w: _total(_level(s, w) for s in votes.edges))
    low = [_level(s, critical[at - 1]) if at else Fraction(0) for s in votes.edges]
    high = [_level(s, critical[at]) for s in votes.edges]
    return [x / votes.total for x in _level_off(low, high, votes.total)]


def _level(support: Support, weight: int) -> Fraction:
    """The highest level that at least ``weight`` asks for."""
    at = bisect_left(support.weight, weight)
    return Fraction(support.levels[at]) if at < len(support.levels) else Fraction(0)


def _level_off(low: Sequence[Fraction], high: Sequence[Fraction], total: int) -> list[Fraction]:
    """Raises ``low`` towards ``high`` to one common height, until the sum is ``total``."""

    def at_height(height: Fraction) -> list[Fraction]:
        return [min(max(height, lo), hi) for lo, hi in zip(low, high, strict=True)]

    heights = sorted({*low, *high})
    above = bisect_left(heights, Fraction(total), key=lambda height: _total(at_height(height)))
    if above == 0:
        return list(low)
    start, end = at_height(heights[above - 1]), at_height(heights[above])
    part = (total - _total(start)) / (_total(end) - _total(start))
    return [s + part * (e - s) for s, e in zip(start, end, strict=True)]


def mean(votes: Profile) -> Weights | None:
    """The weighted mean; a single extreme ballot can pull it."""
    if not votes.weight:
        return None
    return [_sum(support) / (votes.weight * votes.total) for support in votes.edges]


def _sum(support: Support) -> Fraction:
    own = (b - a for a, b in zip([0, *support.weight], support.weight, strict=False))
    return sum((Fraction(v) * weight for v, weight in zip(support.levels, own, strict=True)), Fraction(0))


def median(votes: Profile) -> Weights | None:
    """The weighted median of each edge on its own, the middle of the two when they differ; need not sum to 1."""
    if not votes.weight:
        return None
    half = Fraction(votes.weight, 2)
    return [
        (_level(s, math.ceil(half)) + _level(s, math.floor(half) + 1)) / (2 * votes.total)
        for s in votes.edges
    ]


RULES: dict[str, Callable[[Profile], Weights | None]] = {
    "independent_markets": independent_markets,
    "utilitarian": utilitarian,
    "mean": mean,
    "median": median,
}


def above_floors(shares: Sequence[Fraction], floors: Sequence[int]) -> Weights:
    """Weights when ``floors`` (points of 100) were set aside before the vote: floor + (1 − Σ floor)·x."""
    free = Fraction(100 - sum(floors), 100)
    return [Fraction(floor, 100) + free * share for floor, share in zip(floors, shares, strict=True)]


def largest_remainder(weights: Sequence[Fraction], *, steps: int = STEPS) -> Weights:
    """Weights that sum to 1, rounded to multiples of 1/``steps`` so that they still do (Hamilton's method).

    Equal remainders go to the earlier edge. Raises ValueError when the weights do not sum to 1.
    """
    if sum(weights) != 1:
        raise ValueError("Weights must sum to 1.")
    down = [math.floor(weight * steps) for weight in weights]
    remainders = [weight * steps - whole for weight, whole in zip(weights, down, strict=True)]
    order = sorted(range(len(weights)), key=lambda edge: -remainders[edge])
    for edge in order[: steps - sum(down)]:
        down[edge] += 1
    return [Fraction(whole, steps) for whole in down]
