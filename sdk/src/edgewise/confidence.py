"""Confidence in a choice: how likely the option chosen has the highest total, given the scores' deviations.

Under the weighted sum with independent normal errors, v_o = sum of w_j**2 sd_oj**2, it is the integral of
phi(z) times the product over rivals r of Phi((U_c + sqrt(v_c) z - U_r) / sqrt(v_r)).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgewise import scoring
from edgewise.scoring import TIE, Option, Rule, Weights

POINTS = 801
LIMIT = 8.0


@dataclass(frozen=True, slots=True)
class _Rival:
    lead: float
    deviation: float


def confidence(options: Sequence[Option], policy: Mapping[str, Any], chosen: str | None) -> float | None:
    """Probability that `chosen` is the best of the feasible options under a policy, from 0 to 1.

    None, and never 1, where a deviation that matters is not stated, where nothing is chosen or `chosen` has no total,
    and under rules other than the weighted sum, for which the server draws samples. Below the policy's
    `clarification_threshold`, ask.
    """
    if chosen is None or Rule(policy.get("rule") or Rule.WEIGHTED_SUM) is not Rule.WEIGHTED_SUM:
        return None
    weights = policy["weights"]
    values = scoring.utilities(options, weights)
    allowed = {*scoring.feasible(options, policy.get("norms") or ()), chosen}
    deviations = {
        o["id"]: _deviation(o, weights) for o in options if o["id"] in allowed and values[o["id"]] is not None
    }
    own = deviations.pop(chosen, None)
    best = values.get(chosen)
    if own is None or best is None:
        return None
    rivals = []
    for name, deviation in deviations.items():
        if deviation is None:
            return None
        rivals.append(_Rival(best - (values[name] or 0.0), deviation))
    return _certain(rivals) if own == 0 else _integral(rivals, own)


def _deviation(option: Option, weights: Weights) -> float | None:
    """Standard deviation of an option's total; None if one of a weighted edge is not stated."""
    stated = option.get("uncertainty") or {}
    if any(weight and stated.get(edge) is None for edge, weight in weights.items()):
        return None
    return math.hypot(*(weight * stated[edge] for edge, weight in weights.items() if weight))


def _certain(rivals: Sequence[_Rival]) -> float:
    """The chosen total is certain: a product over uncertain rivals, shared with the certain ones that tie."""
    sure = [rival for rival in rivals if rival.deviation == 0]
    if any(rival.lead < -TIE for rival in sure):
        return 0.0
    ties = 1 + sum(rival.lead <= TIE for rival in sure)
    return math.prod(_phi(rival.lead / rival.deviation) for rival in rivals if rival.deviation) / ties


def _integral(rivals: Sequence[_Rival], own: float) -> float:
    """Trapezoid over the part of [-8, 8] on which no certain rival is ahead."""
    noisy = [rival for rival in rivals if rival.deviation]
    start = max([-LIMIT, *(-rival.lead / own for rival in rivals if not rival.deviation)])
    if start >= LIMIT:
        return 0.0
    step = (LIMIT - start) / (POINTS - 1)
    total = 0.0
    for number in range(POINTS):
        z = start + number * step
        density = math.exp(-0.5 * z * z)
        for rival in noisy:
            density *= _phi((rival.lead + own * z) / rival.deviation)
        total += density if 0 < number < POINTS - 1 else density / 2
    return min(1.0, total * step / math.sqrt(2 * math.pi))


def _phi(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2))
