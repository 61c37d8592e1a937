"""How far a result lies from the ballots, and what other ways of counting would give. For display, in floats."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from councils.voting import aggregation
from councils.voting.aggregation import Block

Points = NDArray[np.float64]


def all_rules(*, blocks: Sequence[Block], floors: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Per rule: ``weights`` (points of 100 per edge), their ``sum``, mean and largest L1 distance to a ballot.

    ``blocks`` hold the points above the floors. The mean distance weighs ballots as the tally does.
    """
    free = 100 - sum(floors)
    votes = aggregation.profile(blocks, edges=len(floors), total=free)
    rows, shares = _ballots(blocks, floors)
    found: dict[str, dict[str, Any]] = {}
    for name, rule in aggregation.RULES.items():
        result = rule(votes)
        if result is None:
            continue
        points = [float(100 * weight) for weight in aggregation.above_floors(result, floors)]
        distances = np.abs(rows - np.array(points)).sum(axis=1)
        found[name] = {
            "weights": points,
            "sum": float(sum(points)),
            "mean_distance": float(shares @ distances),
            "largest_distance": float(distances.max()),
        }
    return found


def _ballots(blocks: Sequence[Block], floors: Sequence[int]) -> tuple[Points, Points]:
    """All ballots in points of 100 (ballot × edge), and the share of weight of each."""
    voting = [block for block in blocks if block.ballots]
    rows = np.array([row for block in voting for row in block.ballots], dtype=np.float64).reshape(
        -1, len(floors)
    )
    weights = [block.seats / len(block.ballots) for block in voting for _ballot in block.ballots]
    return rows + np.array(floors), np.array(weights) / (sum(weights) or 1)


def mean_points(ballots: Sequence[Mapping[str, int]], edges: Sequence[str]) -> dict[str, float]:
    """What a group asked for on average, in points."""
    return {edge: sum(ballot[edge] for ballot in ballots) / len(ballots) for edge in edges}


def points_apart(asked: Mapping[str, float], weights: Mapping[str, Fraction]) -> float:
    """Points of 100 to move from one split to the other: half the L1 distance."""
    return sum(abs(points - float(100 * weights.get(edge, 0))) for edge, points in asked.items()) / 2
