"""One decision in full: what it could choose from, what tipped the balance, what would have changed it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from edgewise import merkle
from edgewise.strict_json import loads

from audits.decisions import attribution, counterfactual, profile, selectors, table
from audits.decisions.attribution import Attribution
from audits.decisions.counterfactual import Flip, Sentence
from audits.decisions.models import Assessment, Decision
from audits.ledger import selectors as ledger
from governance.edges import selectors as edges
from governance.edges.models import Edge
from governance.policies import applying
from governance.policies import selectors as policies
from governance.policies.models import Policy
from governance.templatetags import formats

HELD_FIXED = (
    "Replay holds the logged options and scores fixed; "
    "it does not predict what the model would have generated."
)
ERASED_WEIGHTS = gettext_lazy(
    "The person's own weights were used and are no longer kept: what tipped the balance cannot be told any more."
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """``record`` is the logged one, sealed fields as commitments. ``names`` are edge names by slug, in order.

    ``attribution``, ``flip`` and ``sentence`` are None where no option was chosen, the policy is gone, or the person's
    own weights are.
    """

    decision: Decision
    assessment: Assessment | None
    record: dict[str, Any]
    entry: bytes
    policy: Policy | None
    names: dict[str, str]
    weights: Mapping[str, float]
    attribution: Attribution | None
    flip: Flip | None
    sentence: Sentence | None

    @property
    def leaf_hash(self) -> str:
        """Hex of SHA-256(0x00 ‖ entry)."""
        return merkle.leaf_hash(self.entry).hex()

    @property
    def weights_are_erased(self) -> bool:
        """Whether it was made with a person's own weights that are no longer kept."""
        return _weights_are_erased(self.decision, self.record)

    @property
    def is_assessment(self) -> bool:
        """Whether the record assesses one option, and chooses nothing."""
        return table.is_assessment(self.record)

    @property
    def reference(self) -> dict[str, float]:
        """What an assessment is read against, edge by edge."""
        known = self.policy.reference_profile if self.policy is not None else {}
        return {edge: known.get(edge, applying.MIDDLE) for edge in self.names}

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The options as they stand side by side, an assessment's with the reference profile."""
        beside = {"id": profile.REFERENCE, "edges": self.reference}
        return [*self.options, beside] if self.is_assessment else self.options

    @property
    def subject(self) -> str | None:
        """The option that the record is about: the one chosen, or assessed."""
        return self.options[0]["id"] if self.is_assessment else self.decision.chosen

    @property
    def is_incomparable(self) -> bool:
        """Whether nothing can be said of a margin because a score is missing."""
        found = self.attribution
        return found is not None and found.margin is None and bool(self.unscored)

    @property
    def unscored(self) -> list[tuple[str, str, str]]:
        """Option, edge and reason of each score that is missing."""
        return [
            (option["id"], self.names.get(edge, edge), str(reason))
            for option in self.options
            for edge, reason in (option.get("unscored") or {}).items()
        ]

    @property
    def options(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.record["options"]
        return found


def explain(*, decision: Decision) -> Explanation:
    """Everything the record says, computed from the log's entry and the policy that the model says it applied."""
    system = decision.system
    entry = ledger.entry(log=ledger.log_for(system=system), index=decision.index)
    record: dict[str, Any] = loads(entry)["record"]
    policy = policies.with_version(system=system, version=decision.policy_version)
    names = edge_names(record, policy)
    weights = _weights(decision, policy, names)
    erased = _weights_are_erased(decision, record)
    terms = None if policy is None or erased else _terms(policy, weights)
    found: tuple[Attribution | None, Flip | None, Sentence | None] = (None, None, None)
    if terms is not None and decision.chosen is not None and not table.is_assessment(record):
        found = _reasons(record["options"], decision.chosen, terms)
    assessment = selectors.assessment_of(decision=decision)
    explanation = Explanation(decision, assessment, record, entry, policy, names, weights, *found)
    return _read(explanation, terms) if terms is not None and explanation.is_assessment else explanation


def _read(explanation: Explanation, terms: attribution.Policy) -> Explanation:
    """An assessment against the reference profile of its policy."""
    found = profile.attribute(explanation.options[0], explanation.reference, terms)
    return replace(explanation, attribution=found)


def edge_names(record: Mapping[str, Any], policy: Policy | None) -> dict[str, str]:
    """Names of the scored edges in the order of the edge set; edges it does not know go by their slug."""
    scored = list(record["options"][0]["edges"])
    known: list[Edge] = [] if policy is None else edges.leaves(edge_set=policy.edge_set)
    named = {edge.slug: edge.name for edge in known if edge.slug in scored}
    return named | {slug: slug for slug in scored if slug not in named}


def _weights(decision: Decision, policy: Policy | None, names: Mapping[str, str]) -> dict[str, float]:
    """The effective weights: a person's own where preferences changed them.

    Once those are erased, the policy's: they stand beside the scores, and nothing is computed with them.
    """
    given = decision.weights or (policy.weights_float if policy is not None else {})
    return {edge: float(given.get(edge, 0.0)) for edge in names}


def _weights_are_erased(decision: Decision, record: Mapping[str, Any]) -> bool:
    return decision.weights is None and "weights" in record


def _terms(policy: Policy, weights: Mapping[str, float]) -> attribution.Policy:
    return attribution.Policy(weights, policy.rule, policy.norms, policy.tiers)


def _reasons(
    options: list[dict[str, Any]], chosen: str, terms: attribution.Policy
) -> tuple[Attribution, Flip | None, Sentence | None]:
    found = attribution.attribute(options, chosen, terms)
    if found.margin is None:
        return found, None, None
    return (
        found,
        counterfactual.flip(options, chosen, terms),
        counterfactual.sentence(options, chosen, terms),
    )


def in_words(explanation: Explanation) -> str:
    """The sentence for people: what was chosen, the deciding edge, and what would have changed it."""
    chosen, names = explanation.decision.chosen, explanation.names
    if explanation.is_assessment:
        return " ".join(assessment_in_words(explanation))
    if chosen is None:
        return _("The system chose no option.")
    words = [_("The system chose %s.") % chosen]
    found = explanation.attribution
    if explanation.weights_are_erased:
        words.append(str(ERASED_WEIGHTS))
    if found is not None and found.driving:
        deciding = _(" and ").join(names[edge] for edge in found.driving)
        words.append(_("The deciding edge was %s.") % deciding)
    elif explanation.is_incomparable:
        words.append(_("It cannot be compared with the other options, as a score is missing."))
    elif found is not None and found.runner_up is None:
        words.append(_("No other option was open to it."))
    if explanation.sentence is not None:
        words.append(counterfactual_in_words(explanation.sentence, names))
    elif found is not None and found.margin is not None:
        words.append(_("No change of a single edge's weight would have led to another choice."))
    return " ".join(words)


def assessment_in_words(explanation: Explanation) -> list[str]:
    """What was assessed, on which side of the reference profile it lies, and which edge speaks most for that."""
    words, found = (
        [_("The system assessed %s; nothing was chosen.") % explanation.subject],
        explanation.attribution,
    )
    if explanation.weights_are_erased:
        return [*words, str(ERASED_WEIGHTS)]
    if found is None or found.margin is None:
        return [*words, _("It cannot be compared with the reference profile, as a score is missing.")]
    apart = {"points": formats.number(100 * abs(found.margin), 2)}
    if found.margin > attribution.EPSILON:
        words.append(_("It lies %(points)s points above the reference profile.") % apart)
    elif found.margin < -attribution.EPSILON:
        words.append(_("It lies %(points)s points below the reference profile.") % apart)
    else:
        words.append(_("It lies level with the reference profile."))
    if found.driving:
        deciding = _(" and ").join(explanation.names[edge] for edge in found.driving)
        words.append(_("The deciding edge was %s.") % deciding)
    return words


def counterfactual_in_words(sentence: Sentence, names: Mapping[str, str]) -> str:
    """Had an edge weighed more, or less, another option would have been chosen."""
    terms = {
        "edge": names[sentence.edge],
        "points": abs(sentence.points),
        "after": points(sentence.after),
        "before": points(sentence.before),
        "option": sentence.option,
    }
    if sentence.points > 0:
        return (
            ngettext("Had %(edge)s weighed %(points)d point more (%(after)s instead of %(before)s, the others "
                     "reduced in proportion), %(option)s would have been chosen.",
                     "Had %(edge)s weighed %(points)d points more (%(after)s instead of %(before)s, the others "
                     "reduced in proportion), %(option)s would have been chosen.", abs(sentence.points)) % terms
        )  # fmt: skip
    return (
        ngettext("Had %(edge)s weighed %(points)d point less (%(after)s instead of %(before)s, the others "
                 "raised in proportion), %(option)s would have been chosen.",
                 "Had %(edge)s weighed %(points)d points less (%(after)s instead of %(before)s, the others "
                 "raised in proportion), %(option)s would have been chosen.", abs(sentence.points)) % terms
    )  # fmt: skip


def points(weight: float) -> str:
    """A share in points of 100, without decimals where it has none."""
    rounded = round(100 * weight, 1)
    return f"{rounded:.0f}" if rounded == int(rounded) else f"{rounded:.1f}"
