"""The figures of a card: one query each, through the selectors of the floors below."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from audits.decisions import basis
from audits.decisions import selectors as decisions
from audits.monitoring import selectors as monitoring
from audits.reports.manifest import Evidence, Figure
from governance.edges import selectors as edges
from governance.policies import selectors as policies
from governance.policies.models import Policy
from governance.systems.models import AISystem
from modelcards.cards import decision
from modelcards.evaluations import selectors as evaluations

Query = Callable[[AISystem, dt.datetime], Evidence]


def only(query: str, *names: str) -> dict[str, Figure]:
    """Figures that stand in the one row of their query."""
    return {name: Figure("only", query, name) for name in names}


def weights(system: AISystem, at: dt.datetime) -> Evidence:
    """One row per edge of the policy in force, in the order of the edge set, beside the policy before it."""
    policy = policies.general(system=system)
    rows = [] if policy is None else _weight_rows(system, policy)
    figures = {
        f"weight_{row['edge']}": Figure("only", "weights", "weight", where={"edge": row["edge"]})
        for row in rows
    }
    return Evidence(
        "weights", {"system": system.slug}, rows, {**figures, "total": Figure("sum", "weights", "weight")}
    )


def _weight_rows(system: AISystem, policy: Policy) -> list[dict[str, Any]]:
    earlier = [each for each in policies.history(system=system) if each.version < policy.version]
    before = next((each.weights_float for each in earlier if each.context == policy.context), {})
    now = policy.weights_float
    return [
        {
            "edge": edge.slug,
            "name": edge.name,
            "definition": edge.definition,
            "weight": now.get(edge.slug, 0.0),
            "exact": policy.weights.get(edge.slug, "0"),
            "before": before.get(edge.slug),
        }
        for edge in edges.leaves(edge_set=policy.edge_set)
    ]


def history(system: AISystem, at: dt.datetime) -> Evidence:
    """One row per policy version, oldest first."""
    rows = [
        {
            "version": policy.version,
            "context": policy.context,
            "state": policy.state,
            "rule": policy.get_rule_display(),
            "weights": policy.weights_float,
            "in_force_from": policy.in_force_from.isoformat(),
            "in_force_until": policy.in_force_until.isoformat() if policy.in_force_until else None,
            "source": policy.source.get("kind", ""),
            "proposal": policy.source.get("proposal"),
            "digest": policy.digest,
        }
        for policy in reversed(policies.history(system=system))
    ]
    return Evidence(
        "policies",
        {"system": system.slug},
        rows,
        {
            "versions": Figure("count", "policies"),
            "by_council": Figure("count", "policies", where={"source": "council"}),
            "by_owner": Figure("count", "policies", where={"source": "owner"}),
        },
    )


def norms(system: AISystem, at: dt.datetime) -> Evidence:
    """Hard norms in force."""
    rows = [
        {"edge": norm.edge, "minimum": float(norm.minimum), "z": float(norm.z), "reason": norm.reason}
        for norm in edges.hard_norms(system=system)
    ]
    return Evidence("norms", {"system": system.slug}, rows, {"norms": Figure("count", "norms")})


def conformance(system: AISystem, at: dt.datetime) -> Evidence:
    """Decisions logged and how many followed the policy: one total, one row per verdict."""
    answer = decisions.conformance(system=system, start=None, end=at)
    rests = str(basis.of_system(system=system).word)
    low, high = answer["interval"] or (None, None)
    total = {
        "kind": "total",
        "decisions": answer["decisions"],
        "conformant": answer["conformant"],
        "basis": rests,
        "share": answer["share"],
        "low": low,
        "high": high,
        "weighted": answer["weighted"],
    }
    verdicts = [
        {"kind": "verdict", "verdict": code, "n": n} for code, n in sorted(answer["verdicts"].items())
    ]
    figures = {
        name: Figure("only", "conformance", name, where={"kind": "total"})
        for name in ("decisions", "conformant", "share")
    }
    return Evidence("conformance", _until(system, at), [total, *verdicts], figures)


def indices(system: AISystem, at: dt.datetime) -> Evidence:
    """The three failure-mode indices over everything logged."""
    answer = monitoring.indices(system=system, start=system.created_at, end=at)
    rows = [_index_row(name, index) for name, index in answer.items()]
    figures = {
        row["index"]: Figure("only", "indices", "value", where={"index": row["index"]}) for row in rows
    }
    return Evidence("indices", _until(system, at), rows, figures)


def _index_row(name: str, index: dict[str, Any]) -> dict[str, Any]:
    low, high = index.get("interval") or (None, None)
    kept = {key: index.get(key) for key in ("value", "n", "effective", "weighted")}
    return {"index": name, **kept, "low": low, "high": high}


def discrepancies(system: AISystem, at: dt.datetime) -> Evidence:
    """Where a group's outcomes differ on one edge: every finding, along every key of the records' context."""
    rows: list[dict[str, Any]] = []
    pairs, weighted = 0, False
    for attribute in decisions.context_values(system=system):
        family = monitoring.discrepancy(system=system, attribute=attribute, end=at)
        pairs += family.pairs if family else 0
        weighted |= family is not None and family.weighted
        rows += (
            [{"kind": "finding", "attribute": attribute, **each} for each in family.rows if each["finding"]]
            if family
            else []
        )
    tested = {"kind": "total", "pairs": pairs, "weighted": weighted}
    figures = {
        "pairs_compared": Figure("only", "discrepancies", "pairs", where={"kind": "total"}),
        "differences": Figure("count", "discrepancies", where={"kind": "finding"}),
        "hidden": Figure("count", "discrepancies", where={"kind": "finding", "hidden": True}),
    }
    return Evidence("discrepancies", _until(system, at), [tested, *rows], figures)


def results(system: AISystem, at: dt.datetime) -> Evidence:
    """Evaluation results up to now."""
    rows = evaluations.evidence(system=system, start=system.created_at, end=at)["evaluations"]
    figures = {
        "results": Figure("count", "evaluations"),
        "signed": Figure("count", "evaluations", where={"signed": True}),
        "suites": Figure("distinct", "evaluations", "suite"),
    }
    return Evidence("evaluations", _until(system, at), rows, figures)


QUERIES: tuple[Query, ...] = (
    weights,
    history,
    decision.tallies,
    norms,
    conformance,
    indices,
    discrepancies,
    results,
)


def gather(*, system: AISystem, at: dt.datetime) -> dict[str, Evidence]:
    """Every query answered at ``at``, by query id."""
    answers = [query(system, at) for query in QUERIES]
    return {answer.query: answer for answer in answers}


def _until(system: AISystem, at: dt.datetime) -> dict[str, Any]:
    return {"system": system.slug, "until": at.isoformat()}
