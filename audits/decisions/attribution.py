"""Which edge drove a decision: contributions, deciding and pivotal edges, for every scoring rule.

Contributions are the path integral from the runner-up to the option chosen, so that they add up to the margin.
One decision at a time, on the SDK's scoring; ``columns`` does the same for thousands under the weighted sum.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgewise import scoring

EPSILON = scoring.TIE
Option = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a decision is read against. ``weights`` by edge, in the order of the edge set."""

    weights: Mapping[str, float]
    rule: str = scoring.Rule.WEIGHTED_SUM
    norms: Sequence[Mapping[str, Any]] = ()
    tiers: Sequence[Mapping[str, Any]] = ()

    def choose(self, options: Sequence[Option]) -> scoring.Choice:
        """What the rule picks among ``options``."""
        terms = {"weights": self.weights, "rule": self.rule, "norms": self.norms, "tiers": self.tiers}
        return scoring.choose(options, terms)

    def with_weights(self, weights: Mapping[str, float]) -> "Policy":
        """The same policy under other weights."""
        return replace(self, weights=weights)


@dataclass(frozen=True, slots=True)
class Attribution:
    """``margin`` is None without a rival to compare with, or where a score is missing; then nothing drove the choice.

    ``pivotal``: edge to the option that would have been chosen without it.
    """

    chosen: str
    runner_up: str | None
    margin: float | None
    utilities: Mapping[str, float | None]
    feasible: tuple[str, ...]
    contributions: Mapping[str, float]
    driving: tuple[str, ...]
    pivotal: Mapping[str, str]


def attribute(options: Sequence[Option], chosen: str, policy: Policy) -> Attribution:
    """Attribution of the option ``chosen`` under ``policy``, whether or not the policy would have picked it."""
    choice = policy.choose(options)
    runner = policy.choose([option for option in options if option["id"] != chosen]).option_id
    empty = Attribution(chosen, runner, None, choice.utilities, choice.feasible, {}, (), {})
    if runner is None or choice.utilities[chosen] is None:
        return empty
    by_id = {option["id"]: option for option in options}
    shares = contributions(options, by_id[chosen], by_id[runner], policy)
    margin = math.fsum(shares.values())
    if policy.rule != scoring.Rule.LEXICOGRAPHIC:
        margin = (choice.utilities[chosen] or 0.0) - (choice.utilities[runner] or 0.0)
    return replace(
        empty,
        margin=margin,
        contributions=shares,
        driving=driving(shares, margin),
        pivotal=pivotal(options, chosen, margin, policy),
    )


def contributions(
    options: Sequence[Option], chosen: Option, runner: Option, policy: Policy
) -> dict[str, float]:
    """c_j by edge; Σ c_j is the margin (in the deciding tier, under lexicographic)."""
    weights, mine, theirs = policy.weights, chosen["edges"], runner["edges"]
    match scoring.Rule(policy.rule):
        case scoring.Rule.NASH:
            return {edge: w * (_log(mine[edge]) - _log(theirs[edge])) for edge, w in weights.items()}
        case scoring.Rule.TCHEBYCHEFF:
            tau = _time_as_worst(weights, mine, theirs)
            return {
                edge: (scoring.RHO + tau[edge]) * w * (mine[edge] - theirs[edge])
                for edge, w in weights.items()
            }
        case scoring.Rule.LEXICOGRAPHIC:
            return _in_deciding_tier(options, chosen, runner, policy)
    return {edge: w * (mine[edge] - theirs[edge]) for edge, w in weights.items()}


def _log(score: float) -> float:
    return math.log(max(score, scoring.NASH_FLOOR))


def _time_as_worst(
    weights: Mapping[str, float], mine: Mapping[str, float], theirs: Mapping[str, float]
) -> dict[str, float]:
    """τ_j: how long L_j(t) = w_j (1 − e_rj − t d_j) is the largest on the way from runner-up to chosen."""
    lines = {edge: (w * (1 - theirs[edge]), -w * (mine[edge] - theirs[edge])) for edge, w in weights.items()}
    cuts = {0.0, 1.0}
    for a, slope_a in lines.values():
        cuts |= {(a - b) / (slope - slope_a) for b, slope in lines.values() if slope != slope_a}
    stops = sorted(cut for cut in cuts if 0 <= cut <= 1)
    tau = dict.fromkeys(weights, 0.0)
    for start, stop in itertools.pairwise(stops):
        heights = {edge: a + slope * (start + stop) / 2 for edge, (a, slope) in lines.items()}
        top = max(heights.values())
        worst = [edge for edge, height in heights.items() if height >= top - 1e-15]
        for edge in worst:
            tau[edge] += (stop - start) / len(worst)
    return tau


def _in_deciding_tier(
    options: Sequence[Option], chosen: Option, runner: Option, policy: Policy
) -> dict[str, float]:
    """As under the weighted sum, in the first tier at which the runner-up drops out; 0 elsewhere."""
    shares = dict.fromkeys(policy.weights, 0.0)
    for number in range(1, len(policy.tiers) + 1):
        # A tier without edges is skipped; behind the last tier looked at, it lets that one keep its tolerance.
        tiers = policy.tiers if number == len(policy.tiers) else (*policy.tiers[:number], {"edges": ()})
        if _survives(options, runner["id"], replace(policy, tiers=tiers)):
            continue
        edges = policy.tiers[number - 1]["edges"]
        total = math.fsum(policy.weights[edge] for edge in edges)
        for edge in edges:
            shares[edge] = policy.weights[edge] * (chosen["edges"][edge] - runner["edges"][edge]) / total
        break
    return shares


def _survives(options: Sequence[Option], candidate: str, policy: Policy) -> bool:
    """Whether ``candidate`` survives elimination among all options: listed first, it is what ties pick."""
    reordered = sorted(options, key=lambda option: option["id"] != candidate)
    return policy.choose(reordered).option_id == candidate


def driving(shares: Mapping[str, float], margin: float) -> tuple[str, ...]:
    """The edges with the largest contribution, tied ones sharing; none if the margin is at most 10⁻⁹."""
    if margin <= EPSILON:
        return ()
    top = max(shares.values())
    return tuple(edge for edge, share in shares.items() if share >= top - EPSILON)


def pivotal(options: Sequence[Option], chosen: str, margin: float, policy: Policy) -> dict[str, str]:
    """Edges without whose weight (not renormalised) another option beats the chosen one, and that option."""
    found = {}
    for edge, weight in policy.weights.items():
        if weight >= 1:
            others = [option for option in options if option["id"] != chosen]
            pick = policy.choose(others).option_id if margin > EPSILON else None
        else:
            pick = _without(options, chosen, policy.with_weights({**policy.weights, edge: 0.0}))
        if pick is not None:
            found[edge] = pick
    return found


def _without(options: Sequence[Option], chosen: str, policy: Policy) -> str | None:
    """The option that beats ``chosen`` under ``policy`` by more than 10⁻⁹, if any."""
    choice = policy.choose(options)
    if choice.option_id is None or choice.option_id == chosen:
        return None
    if policy.rule == scoring.Rule.LEXICOGRAPHIC:
        return None if _survives(options, chosen, policy) else choice.option_id
    lead = (choice.utilities[choice.option_id] or 0.0) - (choice.utilities[chosen] or 0.0)
    return choice.option_id if lead > EPSILON else None
