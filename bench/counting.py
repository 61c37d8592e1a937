"""Counting ballots."""

import random
import time

from bench.measures import Measure
from councils.voting import aggregation

BALLOTS = 100_000
EDGES = 20
CONSTITUENCIES = 5


def ballots() -> list[list[int]]:
    """Random splits of 100 points."""
    rng = random.Random(5)
    rows = []
    for _ in range(BALLOTS):
        cuts = sorted(rng.randrange(101) for _ in range(EDGES - 1))
        rows.append([high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)])
    return rows


def tally() -> Measure:
    """From ballots in memory to exact weights."""
    rows = ballots()
    size = BALLOTS // CONSTITUENCIES
    blocks = [aggregation.Block(3, rows[k * size : (k + 1) * size]) for k in range(CONSTITUENCIES)]
    began = time.perf_counter()
    weights = aggregation.independent_markets(aggregation.profile(blocks, edges=EDGES, total=100))
    seconds = time.perf_counter() - began
    assert weights is not None
    assert sum(weights) == 1
    return Measure("tally_100k_s", seconds, "s", at_most=1, note=f"{BALLOTS:,} ballots, {EDGES} edges, exact")
