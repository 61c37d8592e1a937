"""Confidence under rules without a closed form: 4,096 draws, the same for the same record for ever.

The generator is SplitMix64 run as a counter (Steele, Lea & Flood 2014), written out here so that no library's next
version changes a figure that a report has stated.
"""

import uuid

import numpy as np
from numpy.typing import NDArray

from audits.decisions.columns import Columns, Terms, winners
from audits.decisions.distributions import normal_quantile

DRAWS = 4_096
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def normals(seed: uuid.UUID, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Standard normal numbers that depend on ``seed`` and their position only."""
    count = int(np.prod(shape))
    start = np.uint64((seed.int ^ (seed.int >> 64)) & 0xFFFFFFFFFFFFFFFF)
    z = start + _GOLDEN * np.arange(1, count + 1, dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    z ^= z >> np.uint64(31)
    uniform = ((z >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return normal_quantile(uniform).reshape(shape)


def confidence(
    columns: Columns, terms: Terms, eligible: NDArray[np.bool_], seed: uuid.UUID
) -> tuple[float, float]:
    """P(the chosen option wins) of one decision and its standard error; NaN if a deviation is unstated.

    ``columns`` and ``eligible`` hold one decision. Draws are clipped to [0, 1]; feasibility stays as logged.
    """
    weights = np.broadcast_to(terms.weights, (columns.scores.shape[2],))
    needed = eligible[0][:, None] & (weights > 0)[None, :]
    if (
        columns.chosen[0] < 0
        or np.isnan(columns.sd[0])[needed].any()
        or np.isnan(columns.scores[0])[needed].any()
    ):
        return np.nan, np.nan
    shape = (DRAWS, *columns.scores.shape[1:])
    spread = np.nan_to_num(columns.sd[0])
    scores = np.clip(columns.scores[0] + spread * normals(seed, shape), 0.0, 1.0)
    present = np.broadcast_to(eligible[0], shape[:2])
    drawn = Columns(scores, np.zeros(shape), present, np.full(DRAWS, columns.chosen[0]))
    share = float((winners(drawn, terms, present) == columns.chosen[0]).mean())
    return share, float(np.sqrt(share * (1 - share) / DRAWS))
