"""Scoring rules: which option a policy picks. The reference, one decision at a time, in plain Python.

An option is a mapping with `id`, `edges` (edge to score in [0, 1], or null) and, where known, `uncertainty` (edge
to standard deviation). Weights are at least 0 and sum to 1. Higher is better on every edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

TIE = 1e-9
RHO = 1e-3
NASH_FLOOR = 1e-6

Option = Mapping[str, Any]
Weights = Mapping[str, float]
Norm = Mapping[str, Any]
"""`edge`, `minimum`, and `z` (0 if absent): the edge's score minus z deviations is at least the minimum."""
Tier = Mapping[str, Any]
"""`edges`, and `tolerance` (0 if absent): how far below the best of the tier an option may stay."""


class Rule(StrEnum):
    """Names of the scoring rules."""

    WEIGHTED_SUM = "weighted_sum"
    TCHEBYCHEFF = "tchebycheff"
    NASH = "nash"
    LEXICOGRAPHIC = "lexicographic"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a policy picks: `option_id` is None if no option is feasible and fully scored.

    `tie` says that another option was equally good and only came later in the list. `utilities` has every
    option, None where a score is missing; under `lexicographic`, which has no single utility, the weighted sum.
    """

    option_id: str | None
    tie: bool
    feasible: tuple[str, ...]
    utilities: dict[str, float | None]


def choose(options: Sequence[Option], policy: Mapping[str, Any]) -> Choice:
    """Pick an option under a policy: `weights`, and `rule`, `norms`, `tiers` where it has them.

    KeyError for an option without `id` or `edges` or a policy without `weights`, ValueError for a rule that is unknown.
    """
    rule, weights = Rule(policy.get("rule") or Rule.WEIGHTED_SUM), policy["weights"]
    values = utilities(options, weights, rule)
    allowed = feasible(options, policy.get("norms") or ())
    left = [option for option in options if option["id"] in allowed and values[option["id"]] is not None]
    if rule is Rule.LEXICOGRAPHIC:
        left = _eliminate(left, weights, policy.get("tiers") or ())
    else:
        left = _best(left, [values[option["id"]] or 0.0 for option in left], TIE)
    return Choice(left[0]["id"] if left else None, len(left) > 1, allowed, values)


def feasible(options: Iterable[Option], norms: Sequence[Norm]) -> tuple[str, ...]:
    """Ids of the options that keep every hard norm, in order."""
    return tuple(option["id"] for option in options if all(_keeps(option, norm) for norm in norms))


def _keeps(option: Option, norm: Norm) -> bool:
    """A missing score, or a missing deviation where the norm asks for a margin, keeps nothing."""
    score, z = option["edges"].get(norm["edge"]), float(norm.get("z") or 0)
    deviation = (option.get("uncertainty") or {}).get(norm["edge"]) if z else 0.0
    if score is None or deviation is None:
        return False
    return bool(score - z * deviation >= float(norm["minimum"]))


def utilities(
    options: Iterable[Option], weights: Weights, rule: Rule | str = Rule.WEIGHTED_SUM
) -> dict[str, float | None]:
    """U of each option by id; None where a score is missing, which is never made up."""
    return {option["id"]: utility(option["edges"], weights, rule) for option in options}


def utility(
    scores: Mapping[str, float | None], weights: Weights, rule: Rule | str = Rule.WEIGHTED_SUM
) -> float | None:
    """U of one option. Edges with a weight but no score, and edges scored null, leave it without one."""
    known = {edge: score for edge, score in scores.items() if score is not None}
    if len(known) < len(scores) or not known.keys() >= weights.keys():
        return None
    pairs = [(weight, known[edge]) for edge, weight in weights.items()]
    match Rule(rule):
        case Rule.TCHEBYCHEFF:
            worst = max(weight * (1.0 - score) for weight, score in pairs)
            return RHO * _sum(pairs) - worst
        case Rule.NASH:
            return _sum([(weight, math.log(max(score, NASH_FLOOR))) for weight, score in pairs])
    return _sum(pairs)


def tier_value(scores: Mapping[str, float], weights: Weights, edges: Iterable[str]) -> float | None:
    """Weighted mean over the edges of one tier; None if the tier carries no weight."""
    pairs = [(weights.get(edge, 0.0), scores[edge]) for edge in edges]
    total = math.fsum(weight for weight, _ in pairs)
    return _sum(pairs) / total if total > 0 else None


def _eliminate(options: Sequence[Option], weights: Weights, tiers: Sequence[Tier]) -> list[Option]:
    """Sequential elimination: each tier keeps what comes within its tolerance of the best that is left."""
    left = list(options)
    for number, tier in enumerate(tiers):
        values = [tier_value(option["edges"], weights, tier["edges"]) for option in left]
        if left and values[0] is not None:
            last = number == len(tiers) - 1
            tolerance = 0.0 if last else float(tier.get("tolerance") or 0)
            left = _best(left, [value or 0.0 for value in values], tolerance + TIE)
    return left


def _best(options: Sequence[Option], values: Sequence[float], tolerance: float) -> list[Option]:
    bar = max(values, default=0.0) - tolerance
    return [option for option, value in zip(options, values, strict=True) if value >= bar]


def _sum(pairs: Iterable[tuple[float, float]]) -> float:
    return math.fsum(weight * value for weight, value in pairs)
