"""Assessing runs of decisions: attribution, confidence and conformance, column by column. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from audits.decisions import attribution, columns, conformance, draws, profile
from audits.decisions.columns import Columns, Norm, Terms
from audits.decisions.conformance import PolicyTerms
from audits.decisions.table import DISPOSITIONS, Table
from governance.policies import applying


class ScoringPolicy(PolicyTerms, Protocol):
    """What assessment reads of a policy."""

    rule: str
    norms: Any
    tiers: Any

    @property
    def reference_profile(self) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """What a record says about itself beyond its scores, row by row."""

    uuid: UUID
    digest: str
    weights: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The table with its assessment filled in, the runner-up (n,) and the verdicts of each decision."""

    table: Table
    runner: NDArray[np.int64]
    verdicts: list[list[str]]


def terms_of(policy: ScoringPolicy, edges: Sequence[str]) -> Terms:
    """A policy over the edges of a table; an edge the policy does not know weighs nothing."""
    weights, place = policy.weights_float, {edge: number for number, edge in enumerate(edges)}
    return Terms(
        np.array([weights.get(edge, 0.0) for edge in edges]),
        str(policy.rule),
        tuple(
            Norm(place[norm["edge"]], float(norm["minimum"]), float(norm.get("z") or 0))
            for norm in policy.norms
            if norm["edge"] in place
        ),
        tuple(
            (tuple(place[edge] for edge in tier["edges"] if edge in place), float(tier.get("tolerance") or 0))
            for tier in policy.tiers
        ),
    )


def judge(table: Table, claims: Sequence[Claim], policies: Mapping[int, ScoringPolicy]) -> Judged:
    """Reads every decision against the policy version it claims; all of them exist (ingest saw to that)."""
    n, j = len(table), len(table.edges)
    found = Judged(
        replace(table, margin=np.full(n, np.nan), confidence=np.full(n, np.nan), driving=np.zeros((n, j), bool),
                verdicts=np.zeros(n, np.int16)),
        np.full(n, -1, np.int64), [[] for _ in range(n)],
    )  # fmt: skip
    every = table.columns
    for version in np.unique(table.version):
        for kind in (False, True):
            rows = np.flatnonzero((table.version == version) & (table.assessment == kind))
            if len(rows):
                _judge_version(found, rows, every.take(rows), claims, policies, policies[int(version)])
    for row, names in enumerate(found.verdicts):
        found.table.verdicts[row] = sum(1 << conformance.VERDICTS.index(name) for name in names)
    return found


def _judge_version(
    found: Judged,
    rows: NDArray[np.int64],
    part: Columns,
    claims: Sequence[Claim],
    policies: Mapping[int, ScoringPolicy],
    policy: ScoringPolicy,
) -> None:
    own = [claims[row].weights for row in rows]
    terms = _personal(terms_of(policy, found.table.edges), own, found.table.edges)
    eligible = columns.feasible(part, terms.norms)
    sure, doubt = _read(found, rows, part, terms, eligible, claims, policy)
    outscored = _outscored(part, terms, eligible)
    keeps = (part.chosen < 0) | columns.pick(eligible.astype(float), part.chosen).astype(bool)
    unscored = np.isnan(part.scores).any(axis=2) & part.present
    complete = np.logical_not(unscored.any(axis=1)).reshape(-1)
    standings = _standings(found.table, rows, claims, policies, policy)
    for at, row in enumerate(rows):
        facts = conformance.Facts(
            standing=standings[at],
            answered=DISPOSITIONS[found.table.disposition[row]] == "answered",
            clarified=bool(found.table.clarified[row]),
            explained=bool(found.table.explained[row]),
            complete=bool(complete[at]),
            outscored=bool(outscored[at]),
            feasible=bool(keeps[at]),
            confidence=None if np.isnan(sure[at]) else float(sure[at]),
            weights=own[at],
            doubt=float(doubt[at]),
        )
        found.verdicts[row] = conformance.verdicts(facts, policy)


def _read(
    found: Judged,
    rows: NDArray[np.int64],
    part: Columns,
    terms: Terms,
    eligible: NDArray[np.bool_],
    claims: Sequence[Claim],
    policy: ScoringPolicy,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fills in attribution and confidence; returns confidence and its standard error."""
    table, seeds = found.table, [claims[row].uuid for row in rows]
    if not table.assessment[rows[0]]:
        found.runner[rows], table.margin[rows], table.driving[rows] = _attributed(part, terms, table.edges)
        sure, doubt = _confidence(part, terms, eligible, seeds)
    else:
        reference = policy.reference_profile
        scores = np.array([reference.get(edge, applying.MIDDLE) for edge in table.edges])
        both, free = profile.beside(part, scores, terms)
        _runner, margin, table.driving[rows] = _attributed(both, free, table.edges)
        table.margin[rows] = np.where(both.chosen == 1, -margin, margin)
        sure, doubt = _confidence(both, free, both.present, seeds)
    table.confidence[rows] = sure
    return sure, doubt


def _personal(terms: Terms, own: Sequence[Mapping[str, float] | None], edges: Sequence[str]) -> Terms:
    """Personal weights take the place of the policy's, decision by decision."""
    if not any(own):
        return terms
    rows = [[w.get(edge, 0.0) for edge in edges] if w else terms.weights.tolist() for w in own]
    return replace(terms, weights=np.array(rows))


def _attributed(
    part: Columns, terms: Terms, edges: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    found = columns.attribute(part, terms)
    if terms.rule in ("weighted_sum", "nash"):
        return found.runner, found.margin, found.driving
    margin, driving = np.full(len(part), np.nan), np.zeros_like(found.driving)
    for row in np.flatnonzero(found.runner >= 0):
        options, policy = _single(part, terms, int(row))
        one = attribution.attribute(options, str(part.chosen[row]), policy)
        margin[row] = np.nan if one.margin is None else one.margin
        driving[row, [int(edge) for edge in one.driving]] = True
    return found.runner, margin, driving


def _single(part: Columns, terms: Terms, row: int) -> tuple[list[dict[str, Any]], attribution.Policy]:
    """One row as the SDK reads it; options and edges go by their positions."""
    weights = np.broadcast_to(terms.weights, (len(part), part.scores.shape[2]))[row]
    options = [
        {
            "id": str(option),
            "edges": {
                str(e): None if np.isnan(s) else float(s) for e, s in enumerate(part.scores[row, option])
            },
            "uncertainty": {str(e): float(s) for e, s in enumerate(part.sd[row, option]) if not np.isnan(s)},
        }
        for option in np.flatnonzero(part.present[row])
    ]
    return options, attribution.Policy(
        weights={str(edge): float(weight) for edge, weight in enumerate(weights)},
        rule=terms.rule,
        norms=[{"edge": str(norm.edge), "minimum": norm.minimum, "z": norm.z} for norm in terms.norms],
        tiers=[{"edges": [str(edge) for edge in edges], "tolerance": slack} for edges, slack in terms.tiers],
    )


def _confidence(
    part: Columns, terms: Terms, eligible: NDArray[np.bool_], seeds: Sequence[UUID]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Confidence and, where it is simulated, its standard error."""
    if terms.rule == "weighted_sum":
        return columns.confidence(part, terms, eligible), np.zeros(len(part))
    drawn = []
    for row, seed in enumerate(seeds):
        own = replace(terms, weights=np.broadcast_to(terms.weights, (len(part), part.scores.shape[2]))[row])
        drawn.append(draws.confidence(part.take(np.array([row])), own, eligible[row : row + 1], seed))
    found = np.array(drawn).reshape(-1, 2)
    return found[:, 0], np.nan_to_num(found[:, 1])


def _outscored(part: Columns, terms: Terms, eligible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,): another feasible option beats the chosen one by more than 10⁻⁹ (or survives it, tier by tier)."""
    chosen = part.chosen >= 0
    if terms.rule == "lexicographic":
        left = columns.survivors(part, terms, eligible)
        beaten = left.any(axis=1) & (columns.pick(left.astype(float), part.chosen) == 0)
        return np.asarray(chosen & beaten & (columns.pick(eligible.astype(float), part.chosen) == 1))
    values = columns.utilities(part.scores, terms)
    top = np.where(eligible & ~np.isnan(values), values, -np.inf).max(axis=1, initial=-np.inf)
    return np.asarray(chosen & (top > columns.pick(values, part.chosen) + columns.EPSILON))


def _standings(
    table: Table,
    rows: NDArray[np.int64],
    claims: Sequence[Claim],
    policies: Mapping[int, ScoringPolicy],
    policy: ScoringPolicy,
) -> list[str]:
    """Whether the policy claimed was the one in force, row by row."""
    every = list(policies.values())
    return [
        conformance.standing(
            every, policy, claims[row].digest, table.contexts[table.context[row]], table.moment(row)
        )
        for row in rows
    ]
