"""What other weights would have changed: the shortest way to another choice, and one sentence that a person can check.

Replay holds the logged options and scores fixed; it does not predict what the model would have generated.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgewise import scoring

from audits.decisions.attribution import EPSILON, Option, Policy

POINTS = 100


@dataclass(frozen=True, slots=True)
class Flip:
    """Moving ``points`` of 100 to ``towards`` from the edges in ``taken`` makes ``option`` as good as the chosen."""

    points: float
    towards: str
    taken: Mapping[str, float]
    option: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """ "Had ``edge`` weighed ``points`` more (``after`` instead of ``before``, the others in proportion), ``option``
    would have been chosen." Negative points: less.
    """

    edge: str
    points: int
    before: float
    after: float
    option: str


def flip(options: Sequence[Option], chosen: str, policy: Policy) -> Flip | None:
    """The fewest points to move, over all rivals (weighted_sum and nash; equals the linear program)."""
    if policy.rule not in (scoring.Rule.WEIGHTED_SUM, scoring.Rule.NASH):
        return None
    ways = [_way(mine, rival, policy) for mine, rival in _pairs(options, chosen, policy)]
    return min((way for way in ways if way is not None), key=lambda way: way.points, default=None)


def _pairs(options: Sequence[Option], chosen: str, policy: Policy) -> Iterator[tuple[Option, Option]]:
    """The chosen option beside each feasible rival, all fully scored."""
    choice = policy.choose(options)
    by_id = {option["id"]: option for option in options}
    if choice.utilities[chosen] is None:
        return
    for identity in choice.feasible:
        if identity != chosen and choice.utilities[identity] is not None:
            yield by_id[chosen], by_id[identity]


def _differences(mine: Option, rival: Option, policy: Policy) -> dict[str, float]:
    """d_j between the two options, of logarithms under nash."""
    return {edge: _scale(mine, edge, policy) - _scale(rival, edge, policy) for edge in policy.weights}


def _scale(option: Option, edge: str, policy: Policy) -> float:
    score = float(option["edges"][edge])
    return math.log(max(score, scoring.NASH_FLOOR)) if policy.rule == scoring.Rule.NASH else score


def _way(mine: Option, rival: Option, policy: Policy) -> Flip | None:
    """Weight moves to the rival's best edge, from the chosen option's best edges first."""
    d = _differences(mine, rival, policy)
    margin = math.fsum(policy.weights[edge] * d[edge] for edge in d)
    towards = min(d, key=lambda edge: d[edge])
    if d[towards] >= 0:
        return None
    taken: dict[str, float] = {}
    for edge in sorted(d, key=lambda each: -d[each]):
        if margin <= 0 or edge == towards:
            break
        gain = d[edge] - d[towards]
        taken[edge] = min(policy.weights[edge], margin / gain)
        margin -= taken[edge] * gain
    moved = {edge: POINTS * part for edge, part in taken.items() if part > 0}
    return Flip(math.fsum(moved.values()), towards, moved, rival["id"])


def sentence(options: Sequence[Option], chosen: str, policy: Policy) -> Sentence | None:
    """The smallest whole number of points more on one edge that changes the choice; points less where none does."""
    for direction in (1, -1):
        found = [_smallest(options, chosen, policy, edge, direction) for edge in policy.weights]
        best = min(
            (each for each in found if each is not None), key=lambda each: abs(each.points), default=None
        )
        if best is not None:
            return best
    return None


def _smallest(
    options: Sequence[Option], chosen: str, policy: Policy, edge: str, direction: int
) -> Sentence | None:
    before = policy.weights[edge]
    most = math.floor(POINTS * (1 - before if direction > 0 else before) + EPSILON)
    if policy.rule == scoring.Rule.WEIGHTED_SUM:
        share = _share(options, chosen, policy, edge, direction)
        steps = range(0) if share is None else range(math.floor(POINTS * share) + 1, most + 1)
    else:
        steps = range(1, most + 1)
    for step in steps:
        moved = policy.with_weights(reweighted(policy.weights, edge, direction * step / POINTS))
        pick = moved.choose(options)
        if pick.option_id is not None and pick.option_id != chosen:
            return Sentence(edge, direction * step, before, moved.weights[edge], pick.option_id)
    return None


def reweighted(weights: Mapping[str, float], edge: str, change: float) -> dict[str, float]:
    """``edge`` moved by ``change``, the others kept in proportion, the sum 1."""
    before = weights[edge]
    after = min(1.0, max(0.0, before + change))
    rest = 1 - before
    if rest <= 0:
        even = (1 - after) / max(1, len(weights) - 1)
        return {name: after if name == edge else even for name in weights}
    return {name: after if name == edge else weight * (1 - after) / rest for name, weight in weights.items()}


def _share(options: Sequence[Option], chosen: str, policy: Policy, edge: str, direction: int) -> float | None:
    """The change of weight at which the first rival draws level, in closed form.

    Raising: s = (1 − w) m / (m − d) where d < 0; lowering: s = (1 − w) m / (d − m) where the contribution reaches m.
    """
    weight, found = policy.weights[edge], []
    for mine, rival in _pairs(options, chosen, policy):
        d = _differences(mine, rival, policy)
        margin = math.fsum(policy.weights[each] * d[each] for each in d)
        if direction > 0 and d[edge] < 0:
            found.append((1 - weight) * max(margin, 0.0) / (max(margin, 0.0) - d[edge]))
        elif direction < 0 and weight < 1 and weight * d[edge] >= margin and d[edge] > margin:
            found.append((1 - weight) * max(margin, 0.0) / (d[edge] - margin))
    return min(found, default=None)
