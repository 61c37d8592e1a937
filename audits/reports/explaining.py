"""The explanation of one decision on one page: what was decided, which edges decided it, what would have changed it.

Rendered from what the decision's own page says (`decisions.explaining`): GDPR 15(1)(h), AI Act 86.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from audits.decisions import basis, counterfactual, explaining
from audits.decisions import selectors as decisions
from audits.decisions.explaining import Explanation
from audits.decisions.models import Decision
from audits.reports.manifest import Evidence, Figure, Json
from audits.reports.tables import Column, figure, minute, table, verdict
from governance.errors import DomainError
from governance.organisations.models import Organisation
from governance.policies.models import Policy

QUERY = "explanation"
PROFILE = "the reference profile"
REPLAY = (
    f"{explaining.HELD_FIXED} "
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
    explanation = explaining.explain(decision=decision)
    policy = explanation.policy
    assert policy is not None, "ingest refuses records under a policy that never was"
    scored = _scored(explanation)
    evidence = Evidence(
        QUERY, {"decision": str(decision.uuid), "policy": policy.version}, scored["rows"], scored["figures"]
    )
    return evidence, _body(explanation, policy, scored)


def _scored(explanation: Explanation) -> Json:
    """The evidence's rows, edge by edge, and what the page says of them; no rows where nothing was attributed."""
    found, about = explanation.attribution, explanation.subject
    if found is None:
        return {
            "rows": [],
            "figures": {},
            "about": about,
            "unscored": False,
            "runner_up": None,
            "margin": None,
        }
    by_id = {option["id"]: option["edges"] for option in explanation.columns}
    rows = [
        {
            "edge": edge,
            "name": explanation.names[edge],
            "weight": weight,
            "chosen": by_id[about].get(edge),
            "runner_up": by_id[found.runner_up].get(edge) if found.runner_up else None,
            "contribution": found.contributions.get(edge),
            "deciding": edge in found.driving,
        }
        for edge, weight in explanation.weights.items()
    ]
    return {
        "rows": rows,
        "figures": {"margin": Figure("sum", QUERY, "contribution")} if found.margin is not None else {},
        "about": about,
        "unscored": bool(explanation.unscored),
        "runner_up": PROFILE if explanation.is_assessment else found.runner_up,
        "margin": found.margin,
    }


def _body(explanation: Explanation, policy: Policy, scored: Json) -> Json:
    rows = scored["rows"]
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
        "statement": _stated(explanation, scored),
        "facts": _facts(explanation, policy),
        "table": _table(explanation, scored) if rows else None,
        "charts": charts,
        "counterfactual": ""
        if explanation.weights_are_erased or explanation.is_assessment
        else changed(explanation.sentence, explanation.names),
        "caveat": REPLAY,
    }


def _stated(explanation: Explanation, scored: Json) -> str:
    deciding = [row["name"] for row in scored["rows"] if row["deciding"]]
    if explanation.weights_are_erased:
        return f"{_outcome_of(explanation)} {explaining.ERASED_WEIGHTS}"
    if explanation.is_assessment:
        return reading(deciding, scored)
    return statement(explanation.decision, deciding, scored)


def _outcome_of(explanation: Explanation) -> str:
    """What was decided, in a sentence that says nothing of weights."""
    if explanation.is_assessment:
        return assessed(explanation.subject)
    if explanation.decision.chosen is None:
        return unchosen(explanation.decision)
    return f"“{explanation.decision.chosen}” was chosen."


def assessed(option: str | None) -> str:
    return f"“{option}” was assessed; nothing was chosen."


def unchosen(decision: Decision) -> str:
    return f"No option was chosen; the decision was {decision.disposition}."


def statement(decision: Decision, deciding: list[str], scored: Mapping[str, Any]) -> str:
    """The one sentence the page exists for."""
    if decision.chosen is None:
        return unchosen(decision)
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
    begin = assessed(scored["about"])
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


def _facts(explanation: Explanation, policy: Policy) -> list[list[str]]:
    decision = explanation.decision
    followed = "not checked yet"
    if explanation.assessment is not None:
        rests = basis.of_policy(system=decision.system, policy=policy)
        departures = "; ".join(map(verdict, explanation.assessment.verdicts))
        followed = f"no: {departures}" if departures else f"yes ({rests.word})"
    if policy.set_without_vote:
        source = "weights set without a vote, by the owner of the system"
    else:
        source = f"council vote on proposal {policy.source.get('proposal')}"
    context = (
        ", ".join(f"{name} {value}" for name, value in sorted(decision.context.items())) or "none stated"
    )
    options = ", ".join(option["id"] for option in explanation.options)
    unscored = "; ".join(f"{option}, {edge} ({reason})" for option, edge, reason in explanation.unscored)
    return [
        ["System", f"{decision.system.name}, {decision.system.organisation.name}"],
        ["Decided", f"{minute(decision.occurred_at.astimezone(dt.UTC))}, model {decision.model_version}"],
        ["Circumstances", context],
        ["Options", f"{options}; {_outcome(explanation)}"],
        *([["Not scored", unscored]] if unscored else []),
        ["Weights in force", f"policy {policy.version}; {source}"],
        ["Followed the policy", followed],
        ["Log entry", f"{figure(decision.index)} of the system's log"],
    ]


def _outcome(explanation: Explanation) -> str:
    if explanation.is_assessment:
        return "assessed, nothing chosen"
    return f"chosen: {explanation.decision.chosen or 'none'}"


def _table(explanation: Explanation, scored: Json) -> Json:
    assessed = explanation.is_assessment
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
