"""Estimates from a log that holds a share of the decisions: each counts 1/rate of its ``sampling``. Pure.

Intervals and least numbers rest on Kish's effective number, (Σw)²/Σw² (Kish 1965, Survey Sampling, ch. 11.7): how many
equally weighted decisions would say as much. Where every weight is 1, each figure is the unweighted one, bit by bit.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ALPHA = 0.05
Z = 1.959963984540054  # the normal distribution's quantile of 1 - ALPHA / 2


def of_rates(rates: Floats) -> Floats:
    """(n,): how much each decision counts, 1/rate relative to the one logged most rarely; 1 each under one rate."""
    return np.asarray(rates.min() / rates) if len(rates) else rates


def is_weighted(rates: Floats) -> bool:
    """Whether the model logs a share of its decisions only."""
    return bool((rates != 1.0).any())


def effective(weights: Floats) -> float:
    """Kish's effective number of decisions; 0 for none."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def mean(values: Floats, weights: Floats) -> Floats:
    """Means over the first axis of ``values`` (n,) or (n, k)."""
    return np.asarray(_spread(values, weights).sum(axis=0) / weights.sum())


def variance(values: Floats, weights: Floats) -> Floats:
    """Sample variance about the weighted mean: Σ w (x − x̄)² / (Σw − Σw²/Σw), which is n − 1 below for even weights."""
    total = weights.sum()
    apart = (values - mean(values, weights)) ** 2
    return np.asarray(_spread(apart, weights).sum(axis=0) / (total - (weights**2).sum() / total))


def _spread(values: Floats, weights: Floats) -> Floats:
    return values * (weights if values.ndim == 1 else weights[:, None])


def share(holds: NDArray[np.bool_], weights: Floats) -> float | None:
    """The estimated share of decisions for which it ``holds``; None of none."""
    return float(weights[holds].sum() / weights.sum()) if len(weights) else None


def share_interval(holds: NDArray[np.bool_], weights: Floats) -> tuple[float, float] | None:
    """Wilson's 95 % interval for ``share``."""
    found = share(holds, weights)
    return None if found is None else wilson(found, effective(weights))


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval for a share of ``n`` decisions."""
    square = Z**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z / (1 + square / n) * float(np.sqrt(share * (1 - share) / n + square / (4 * n**2)))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
