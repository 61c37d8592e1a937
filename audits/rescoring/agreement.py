"""How well an independent scorer agrees with the reported scores of one edge. Pure.

Lin's concordance correlation (Lin 1989, Biometrics 45, 255–268; moments divided by n):
ρ_c = 2 s_xy / (s_x² + s_y² + (x̄ − ȳ)²). It is 1 only where both say the same, not merely where they rise together.
Interval: percentile bootstrap over whole decisions (2,000 draws), as the options of one decision are not independent.
Where the model logs a share of its decisions, each counts 1/rate, and their number is Kish's effective one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audits.decisions import weighing
from audits.decisions.weighing import Floats

DRAWS = 2_000
LEVEL = 0.05
LEAST_DECISIONS = 30
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Agreed:
    """``value``, ``interval``: None under 30 decisions or where nothing varies; ``difference``: mean |x − y|."""

    decisions: int
    value: float | None
    interval: tuple[float, float] | None
    difference: float | None


def agreement(
    pairs: Sequence[Sequence[tuple[float, float]]], *, weights: Floats | None = None, seed: int = 0
) -> Agreed:
    """``pairs``: for each decision the (reported, independent) scores of its options that have both.

    ``weights``: how much each decision counts; all alike if None.
    """
    rows = [row for row, each in enumerate(pairs) if len(each)]
    if not rows:
        return Agreed(0, None, None, None)
    known = [np.array(pairs[row], np.float64) for row in rows]
    counts = np.ones(len(rows)) if weights is None else weights[rows]
    apart = np.abs(np.diff(np.concatenate(known), axis=1))[:, 0]
    difference = float(weighing.mean(apart, np.repeat(counts, [len(each) for each in known])))
    sums = np.array([_sums(each) for each in known]) * counts[:, None]
    value = float(_concordance(sums.sum(axis=0)))
    if weighing.effective(counts) < LEAST_DECISIONS or np.isnan(value):
        return Agreed(len(known), None, None, difference)
    drawn = _bootstrap(sums, seed)
    low, high = np.nanquantile(drawn, [LEVEL / 2, 1 - LEVEL / 2])
    return Agreed(len(known), value, (min(float(low), value), max(float(high), value)), difference)


def _sums(each: Floats) -> list[float]:
    """n, Σx, Σy, Σx², Σy², Σxy of one decision."""
    x, y = each[:, 0], each[:, 1]
    return [len(each), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()]


def _concordance(sums: Floats) -> Floats:
    """ρ_c from sums (…, 6); NaN where neither score varies and both are equal."""
    n, sx, sy, sxx, syy, sxy = np.moveaxis(sums, -1, 0)
    mx, my = sx / n, sy / n
    spread = sxx / n - mx**2 + syy / n - my**2 + (mx - my) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(spread > _TINY, 2 * (sxy / n - mx * my) / spread, np.nan))


def _bootstrap(sums: Floats, seed: int) -> Floats:
    """(draws,): ρ_c of decisions drawn with replacement."""
    n = len(sums)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    return _concordance(counts @ sums)
