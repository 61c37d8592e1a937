"""The queries behind compliance reports: each answers one question about one system in one window.

A query is a function of a Scope; its id is the key in QUERIES. Rows are JSON-able; figures state how they follow.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from audits.decisions import basis
from audits.decisions import selectors as decisions
from audits.monitoring import selectors as monitoring
from audits.reports import counting, soundness
from audits.reports.manifest import Evidence, Figure
from governance.edges import selectors as edges
from governance.policies import selectors as policies
from governance.policies.models import Policy
from governance.systems.models import AISystem

SIX_MONTHS = 183
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Scope:
    """One system, the window [start, end), and the data cut at which the questions are asked."""

    system: AISystem
    start: dt.datetime
    end: dt.datetime
    cut: dt.datetime

    def parameters(self) -> dict[str, Any]:
        """The parameters every query prints."""
        return {"system": self.system.slug, "from": self.start.isoformat(), "to": self.end.isoformat()}


def only(query: str, kind: str, *names: str) -> dict[str, Figure]:
    """Figures that stand in the one row of ``kind``."""
    return {name: Figure("only", query, name, where={"kind": kind}) for name in names}


def log_coverage(scope: Scope) -> Evidence:
    """Decisions per day, those the model reports as lost, and whether entries, leaf hashes and sealed state agree."""
    days = counting.by_day(system=scope.system, start=scope.start, end=scope.end)
    lost = counting.lost(system=scope.system, start=scope.start, end=scope.end)
    log = {"kind": "log", **soundness.of_system(scope.system)}
    figures = {
        "records": Figure("sum", "log_coverage", "records", where={"kind": "day"}),
        "days_with_records": Figure("count", "log_coverage", where={"kind": "day"}),
        "lost": Figure("sum", "log_coverage", "lost", where={"kind": "lost"}),
        **only("log_coverage", "log", "entries", "missing", "altered", "root_agrees", "sealed_agrees"),
    }
    rows = [
        *({"kind": "day", **day} for day in days),
        *({"kind": "lost", **process} for process in lost),
        log,
    ]
    return Evidence("log_coverage", scope.parameters(), rows, figures)


def conformance(scope: Scope) -> Evidence:
    """Decisions judged against the policy in force, by verdict, and those that no finding covers."""
    window: dict[str, Any] = {"system": scope.system, "start": scope.start, "end": scope.end}
    verdicts = [
        {"kind": "verdict", "verdict": code, "n": n} for code, n in counting.verdicts(**window).items()
    ]
    findings = counting.findings(system=scope.system, until=scope.cut)
    rests = str(basis.of_system(system=scope.system).word)
    rows = [
        {"kind": "total", **counting.totals(**window), **_share(**window), "basis": rests},
        *verdicts,
        *_agreements(scope.system),
    ]
    rows += [{"kind": "finding", **finding} for finding in findings]
    figures = only("conformance", "total", "judged", "unjudged", "deviating", "orphans", "share")
    return Evidence("conformance", scope.parameters(), rows, figures)


def _share(**window: Any) -> dict[str, Any]:
    """The estimated share of all decisions that followed the policy; an interval where a part of them is logged."""
    found = decisions.conformance(**window)
    low, high = found["interval"] or (None, None)
    return {"share": found["share"], "low": low, "high": high, "weighted": found["weighted"]}


def _agreements(system: AISystem) -> Rows:
    """What the word in brackets behind a conformance figure rests on: score agreement, edge by edge."""
    return [
        {
            "kind": "agreement", "edge": edge, "scorer": found.scorer, "decisions": found.decisions,
            "value": found.value, "low": found.low, "high": found.high, "difference": found.difference,
        }
        for edge, found in basis.agreements(system=system).items()
    ]  # fmt: skip


def retention(scope: Scope) -> Evidence:
    """How long records have been kept, up to the data cut; entries cannot be removed."""
    oldest = counting.oldest(system=scope.system)
    kept = (scope.cut - oldest).days if oldest else 0
    state = soundness.of_system(scope.system)
    row = {
        "kind": "log",
        "entries": state["entries"],
        "oldest": oldest.isoformat() if oldest else None,
        "days_kept": kept,
        "days_short": max(0, SIX_MONTHS - kept),
        "removed": state["missing"],
    }
    figures = only("retention", "log", "entries", "days_kept", "days_short", "removed")
    return Evidence("retention", {**scope.parameters(), "data_cut": scope.cut.isoformat()}, [row], figures)


def weights_in_force(scope: Scope) -> Evidence:
    """Policies in force at some time in the window: exact weights, what was before, and the vote."""
    history = list(reversed(policies.history(system=scope.system)))
    tallies = {row["policy_version"]: row for row in from_upper_floors(scope).get("tallies", [])}
    rows: Rows = []
    for policy in history:
        until = policy.in_force_until
        if policy.in_force_from < scope.end and (until is None or until > scope.start):
            rows += _policy_rows(policy, _before(policy, history), tallies.get(policy.version))
    query = "weights_in_force"
    figures = {
        "policies": Figure("count", query, where={"kind": "policy"}),
        "by_council": Figure("count", query, where={"kind": "policy", "source": "council"}),
        "by_owner": Figure("count", query, where={"kind": "policy", "source": "owner"}),
        "with_tally": Figure("count", query, where={"kind": "tally"}),
    }
    return Evidence(query, scope.parameters(), rows, figures)


def _before(policy: Policy, history: list[Policy]) -> Policy | None:
    earlier = [each for each in history if each.version < policy.version and each.context == policy.context]
    return earlier[-1] if earlier else None


def _policy_rows(policy: Policy, before: Policy | None, tally: Mapping[str, Any] | None) -> Rows:
    old = before.weights_float if before else {}
    head = {
        "kind": "policy",
        "policy": policy.version,
        "context": policy.context,
        "source": policy.source.get("kind", ""),
        "rule": policy.get_rule_display(),
        "in_force_from": policy.in_force_from.isoformat(),
        "in_force_until": policy.in_force_until.isoformat() if policy.in_force_until else None,
        "digest": policy.digest,
    }
    weights = [
        {
            "kind": "weight",
            "policy": policy.version,
            "edge": edge.slug,
            "name": edge.name,
            "exact": policy.weights.get(edge.slug, "0"),
            "weight": policy.weights_float.get(edge.slug, 0.0),
            "before": old.get(edge.slug),
        }
        for edge in edges.leaves(edge_set=policy.edge_set)
    ]
    return [head, *weights, *([{"kind": "tally", "policy": policy.version, **tally}] if tally else [])]


def evaluations(scope: Scope) -> Evidence:
    """Evaluation results up to the end of the window, from the floor that keeps them."""
    figures = {
        "results": Figure("count", "evaluations"),
        "signed": Figure("count", "evaluations", where={"signed": True}),
        "with_interval": Figure("count", "evaluations", where={"has_interval": True}),
    }
    rows = from_upper_floors(scope).get("evaluations", [])
    return Evidence("evaluations", scope.parameters(), rows, figures)


def failure_modes(scope: Scope) -> Evidence:
    """The three failure-mode indices of the window."""
    answer = monitoring.indices(system=scope.system, start=scope.start, end=scope.end)
    rows = []
    for name, index in answer.items():
        low, high = index["interval"] or (None, None)
        rows.append(
            {
                "index": name, "value": index["value"], "low": low, "high": high, "n": index["n"],
                "effective": index["effective"], "weighted": index["weighted"],
            }
        )  # fmt: skip
    figures = {
        row["index"]: Figure("only", "failure_modes", "value", where={"index": row["index"]}) for row in rows
    }
    return Evidence("failure_modes", scope.parameters(), rows, figures)


def from_upper_floors(scope: Scope) -> dict[str, Rows]:
    """Rows that councils and model cards provide, by query id (port ``AUDITS_EVIDENCE_SOURCES``).

    From the system's beginning, not the window's: a vote before the window may have set the weights inside it.
    """
    gathered: dict[str, Rows] = {}
    for path in settings.AUDITS_EVIDENCE_SOURCES:
        gathered.update(
            import_string(path)(system=scope.system, start=scope.system.created_at, end=scope.end)
        )
    return gathered


QUERIES: dict[str, Callable[[Scope], Evidence]] = {
    "log_coverage": log_coverage,
    "conformance": conformance,
    "retention": retention,
    "weights_in_force": weights_in_force,
    "evaluations": evaluations,
    "failure_modes": failure_modes,
}
