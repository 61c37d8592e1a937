"""Deciding again under other weights: which choices flip, which edges gain and lose. Pure.

Replay holds the logged options and scores fixed; it does not predict what the model would have generated.
Counts are of decisions logged; shares and means weight each by 1/rate where a share of them is logged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.decisions import columns, weighing
from audits.decisions.columns import Norm, Terms
from audits.decisions.table import Table

NEAR_TIE = 1e-6
EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Replay:
    """``rows`` are the choices of an option (m of n, assessments left out); everything else is per such decision.

    ``weight`` says how much each counts. ``winner`` is −1 where no option is feasible under the new terms; ``lead`` its
    utility minus the logged choice's.
    """

    rows: NDArray[np.int64]
    before: NDArray[np.int64]
    winner: NDArray[np.int64]
    flipped: NDArray[np.bool_]
    lead: NDArray[np.float64]
    change: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tally:
    """Of some decisions: how many, how many flipped, and the same as they count."""

    decisions: int = 0
    flips: int = 0
    weight: float = 0.0
    flipped: float = 0.0

    def plus(self, other: "Tally") -> "Tally":
        return Tally(
            self.decisions + other.decisions,
            self.flips + other.flips,
            self.weight + other.weight,
            self.flipped + other.flipped,
        )


def replay(table: Table, terms: Terms) -> Replay:
    """Every choice of an option in ``table``, decided again under ``terms``."""
    rows = np.flatnonzero((table.chosen >= 0) & ~table.assessment)
    taken = table.take(rows)
    part = taken.columns
    winner = columns.winners(part, terms, columns.feasible(part, terms.norms))
    flipped = (winner != part.chosen) & (winner >= 0)
    values = columns.utilities(part.scores, terms)
    lead = columns.pick(values, winner) - columns.pick(values, part.chosen)
    change = columns.pick(part.scores, winner) - columns.pick(part.scores, part.chosen)
    return Replay(rows, part.chosen, winner, flipped, lead, change, taken.weight)


def share(found: Replay) -> float | None:
    """The share of choices that flip; None of none."""
    return weighing.share(found.flipped, found.weight)


def edge_deltas(found: Replay) -> NDArray[np.float64]:
    """(j,): mean change of the chosen option's score over all decisions; unscored ones left out."""
    known = np.where(np.isnan(found.change), 0.0, found.change)
    counted = (~np.isnan(found.change) * found.weight[:, None]).sum(axis=0)
    changed = (known * found.weight[:, None]).sum(axis=0)
    return np.asarray(np.divide(changed, counted, out=np.zeros_like(changed), where=counted > 0))


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


def by_context(table: Table, found: Replay) -> dict[str, dict[str, Tally]]:
    """For each context key and value, decisions and flips."""
    codes, size = table.context[found.rows], len(table.contexts)
    flipped, moved = codes[found.flipped], found.weight[found.flipped]
    tallies = zip(
        np.bincount(codes, minlength=size).tolist(),
        np.bincount(flipped, minlength=size).tolist(),
        np.bincount(codes, found.weight, minlength=size).tolist(),
        np.bincount(flipped, moved, minlength=size).tolist(),
        strict=True,
    )
    counts: dict[str, dict[str, Tally]] = {}
    for context, tally in zip(table.contexts, tallies, strict=True):
        for key, value in context.items():
            before = counts.setdefault(key, {}).get(value, Tally())
            counts[key][value] = before.plus(Tally(*tally))
    return counts


def examples(found: Replay) -> NDArray[np.int64]:
    """Positions of up to 20 flips: the most and the least clear ones."""
    places = np.flatnonzero(found.flipped)
    ordered = places[np.argsort(-found.lead[places], kind="stable")]
    if len(ordered) <= EXAMPLES:
        return ordered
    return np.concatenate([ordered[: EXAMPLES // 2], ordered[-EXAMPLES // 2 :]])


def shares(counts: Mapping[str, Tally]) -> list[dict[str, object]]:
    """Rows for a table, most affected first."""
    rows: Sequence[dict[str, object]] = [
        {"name": name, "decisions": each.decisions, "flips": each.flips, "share": each.flipped / each.weight}
        for name, each in counts.items()
        if each.decisions
    ]
    return sorted(rows, key=lambda row: (-float(str(row["share"])), str(row["name"])))
