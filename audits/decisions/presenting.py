"""Decisions as the API states them."""

from typing import Any

from audits.decisions import profile, table
from audits.decisions.basis import Basis
from audits.decisions.explaining import HELD_FIXED, Explanation, in_words
from audits.decisions.links import LINKS
from audits.decisions.models import Assessment, Decision, Feedback
from audits.decisions.selectors import Found


def row(found: Found, rests: Basis) -> dict[str, Any]:
    """One row of a search; ``rests`` is what conformance of its system rests on."""
    kind = "assessment" if found.told.is_assessment else "choice"
    return {**_head(found.decision), "kind": kind, "assessment": _assessment(found.assessment, rests)}


def full(
    explanation: Explanation,
    opened: dict[str, dict[str, Any]] | None,
    feedback: Feedback | None,
    rests: Basis,
    following: list[Decision],
) -> dict[str, Any]:
    """One decision: the record as logged, attribution, conformance, place in the log, and what was opened."""
    record = explanation.record
    return {
        **_head(explanation.decision),
        "kind": "assessment" if table.is_assessment(record) else "choice",
        "sampling": record.get("sampling"),
        "links": {name: record.get(name) for name in LINKS},
        "following": [str(each.uuid) for each in following],
        "record": explanation.record,
        "leaf_hash": explanation.leaf_hash,
        "assessment": _assessment(explanation.assessment, rests),
        "attribution": attribution(explanation),
        "feedback": _feedback(feedback),
        **({"opened": opened} if opened is not None else {}),
    }


def _head(decision: Decision) -> dict[str, Any]:
    return {
        "id": str(decision.uuid),
        "system": decision.system.slug,
        "index": decision.index,
        "occurred_at": decision.occurred_at.isoformat(),
        "logged_at": decision.logged_at.isoformat(),
        "model_version": decision.model_version,
        "context": decision.context,
        "chosen": decision.chosen,
        "disposition": decision.disposition,
        "policy_version": decision.policy_version,
        "options": decision.options,
    }


def _assessment(found: Assessment | None, rests: Basis) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "runner_up": found.runner_up,
        "margin": found.margin,
        "driving_edge": found.driving_edge,
        "tied_edges": found.tied_edges,
        "confidence": found.confidence,
        "verdicts": found.verdicts,
        "conformant": not found.verdicts,
        "basis": rests.code,
        "assessed_at": found.assessed_at.isoformat(),
    }


def attribution(explanation: Explanation) -> dict[str, Any] | None:
    """Contributions and counterfactuals; None where nothing was chosen."""
    found, flip, sentence = explanation.attribution, explanation.flip, explanation.sentence
    if found is None:
        return None
    return {
        "chosen": None if explanation.is_assessment else found.chosen,
        "assessed": found.chosen if explanation.is_assessment else None,
        "runner_up": None if explanation.is_assessment else found.runner_up,
        "reference": explanation.reference if explanation.is_assessment else None,
        "margin": found.margin,
        "weights": dict(explanation.weights),
        "utilities": {name: total for name, total in found.utilities.items() if name != profile.REFERENCE},
        "feasible": list(found.feasible),
        "contributions": dict(found.contributions),
        "driving": list(found.driving),
        "pivotal": dict(found.pivotal),
        "flip_distance": None if flip is None else {
            "points": flip.points, "towards": flip.towards, "taken": dict(flip.taken), "option": flip.option,
        },
        "counterfactual": None if sentence is None else {
            "edge": sentence.edge, "points": sentence.points, "before": sentence.before, "after": sentence.after,
            "option": sentence.option,
        },
        "sentence": in_words(explanation),
        "note": HELD_FIXED,
    }  # fmt: skip


def _feedback(found: Feedback | None) -> dict[str, Any] | None:
    return (
        None
        if found is None
        else {"satisfaction": found.satisfaction, "error": found.error, "group": found.group}
    )


def explanation_document(explanation: Explanation, rests: Basis) -> dict[str, Any]:
    """The explanation of one decision for the person it is about."""
    decision, policy = explanation.decision, explanation.policy
    return {
        "id": str(decision.uuid),
        "system": decision.system.name,
        "occurred_at": decision.occurred_at.isoformat(),
        "sentence": in_words(explanation),
        "note": HELD_FIXED,
        "input_counterfactuals": explanation.record.get("input_counterfactuals"),
        "policy": None if policy is None else {"version": policy.version, "rule": policy.rule},
        "edges": explanation.names,
        "options": [
            {name: option[name] for name in ("id", "edges", "unscored") if option.get(name)}
            for option in explanation.options
        ],
        "attribution": attribution(explanation),
        "conformant": None if explanation.assessment is None else not explanation.assessment.verdicts,
        "basis": rests.code,
    }
