"""Deciding again under other weights: which choices flip, which edges gain and lose. Pure.

Replay holds the logged options and scores fixed; it does not predict what the model would have generated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.decisions import columns
from audits.decisions.columns import Norm, Terms
from audits.decisions.table import Table

NEAR_TIE = 1e-6
EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Replay:
    """``rows`` are the decisions that chose an option (m of n); everything else is per such decision.

    ``winner`` is −1 where no option is feasible under the new terms; ``lead`` its utility minus the logged choice's.
    """

    rows: NDArray[np.int64]
    before: NDArray[np.int64]
    winner: NDArray[np.int64]
    flipped: NDArray[np.bool_]
    lead: NDArray[np.float64]
    change: NDArray[np.float64]


def replay(table: Table, terms: Terms) -> Replay:
    """Every decision of ``table`` that chose an option, decided again under ``terms``."""
    rows = np.flatnonzero(table.chosen >= 0)
    part = table.take(rows).columns
    winner = columns.winners(part, terms, columns.feasible(part, terms.norms))
    flipped = (winner != part.chosen) & (winner >= 0)
    values = columns.utilities(part.scores, terms)
    lead = columns.pick(values, winner) - columns.pick(values, part.chosen)
    change = columns.pick(part.scores, winner) - columns.pick(part.scores, part.chosen)
    return Replay(rows, part.chosen, winner, flipped, lead, change)


def edge_deltas(found: Replay) -> NDArray[np.float64]:
    """(j,): mean change of the chosen option's score over all decisions; unscored ones left out."""
    known = np.where(np.isnan(found.change), 0.0, found.change)
    counted = np.maximum((~np.isnan(found.change)).sum(axis=0), 1)
    return np.asarray(known.sum(axis=0) / counted)


def violations(table: Table, found: Replay, norms: tuple[Norm, ...]) -> int:
    """How many of the new choices break a hard norm that the logged choice kept."""
    part = table.take(found.rows).columns
    meets = columns.feasible(part, norms).astype(float)
    broken = columns.pick(meets, found.winner) == 0
    return int((found.flipped & broken & (columns.pick(meets, found.before) == 1)).sum())


def near_ties(table: Table, found: Replay, terms: Terms) -> int:
    """How many new choices lead their runner-up by less than a millionth: another rounding might decide otherwise."""
    part = table.take(found.rows).columns
    eligible = columns.feasible(part, terms.norms)
    second = columns.winners(part, terms, columns.without(eligible, found.winner))
    values = columns.utilities(part.scores, terms)
    lead = columns.pick(values, found.winner) - columns.pick(values, second)
    return int((np.abs(lead) < NEAR_TIE).sum())


def by_context(table: Table, found: Replay) -> dict[str, dict[str, tuple[int, int]]]:
    """For each context key and value, decisions and flips."""
    codes = table.context[found.rows]
    total = np.bincount(codes, minlength=len(table.contexts))
    flips = np.bincount(codes[found.flipped], minlength=len(table.contexts))
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    for code, context in enumerate(table.contexts):
        for key, value in context.items():
            n, k = counts.setdefault(key, {}).get(value, (0, 0))
            counts[key][value] = (n + int(total[code]), k + int(flips[code]))
    return counts


def examples(found: Replay) -> NDArray[np.int64]:
    """Positions of up to 20 flips: the most and the least clear ones."""
    places = np.flatnonzero(found.flipped)
    ordered = places[np.argsort(-found.lead[places], kind="stable")]
    if len(ordered) <= EXAMPLES:
        return ordered
    return np.concatenate([ordered[: EXAMPLES // 2], ordered[-EXAMPLES // 2 :]])


def shares(counts: Mapping[str, tuple[int, int]]) -> list[dict[str, object]]:
    """Rows for a table, most affected first."""
    rows: Sequence[dict[str, object]] = [
        {"name": name, "decisions": n, "flips": k, "share": k / n} for name, (n, k) in counts.items() if n
    ]
    return sorted(rows, key=lambda row: (-float(str(row["share"])), str(row["name"])))
