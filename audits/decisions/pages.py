"""What the page of one decision shows, ready for its template."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from edgewise import scoring

from audits.decisions import attribution, chart, explaining, profile
from audits.decisions.explaining import Explanation
from audits.decisions.models import Assessment, Decision
from governance.edges import selectors as edges
from governance.policies import applying
from governance.policies import selectors as policies
from governance.systems.models import AISystem
from governance.templatetags import formats

Kind = str


@dataclass(frozen=True, slots=True)
class Check:
    """One line of "did it follow the policy?": kind good, bad or empty, its word, and a sentence."""

    kind: Kind
    word: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A score as written; ``chosen`` marks the column of the option chosen."""

    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A row of the table of options."""

    name: str
    slot: int
    weight: str
    cells: list[Cell]


def heading(explanation: Explanation) -> str:
    """What was decided, in a few words."""
    found, chosen = explanation.attribution, explanation.decision.chosen
    if explanation.is_assessment:
        return _("%s, assessed") % named(str(explanation.subject))
    if chosen is None:
        return str(Decision.Disposition(explanation.decision.disposition).label)
    if explanation.weights_are_erased or explanation.is_incomparable:
        return named(chosen)
    if found is None or found.runner_up is None:
        return _("%s, the only option open") % named(chosen)
    return _("%(chosen)s, rather than %(other)s") % {"chosen": named(chosen), "other": found.runner_up}


def named(option: str) -> str:
    """An option's id at the beginning of a sentence."""
    return option[:1].upper() + option[1:]


def option_heads(explanation: Explanation) -> list[Cell]:
    """Heads of the option columns."""
    found, about = explanation.attribution, explanation.subject
    runner = found.runner_up if found is not None else None
    heads = []
    for option in explanation.columns:
        text = named(option["id"])
        if option["id"] == profile.REFERENCE:
            text = _("Reference profile")
        elif option["id"] == about:
            text = (_("%s, assessed") if explanation.is_assessment else _("%s, chosen")) % text
        elif option["id"] == runner:
            text = _("%s, runner-up") % text
        heads.append(Cell(text, option["id"] == about))
    return heads


def other(explanation: Explanation) -> str:
    """What the option is weighed against: the runner-up, or the reference profile."""
    if explanation.is_assessment:
        return _("the reference profile")
    found = explanation.attribution
    return found.runner_up or "" if found is not None else ""


def edge_rows(explanation: Explanation) -> list[EdgeRow]:
    """Scores of every option, edge by edge, with deviations where they differ."""
    shared = uniform_deviation(explanation)
    return [
        EdgeRow(
            name,
            slot,
            explaining.points(explanation.weights[slug]),
            [Cell(_score(option, slug, shared), option["id"] == explanation.subject)
             for option in explanation.columns],
        )
        for slot, (slug, name) in enumerate(explanation.names.items(), 1)
    ]  # fmt: skip


def _score(option: dict[str, Any], slug: str, shared: float | None) -> str:
    score, sd = option["edges"].get(slug), (option.get("uncertainty") or {}).get(slug)
    if score is None:
        return _("not scored")
    text = formats.number(score, 2)
    return text if shared is not None or sd is None else f"{text} ±{formats.number(sd, 2)}"


def uniform_deviation(explanation: Explanation) -> float | None:
    """The standard deviation, where every score has the same."""
    stated = [
        (option.get("uncertainty") or {}).get(slug)
        for option in explanation.options
        for slug in explanation.names
    ]
    return stated[0] if stated and len(set(stated)) == 1 else None


def totals(explanation: Explanation) -> list[Cell]:
    """Each option's total under the rule."""
    values = explanation.attribution.utilities if explanation.attribution is not None else {}
    return [
        Cell(formats.number(None if (u := values.get(option["id"])) is None else 100 * u, 2),
             option["id"] == explanation.subject)
        for option in explanation.columns
    ]  # fmt: skip


def norm_sentences(explanation: Explanation) -> list[str]:
    """Which options keep each hard norm."""
    sentences = []
    for norm in explanation.policy.norms if explanation.policy is not None else ():
        kept = scoring.feasible(explanation.options, [norm])
        broken = [option["id"] for option in explanation.options if option["id"] not in kept]
        name = explanation.names.get(norm["edge"], norm["edge"])
        terms = {"edge": name, "minimum": formats.number(norm["minimum"], 2), "broken": ", ".join(broken)}
        if broken:
            sentences.append(
                _("Hard norm “%(edge)s at least %(minimum)s”: %(broken)s may not be chosen.") % terms
            )
        else:
            sentences.append(_("Hard norm “%(edge)s at least %(minimum)s”: every option meets it.") % terms)
    return sentences


def contributions(explanation: Explanation) -> list[chart.Value]:
    """Contributions in points of 100, largest first."""
    found = explanation.attribution
    shares = found.contributions if found is not None else {}
    ordered = sorted(shares.items(), key=lambda share: -share[1])
    return [
        chart.Value(
            explanation.names[slug],
            formats.signed(100 * value, 2) if round(100 * value, 2) else "0",
            100 * value,
        )
        for slug, value in ordered
    ]


def changes(explanation: Explanation) -> list[tuple[str, str]]:
    """What would have changed the choice."""
    return [*_shortest(explanation), *_pivotal(explanation), *_today(explanation)]


def _shortest(explanation: Explanation) -> Iterator[tuple[str, str]]:
    flip, names = explanation.flip, explanation.names
    if flip is None or not flip.taken:
        return
    terms = {
        "points": formats.number(flip.points, 2),
        "from": _(" and ").join(names[edge] for edge in flip.taken),
        "to": names[flip.towards],
        "option": flip.option,
    }
    yield _("Shortest way"), _("Moving %(points)s points from %(from)s to %(to)s gives %(option)s.") % terms


def _pivotal(explanation: Explanation) -> Iterator[tuple[str, str]]:
    found, names = explanation.attribution, explanation.names
    if found is None or found.margin is None or explanation.is_assessment:
        return
    if not found.pivotal:
        yield _("Could have flipped it"), _("No single edge: without any one of them the choice stays.")
        return
    told = [
        _("Without %(edge)s, %(option)s would have been chosen.") % {"edge": names[edge], "option": option}
        for edge, option in found.pivotal.items()
    ]
    if len(told) < len(names):
        told.append(_("No other single edge changes the choice."))
    yield _("Could have flipped it"), " ".join(told)


def _today(explanation: Explanation) -> Iterator[tuple[str, str]]:
    """What the policy in force now would choose, where it is another one."""
    if explanation.is_assessment:
        return
    decision = explanation.decision
    current = applying.most_specific(policies.in_force_now(system=decision.system), decision.context)
    if current is None or current.version == decision.policy_version or explanation.attribution is None:
        return
    terms = attribution.Policy(current.weights_float, current.rule, current.norms, current.tiers)
    pick = terms.choose(explanation.options).option_id
    name = _("Policy %d, in force now") % current.version
    if pick == decision.chosen:
        yield name, _("Under it the choice stays %s.") % pick
    elif pick is not None:
        yield name, _("Under it %s would be chosen.") % pick


def checks(explanation: Explanation) -> list[Check]:
    """Did it follow the policy: one line per question that the policy asks."""
    found, policy = explanation.assessment, explanation.policy
    if found is None or policy is None:
        return []
    lines = [_policy_check(found, policy.version), _choice_check(explanation, found)]
    if policy.norms:
        lines.append(_check(found, "norm_violation", _("The option chosen meets every hard norm."),
                            _("The option chosen breaks a hard norm.")))  # fmt: skip
    if policy.clarification_threshold is not None:
        lines.append(_confidence_check(explanation, found, policy.clarification_threshold))
    if policy.rationale_required:
        lines.append(
            _check(
                found,
                "unexplained",
                _("A rationale was recorded."),
                _("The policy asks for a rationale; none was recorded."),
            )
        )
    if explanation.decision.weights:
        lines.append(_check(found, "outside_bounds", _("Personal weights stay inside the bounds of the policy."),
                            _("Personal weights lie outside the bounds of the policy.")))  # fmt: skip
    if "partial" in found.verdicts:
        lines.append(
            Check("bad", _("No"), _("Scores are missing, so the record can be judged in part only."))
        )
    return lines


def _check(found: Assessment, verdict: str, good: str, bad: str) -> Check:
    return Check("bad", _("No"), bad) if verdict in found.verdicts else Check("good", _("Yes"), good)


def _policy_check(found: Assessment, version: int) -> Check:
    if "stale_policy" in found.verdicts:
        return Check(
            "bad", _("No"), _("It applied policy %d, which was no longer in force at that moment.") % version
        )
    good = _("It applied policy %d, the policy in force at that moment.") % version
    return _check(
        found,
        "wrong_policy",
        good,
        _("It applied policy %d, which was not the one in force for it.") % version,
    )


def _choice_check(explanation: Explanation, found: Assessment) -> Check:
    if explanation.is_assessment:
        return Check("", _("Not asked"), _("It assessed one option; there was nothing to choose from."))
    if explanation.decision.chosen is None:
        return Check("good", _("Yes"), _("It chose no option, and passed the decision on."))
    if explanation.is_incomparable:
        return Check("", _("Not known"), _("A score is missing, so the options cannot be compared."))
    good = _("No other option that it was free to choose scores higher.")
    return _check(found, "wrong_choice", good, _("Another option that it was free to choose scores higher."))


def _confidence_check(explanation: Explanation, found: Assessment, threshold: float) -> Check:
    if found.confidence is None:
        return Check("", _("Not stated"), _("The model stated no uncertainty, so its confidence is unknown."))
    terms = {"confidence": formats.percent(found.confidence, 0), "threshold": formats.percent(threshold, 0)}
    sentence = (
        _("Confidence %(confidence)s; below %(threshold)s the policy asks for a clarifying question.") % terms
    )
    return _check(found, "missed_clarification", sentence, sentence)


def deviation_note(explanation: Explanation) -> str:
    """A sentence on the standard deviations."""
    shared = uniform_deviation(explanation)
    if shared is not None:
        return _("Standard deviation %s on each score.") % formats.number(shared, 2)
    if any(option.get("uncertainty") for option in explanation.options):
        return _("± is the standard deviation that the model states.")
    return _("The model stated no uncertainty.")


def seconds_to_judge(found: Assessment | None, decision: Decision) -> str:
    """How long after its arrival the decision was judged."""
    if found is None:
        return ""
    seconds = max(0, round((found.assessed_at - decision.logged_at).total_seconds()))
    return ngettext("%d second after it arrived", "%d seconds after it arrived", seconds) % seconds


def system_edge_names(system: AISystem | None) -> dict[str, str]:
    """Names of a system's scored edges by slug, in the order of the current set."""
    current = edges.current_set(system=system) if system is not None else None
    return {edge.slug: edge.name for edge in edges.leaves(edge_set=current)} if current is not None else {}
