"""Many decisions at once: scores as arrays, scored, attributed and judged for confidence in one pass.

Shapes: n decisions, o options (padded to the widest decision), j edges in the order of the edge set. Absent options
and missing scores are NaN. The scalar counterparts are ``edgewise.scoring`` and ``attribution``; tests hold them equal.
"""

from dataclasses import dataclass

import numpy as np
from edgewise import scoring
from numpy.typing import NDArray

from audits.decisions.distributions import normal_cdf

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

EPSILON, RHO, FLOOR = scoring.TIE, scoring.RHO, scoring.NASH_FLOOR
_GRID = np.linspace(-8.0, 8.0, 801)
_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Columns:
    """``scores`` and ``sd`` (n, o, j) in [0, 1] and [0, 0.5]; ``present`` (n, o); ``chosen`` (n,), −1 for none."""

    scores: Floats
    sd: Floats
    present: Bools
    chosen: Ints

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Columns":
        """The decisions at ``rows``."""
        return Columns(self.scores[rows], self.sd[rows], self.present[rows], self.chosen[rows])


@dataclass(frozen=True, slots=True)
class Norm:
    """``edge − z·sd ≥ minimum``; ``edge`` is its position."""

    edge: int
    minimum: float
    z: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy asks: ``weights`` (j,) or (n, j); ``tiers`` as (edge positions, tolerance) from first to last."""

    weights: Floats
    rule: str = "weighted_sum"
    norms: tuple[Norm, ...] = ()
    tiers: tuple[tuple[tuple[int, ...], float], ...] = ()


@dataclass(frozen=True, slots=True)
class Attribution:
    """``runner`` is −1 and ``margin`` NaN without a rival; ``driving`` (n, j) is true for each deciding edge."""

    utilities: Floats
    feasible: Bools
    winner: Ints
    runner: Ints
    margin: Floats
    contributions: Floats
    driving: Bools


def feasible(columns: Columns, norms: tuple[Norm, ...]) -> Bools:
    """(n, o): present and meeting every hard norm. A missing score or, where z > 0, a missing sd does not meet it."""
    meets = columns.present.copy()
    for norm in norms:
        value = columns.scores[:, :, norm.edge]
        if norm.z:
            value = value - norm.z * columns.sd[:, :, norm.edge]
        meets &= value >= norm.minimum
    return meets


def _per_decision(weights: Floats, n: int) -> Floats:
    return np.broadcast_to(weights, (n, weights.shape[-1]))


def _dot(scores: Floats, weights: Floats) -> Floats:
    if weights.ndim == 1:
        return np.asarray(scores @ weights)
    return np.asarray(np.einsum("noj,nj->no", scores, weights))


def utilities(scores: Floats, terms: Terms) -> Floats:
    """(n, o): U of every option; NaN where a score is missing. Lexicographic has no single U: the weighted sum."""
    weights = terms.weights
    spread = weights if weights.ndim == 1 else weights[:, None, :]
    if terms.rule == "tchebycheff":
        return np.asarray(RHO * _dot(scores, weights) - np.max(spread * (1.0 - scores), axis=2))
    if terms.rule == "nash":
        return _dot(np.log(np.maximum(scores, FLOOR)), weights)
    return _dot(scores, weights)


def best(values: Floats, eligible: Bools, tolerance: float = EPSILON) -> Ints:
    """(n,): the first eligible option within ``tolerance`` of the highest value, −1 if none is eligible."""
    masked = np.where(eligible & ~np.isnan(values), values, -np.inf)
    top = masked.max(axis=1, initial=-np.inf)
    first = np.argmax(masked >= (top - tolerance)[:, None], axis=1)
    return np.where(np.isneginf(top), -1, first)


def _tier_values(scores: Floats, weights: Floats, edges: tuple[int, ...]) -> tuple[Floats, Bools]:
    """V_t (n, o), and (n,) whether the tier carries weight at all."""
    chosen = list(edges)
    part = weights[..., chosen]
    total = np.broadcast_to(part.sum(axis=-1), (len(scores),))
    safe = np.where(total > 0, total, 1.0)
    return _dot(scores[:, :, chosen], part) / safe[:, None], total > 0


def winners(columns: Columns, terms: Terms, eligible: Bools) -> Ints:
    """(n,): the option the rule picks among ``eligible`` ones, −1 where there is none."""
    if terms.rule == "lexicographic":
        left = survivors(columns, terms, eligible)
        return np.where(left.any(axis=1), np.argmax(left, axis=1), -1)
    return best(utilities(columns.scores, terms), eligible & ~np.isnan(columns.scores).any(axis=2))


def survivors(columns: Columns, terms: Terms, eligible: Bools) -> Bools:
    """(n, o): what sequential elimination, tier by tier, leaves of the eligible and fully scored options."""
    left = eligible & ~np.isnan(columns.scores).any(axis=2)
    for position, (edges, tolerance) in enumerate(terms.tiers):
        values, weighty = _tier_values(columns.scores, terms.weights, edges)
        slack = 0.0 if position == len(terms.tiers) - 1 else tolerance
        top = np.where(left, values, -np.inf).max(axis=1, initial=-np.inf)
        kept = left & (values >= (top - slack - EPSILON)[:, None])
        left = np.where(weighty[:, None], kept, left)
    return left


def pick(array: Floats, option: Ints) -> Floats:
    """Rows of ``array`` (n, o, …) at ``option`` (n,); NaN where it is −1."""
    taken = array[np.arange(len(option)), np.maximum(option, 0)]
    missing = (option < 0).reshape((-1,) + (1,) * (taken.ndim - 1))
    return np.where(missing, np.nan, taken)


def without(eligible: Bools, option: Ints) -> Bools:
    """``eligible`` with each decision's ``option`` struck out."""
    others = eligible.copy()
    rows = np.flatnonzero(option >= 0)
    others[rows, option[rows]] = False
    return others


def attribute(columns: Columns, terms: Terms) -> Attribution:
    """Runner-up, margin, contributions and deciding edges of the option chosen (weighted_sum and nash)."""
    meets = feasible(columns, terms.norms)
    values = utilities(columns.scores, terms)
    winner = winners(columns, terms, meets)
    runner = winners(columns, terms, without(meets, columns.chosen))
    runner = np.where(columns.chosen < 0, -1, runner)
    weights = _per_decision(terms.weights, len(columns))
    gains = pick(_scale(columns.scores, terms.rule), columns.chosen)
    gains = gains - pick(_scale(columns.scores, terms.rule), runner)
    contributions = weights * gains
    margin = pick(values, columns.chosen) - pick(values, runner)
    return Attribution(values, meets, winner, runner, margin, contributions, deciding(contributions, margin))


def _scale(scores: Floats, rule: str) -> Floats:
    return np.log(np.maximum(scores, FLOOR)) if rule == "nash" else scores


def deciding(contributions: Floats, margin: Floats) -> Bools:
    """(n, j): the edges that contribute most; none where the margin is at most 10⁻⁹ or unknown."""
    known = np.where(np.isnan(contributions), -np.inf, contributions)
    top = known.max(axis=1, initial=-np.inf)
    decided = np.nan_to_num(margin, nan=-1.0) > EPSILON
    return np.asarray((known >= (top - EPSILON)[:, None]) & decided[:, None])


def confidence(columns: Columns, terms: Terms, eligible: Bools) -> Floats:
    """(n,): P(the chosen option has the highest weighted sum) under independent normal errors; NaN if unstated.

    With v_o = Σ w_j² sd_oj²: ∫ φ(z) Π_r Φ((U_c + √v_c z − U_r)/√v_r) dz, trapezoid, 801 points on ±8.
    """
    weights = _per_decision(terms.weights, len(columns))
    stated = np.where(weights[:, None, :] == 0, 0.0, columns.sd)
    variance = np.einsum("noj,nj->no", stated**2, weights**2)
    values = utilities(columns.scores, terms)
    rivals = without(eligible, columns.chosen) & ~np.isnan(values)
    unstated = (np.isnan(variance) & rivals).any(axis=1)
    lead = pick(values, columns.chosen)[:, None] - values
    own = pick(variance, columns.chosen)
    result = _probability(lead, np.sqrt(variance), np.sqrt(own), rivals)
    return np.where(unstated | np.isnan(own) | np.isnan(lead).all(axis=1), np.nan, result)


def _probability(lead: Floats, deviation: Floats, own: Floats, rivals: Bools) -> Floats:
    out = np.empty(len(own))
    noisy = rivals & (np.nan_to_num(deviation) > 0)
    sure = rivals & ~noisy
    fixed = own == 0
    out[fixed] = _fixed(lead[fixed], deviation[fixed], noisy[fixed], sure[fixed])
    pair = ~fixed & (rivals.sum(axis=1) == 1)
    out[pair] = _pair(lead[pair], deviation[pair], own[pair], rivals[pair])
    for start in range(0, len(own), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(own)))
        rows = rows[~fixed[rows] & ~pair[rows]]
        out[rows] = _integral(lead[rows], deviation[rows], own[rows], noisy[rows], sure[rows])
    return out


def _pair(lead: Floats, deviation: Floats, own: Floats, rivals: Bools) -> Floats:
    """Two options: Φ(m / √(v_c + v_r))."""
    margin = np.where(rivals, lead, 0.0).sum(axis=1)
    rival = np.where(rivals, deviation, 0.0).sum(axis=1)
    return np.asarray(normal_cdf(margin / np.sqrt(own**2 + rival**2)))


def _fixed(lead: Floats, deviation: Floats, noisy: Bools, sure: Bools) -> Floats:
    """The chosen total is certain: a product over noisy rivals; a share among those certain and tied with it."""
    odds = np.where(noisy, normal_cdf(lead / np.where(noisy, deviation, 1.0)), 1.0).prod(axis=1)
    beaten = (sure & (lead < -EPSILON)).any(axis=1)
    ties = 1 + (sure & (np.abs(lead) <= EPSILON)).sum(axis=1)
    return np.where(beaten, 0.0, odds / ties)


def _integral(lead: Floats, deviation: Floats, own: Floats, noisy: Bools, sure: Bools) -> Floats:
    """The trapezoid; rivals without error cut the range of z at the point where the chosen option overtakes them.

    Where no rival's step is sharp (√v_r ≥ √v_c / 2) every eighth of the 801 points gives the same sum to rounding, as
    the trapezoid converges exponentially on so smooth an integrand.
    """
    if not len(own):
        return np.empty(0)
    sharpest = np.where(noisy, deviation, np.inf).min(axis=1) / own
    smooth = (sharpest >= 0.5) & ~sure.any(axis=1)
    out = np.empty(len(own))
    for rows, grid in ((smooth, _GRID[::8]), (~smooth, _GRID)):
        cut = np.where(sure[rows], -lead[rows] / own[rows, None], -8.0).max(axis=1, initial=-8.0)
        low = np.clip(cut, -8.0, 8.0)
        z = low[:, None] + (8.0 - low[:, None]) * (grid + 8.0) / 16.0
        step = (8.0 - low) / (len(grid) - 1)
        out[rows] = _trapezoid(z, step, lead[rows], deviation[rows], own[rows], noisy[rows])
    return np.clip(out, 0.0, 1.0)


def _trapezoid(z: Floats, step: Floats, lead: Floats, deviation: Floats, own: Floats, noisy: Bools) -> Floats:
    """Σ φ(z) Π_r Φ((lead_r + √v_c z)/√v_r) over the points ``z`` (n, points)."""
    inside = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    for option in range(lead.shape[1]):
        rows = np.flatnonzero(noisy[:, option])
        shifted = lead[rows, option, None] + own[rows, None] * z[rows]
        inside[rows] *= normal_cdf(shifted / deviation[rows, option, None])
    return np.asarray((inside.sum(axis=1) - 0.5 * (inside[:, 0] + inside[:, -1])) * step)
