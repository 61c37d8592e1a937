"""The explanation of one decision on one page: what was decided, which edges decided it, what would have changed it.

Everything is computed from the log entry and the policy it names (GDPR 15(1)(h), AI Act 86).
"""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from audits.decisions import attribution, basis, counterfactual, explaining, profile
from audits.decisions import selectors as decisions
from audits.decisions.models import Decision
from audits.decisions.table import is_assessment
from audits.ledger import selectors as ledger
from audits.reports.manifest import Evidence, Figure, Json
from audits.reports.tables import Column, figure, minute, table, verdict
from governance.edges import selectors as edges
from governance.errors import DomainError
from governance.organisations.models import Organisation
from governance.policies import applying
from governance.policies import selectors as policies
from governance.policies.models import Policy

QUERY = "explanation"
PROFILE = "the reference profile"
REPLAY = (
    "Replay holds the logged options and scores fixed; it does not predict what the model would have generated. "
    "No evidence: input variation. The record does not say what the model would have done with other personal data."
)


class DecisionUnknown(DomainError):
    """The organisation has logged no such decision."""

    code = "not_found"
    status = 404


def find(*, organisation: Organisation, subject: str) -> Decision:
    """The decision with the id ``subject``; raises DecisionUnknown."""
    try:
        found = decisions.get(organisation=organisation, id=uuid.UUID(subject))
    except ValueError:
        found = None
    if found is None:
        raise DecisionUnknown(_("No decision with this id was logged."))
    return found


def explain(decision: Decision) -> tuple[Evidence, Json]:
    """The evidence of one decision, and the page's body."""
    record = _record(decision)
    policy = policies.with_version(system=decision.system, version=decision.policy_version)
    assert policy is not None, "ingest refuses records under a policy that never was"
    scored = _scored(decision, record, policy)
    evidence = Evidence(
        QUERY, {"decision": str(decision.uuid), "policy": policy.version}, scored["rows"], scored["figures"]
    )
    return evidence, _body(decision, record, policy, scored)


def _record(decision: Decision) -> Json:
    log = ledger.log_of(organisation=decision.system.organisation, system=decision.system)
    assert log is not None, "a decision is in its system's log"
    return dict(json.loads(ledger.entry(log=log, index=decision.index))["record"])


def _scored(decision: Decision, record: Json, policy: Policy) -> Json:
    terms = attribution.Policy(
        weights=_weights(policy, decision), rule=str(policy.rule), norms=policy.norms, tiers=policy.tiers
    )
    assessed = is_assessment(record)
    if _weights_are_erased(decision, record) or (decision.chosen is None and not assessed):
        return {"rows": [], "figures": {}, "about": decision.chosen, "unscored": False, "runner_up": None,
                "sentence": None, "margin": None}  # fmt: skip
    reference = {edge: policy.reference_profile.get(edge, applying.MIDDLE) for edge in terms.weights}
    options = [*record["options"], *([profile.option(reference)] if assessed else [])]
    about = str(options[0]["id"] if assessed else decision.chosen)
    found = (
        profile.attribute(options[0], reference, terms)
        if assessed
        else attribution.attribute(options, about, terms)
    )
    names = {edge.slug: edge.name for edge in edges.leaves(edge_set=policy.edge_set)}
    by_id = {option["id"]: option["edges"] for option in options}
    rows = [
        {
            "edge": edge,
            "name": names.get(edge, edge),
            "weight": weight,
            "chosen": by_id[about].get(edge),
            "runner_up": by_id[found.runner_up].get(edge) if found.runner_up else None,
            "contribution": found.contributions.get(edge),
            "deciding": edge in found.driving,
        }
        for edge, weight in terms.weights.items()
    ]
    return {
        "rows": rows,
        "figures": {"margin": Figure("sum", QUERY, "contribution")} if found.margin is not None else {},
        "about": about,
        "unscored": bool(_unscored(record, policy)),
        "runner_up": PROFILE if assessed else found.runner_up,
        "margin": found.margin,
        "sentence": None
        if assessed or found.margin is None
        else counterfactual.sentence(options, about, terms),
    }


def _weights_are_erased(decision: Decision, record: Json) -> bool:
    return decision.weights is None and "weights" in record


def _weights(policy: Policy, decision: Decision) -> dict[str, float]:
    own = decision.weights or policy.weights_float
    order = [edge.slug for edge in edges.leaves(edge_set=policy.edge_set)]
    return {edge: float(own.get(edge, 0.0)) for edge in order}


def _body(decision: Decision, record: Json, policy: Policy, scored: Json) -> Json:
    rows, deciding = scored["rows"], [row["name"] for row in scored["rows"] if row["deciding"]]
    charts: Json = {}
    contributions = [row for row in rows if row["contribution"] is not None]
    if contributions:
        bars = [{"label": row["name"], "value": round(100 * row["contribution"], 4)} for row in contributions]
        title = f"What spoke for “{scored['about']}” rather than “{scored['runner_up']}”"
        charts["contributions"] = {
            "kind": "bars",
            "title": title,
            "unit": "points of 100; to the right: for the choice",
            "row": 17,
            "rows": bars,
        }
    return {
        "statement": f"“{decision.chosen}” was chosen. {explaining.ERASED_WEIGHTS}"
        if _weights_are_erased(decision, record)
        else reading(deciding, scored)
        if is_assessment(record)
        else statement(decision, deciding, scored),
        "facts": _facts(decision, record, policy),
        "table": _table(record, scored) if rows else None,
        "charts": charts,
        "counterfactual": ""
        if _weights_are_erased(decision, record) or is_assessment(record)
        else changed(scored["sentence"], {row["edge"]: row["name"] for row in rows}),
        "caveat": REPLAY,
    }


def statement(decision: Decision, deciding: list[str], scored: Mapping[str, Any]) -> str:
    """The one sentence the page exists for."""
    if decision.chosen is None:
        return f"No option was chosen; the decision was {decision.disposition}."
    if scored["margin"] is None and scored["unscored"]:
        return f"“{decision.chosen}” was chosen; a score is missing, so it cannot be compared with the other options."
    if scored["margin"] is None:
        return f"“{decision.chosen}” was chosen; there was no other option to compare it with."
    if not deciding:
        return f"“{decision.chosen}” was chosen; it and “{scored['runner_up']}” came out equal: no value decided."
    which = " and ".join(deciding)
    together = " together" if len(deciding) > 1 else ""
    return (
        f"“{decision.chosen}” was chosen. {which} decided it{together}; “{scored['runner_up']}” came second."
    )


def reading(deciding: list[str], scored: Mapping[str, Any]) -> str:
    """The one sentence about an assessment."""
    begin = f"“{scored['about']}” was assessed; nothing was chosen."
    if scored["margin"] is None:
        return f"{begin} A score is missing, so it cannot be compared with the reference profile."
    if not deciding:
        return f"{begin} It lies level with the reference profile."
    side = "above" if scored["margin"] > 0 else "below"
    points = f"{100 * abs(scored['margin']):.2f}"
    return f"{begin} It lies {points} points {side} the reference profile, most of all by {' and '.join(deciding)}."


def changed(sentence: counterfactual.Sentence | None, names: Mapping[str, str]) -> str:
    """What another weight would have changed, in a sentence a person can check."""
    if sentence is None:
        return "No change of a single weight would have led to another choice."
    more = "more" if sentence.points > 0 else "less"
    after, before = round(100 * sentence.after), round(100 * sentence.before)
    return (
        f"Had {names[sentence.edge]} weighed {abs(sentence.points)} points {more} ({after} instead of {before}, the "
        f"others changed in proportion), “{sentence.option}” would have been chosen."
    )


def _facts(decision: Decision, record: Json, policy: Policy) -> list[list[str]]:
    assessed = decisions.assessment_of(decision=decision)
    followed = "not checked yet"
    if assessed is not None:
        rests = basis.of_policy(system=decision.system, policy=policy)
        departures = "; ".join(map(verdict, assessed.verdicts))
        followed = f"no: {departures}" if departures else f"yes ({rests.word})"
    if policy.set_without_vote:
        source = "weights set without a vote, by the owner of the system"
    else:
        source = f"council vote on proposal {policy.source.get('proposal')}"
    context = (
        ", ".join(f"{name} {value}" for name, value in sorted(decision.context.items())) or "none stated"
    )
    return [
        ["System", f"{decision.system.name}, {decision.system.organisation.name}"],
        ["Decided", f"{minute(decision.occurred_at.astimezone(dt.UTC))}, model {decision.model_version}"],
        ["Circumstances", context],
        [
            "Options",
            f"{', '.join(option['id'] for option in record['options'])}; {_outcome(decision, record)}",
        ],
        *([["Not scored", "; ".join(_unscored(record, policy))]] if _unscored(record, policy) else []),
        ["Weights in force", f"policy {policy.version}; {source}"],
        ["Followed the policy", followed],
        ["Log entry", f"{figure(decision.index)} of the system's log"],
    ]


def _outcome(decision: Decision, record: Json) -> str:
    return "assessed, nothing chosen" if is_assessment(record) else f"chosen: {decision.chosen or 'none'}"


def _unscored(record: Json, policy: Policy) -> list[str]:
    """Each missing score with its reason."""
    names = {edge.slug: edge.name for edge in edges.leaves(edge_set=policy.edge_set)}
    return [
        f"{option['id']}, {names.get(edge, edge)} ({reason})"
        for option in record["options"]
        for edge, reason in (option.get("unscored") or {}).items()
    ]


def _table(record: Json, scored: Json) -> Json:
    assessed = is_assessment(record)
    columns = (
        Column("name", "Edge: one value the model is judged on"),
        Column("weight", "Weight", num=True, width="w-m", text=lambda share: f"{100 * share:.1f}"),
        Column("chosen", f"{'Assessed' if assessed else 'Chosen'}: {scored['about']}", num=True, width="w-m"),
        Column(
            "runner_up",
            f"{'Beside' if assessed else 'Next'}: {scored['runner_up'] or 'none'}",
            num=True,
            width="w-m",
        ),
        Column(
            "contribution",
            "Spoke for it" if assessed else "Spoke for the choice",
            num=True,
            width="w-m",
            text=signed,
        ),
    )
    return table("Scores from 0 to 1; weights and contributions in points of 100", columns, scored["rows"])


def signed(share: float | None) -> str:
    """A contribution with its sign."""
    return "not stated" if share is None else f"{100 * share:+.2f}".replace("-", "\u2212")
