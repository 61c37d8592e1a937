"""Putting raw figures of a scorer onto the scale of an edge, and saying how well that worked.

Two monotone maps from a raw figure to [0, 1], fitted to targets in [0, 1] (what people said of the same options):

- isotonic regression by pooling adjacent violators (Ayer et al. 1955), linear between the centres of its blocks;
- Platt scaling, 1 / (1 + exp(-(a x + b))), by Newton's method with step halving (Platt 1999; Lin, Lin & Weng 2007).

Errors are measured on data that the map was not fitted to (cross-validation), never on the data it was fitted to.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from edgewise.errors import EdgewiseError

FOLDS = 5
LEAST = 20
BINS = 10
DRAWS = 1_000
MAX_SD = 0.5

Pairs = list[tuple[float, float]]


class CalibrationError(EdgewiseError):
    """The data cannot carry a calibration; the message names the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A rising line through `points` (raw figure, score), flat beyond the first and the last."""

    points: tuple[tuple[float, float], ...]
    method: str = "isotonic"

    def __call__(self, raw: float) -> float:
        place = bisect_right(self.points, (raw, math.inf))
        if place == 0:
            return self.points[0][1]
        if place == len(self.points):
            return self.points[-1][1]
        (x0, y0), (x1, y1) = self.points[place - 1], self.points[place]
        return y0 + (y1 - y0) * (raw - x0) / (x1 - x0)


@dataclass(frozen=True, slots=True)
class Platt:
    """1 / (1 + exp(-(slope · raw + offset)))."""

    slope: float
    offset: float
    method: str = "platt"

    def __call__(self, raw: float) -> float:
        return _logistic(self.slope * raw + self.offset)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted map with what an edge card says of it.

    `rmse` is the root mean square of (score − target) on held-out data, `interval` its 95 % interval (percentile
    bootstrap); `calibration_error` the mean distance of score and target over ten bins of equal size, held out too.
    """

    map: Isotonic | Platt
    n: int
    rmse: float
    interval: tuple[float, float]
    calibration_error: float

    def __call__(self, raw: float) -> float:
        """The score of a raw figure."""
        return self.map(raw)

    @property
    def sd(self) -> float:
        """The standard deviation to state beside a score: the held-out error, at most 0.5."""
        return min(self.rmse, MAX_SD)

    def card(self, data: str) -> dict[str, object]:
        """The calibration fields of an edge card; `data` says what was rated by whom."""
        low, high = self.interval
        return {
            "calibration": data,
            "calibration_n": self.n,
            "calibration_metric": "rmse",
            "calibration_value": round(self.rmse, 6),
            "calibration_low": round(low, 6),
            "calibration_high": round(high, 6),
        }


def isotonic(raw: Sequence[float], targets: Sequence[float], *, seed: int = 0) -> Calibration:
    """Fits a rising line without assuming its shape; needs more data than `platt`.

    CalibrationError for fewer than 20 pairs, figures that are not finite or all the same, targets outside 0 to 1.
    """
    return _calibrated(raw, targets, _fit_isotonic, seed)


def platt(raw: Sequence[float], targets: Sequence[float], *, seed: int = 0) -> Calibration:
    """Fits an S-shaped curve with two parameters. CalibrationError as `isotonic` raises it."""
    return _calibrated(raw, targets, _fit_platt, seed)


def _calibrated(
    raw: Sequence[float], targets: Sequence[float], fit: Callable[[Pairs], Isotonic | Platt], seed: int
) -> Calibration:
    pairs = _checked(raw, targets)
    chance = random.Random(seed)  # noqa: S311  (draws of a bootstrap, not secrets)
    held_out = _held_out(pairs, fit, chance)
    squares = [(score - target) ** 2 for score, target in held_out]
    draws = sorted(math.sqrt(fmean(chance.choices(squares, k=len(squares)))) for _ in range(DRAWS))
    return Calibration(
        map=fit(pairs),
        n=len(pairs),
        rmse=math.sqrt(fmean(squares)),
        interval=(draws[round(0.025 * (DRAWS - 1))], draws[round(0.975 * (DRAWS - 1))]),
        calibration_error=calibration_error(held_out),
    )


def _checked(raw: Sequence[float], targets: Sequence[float]) -> Pairs:
    if len(raw) != len(targets):
        raise CalibrationError(
            f"There are {len(raw)} raw figures and {len(targets)} targets; send one of each."
        )
    if len(raw) < LEAST:
        raise CalibrationError(f"There are {len(raw)} pairs; a calibration needs at least {LEAST}.")
    if not all(math.isfinite(x) for x in raw):
        raise CalibrationError("A raw figure is not finite; leave that pair out.")
    if not all(0 <= y <= 1 for y in targets):
        raise CalibrationError("A target lies outside 0 to 1; rescale the ratings.")
    if len(set(raw)) < 2:
        raise CalibrationError("Every raw figure is the same; it says nothing about the targets.")
    return list(zip(map(float, raw), map(float, targets), strict=True))


def _held_out(pairs: Pairs, fit: Callable[[Pairs], Isotonic | Platt], chance: random.Random) -> Pairs:
    """(score, target) of every pair, each scored by a map fitted to the other folds."""
    shuffled = chance.sample(pairs, len(pairs))
    found: Pairs = []
    for fold in range(FOLDS):
        rest = [pair for place, pair in enumerate(shuffled) if place % FOLDS != fold]
        curve = fit(rest)
        found += [(curve(x), y) for x, y in shuffled[fold::FOLDS]]
    return found


def calibration_error(pairs: Sequence[tuple[float, float]], bins: int = BINS) -> float:
    """Mean distance between the average score and the average target, over `bins` of equal size."""
    ordered = sorted(pairs)
    edges = [round(number * len(ordered) / bins) for number in range(bins + 1)]
    parts = [ordered[low:high] for low, high in pairwise(edges) if high > low]
    gaps = [len(part) * abs(fmean(s for s, _ in part) - fmean(t for _, t in part)) for part in parts]
    return sum(gaps) / len(ordered)


def _fit_isotonic(pairs: Pairs) -> Isotonic:
    """Blocks of (sum of raw, sum of targets, count), pooled while a later block lies lower."""
    blocks: list[tuple[float, float, int]] = []
    for block in _equal_raws(pairs):
        blocks.append(block)
        while len(blocks) > 1 and _mean(blocks[-2]) >= _mean(blocks[-1]):
            last, before = blocks.pop(), blocks.pop()
            blocks.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    if len(blocks) < 2:
        raise CalibrationError("Higher raw figures do not go with higher targets; check the direction.")
    return Isotonic(tuple((sum_x / n, sum_y / n) for sum_x, sum_y, n in blocks))


def _equal_raws(pairs: Pairs) -> list[tuple[float, float, int]]:
    """One block for each distinct raw figure, in rising order."""
    blocks: dict[float, tuple[float, float, int]] = {}
    for x, y in sorted(pairs):
        sum_x, sum_y, n = blocks.get(x, (0.0, 0.0, 0))
        blocks[x] = (sum_x + x, sum_y + y, n + 1)
    return list(blocks.values())


def _mean(block: tuple[float, float, int]) -> float:
    return block[1] / block[2]


def _fit_platt(pairs: Pairs) -> Platt:
    """Newton's method on the cross-entropy, on raw figures brought to mean 0 and standard deviation 1.

    As in Platt 1999 the targets are drawn in by (N₊ + 1)/(N₊ + 2) and 1/(N₋ + 2), so that data that separate perfectly
    still have a finite slope.
    """
    centre, spread = _location([x for x, _ in pairs])
    if not spread > 1e-9 * max(1.0, abs(centre)):
        raise CalibrationError("Nearly every raw figure is the same; it says nothing about the targets.")
    positive = sum(y for _, y in pairs)
    high, low = (positive + 1) / (positive + 2), 1 / (len(pairs) - positive + 2)
    data = [((x - centre) / spread, low + y * (high - low)) for x, y in pairs]
    slope, offset = _newton(data)
    if slope <= 0:
        raise CalibrationError("Higher raw figures do not go with higher targets; check the direction.")
    return Platt(slope / spread, offset - slope * centre / spread)


def _location(values: Sequence[float]) -> tuple[float, float]:
    centre = fmean(values)
    return centre, math.sqrt(fmean((value - centre) ** 2 for value in values))


def _newton(data: Pairs, steps: int = 100) -> tuple[float, float]:
    slope = offset = 0.0
    loss = _loss(data, slope, offset)
    for _ in range(steps):
        g1 = g0 = h11 = h10 = h00 = 0.0
        for x, y in data:
            p = _logistic(slope * x + offset)
            g1, g0, w = g1 + (p - y) * x, g0 + p - y, p * (1 - p)
            h11, h10, h00 = h11 + w * x * x, h10 + w * x, h00 + w
        if max(abs(g1), abs(g0)) < 1e-9 * len(data):
            break
        h11, h00 = h11 + 1e-12, h00 + 1e-12
        determinant = h11 * h00 - h10 * h10
        d1, d0 = (h00 * g1 - h10 * g0) / determinant, (h11 * g0 - h10 * g1) / determinant
        step = 1.0
        while step > 1e-10 and _loss(data, slope - step * d1, offset - step * d0) > loss:
            step /= 2
        slope, offset = slope - step * d1, offset - step * d0
        loss = _loss(data, slope, offset)
    return slope, offset


def _loss(data: Pairs, slope: float, offset: float) -> float:
    """Cross-entropy, Σ ln(1 + exp(z)) − y z, without overflow."""
    total = 0.0
    for x, y in data:
        z = slope * x + offset
        total += max(z, 0.0) + math.log1p(math.exp(-abs(z))) - y * z
    return total


def _logistic(z: float) -> float:
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))
