"""Did a decision follow the policy in force? Recomputed from the record alone; conformant means no verdict."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from governance.policies import applying

VERDICTS = (
    "missed_clarification",
    "norm_violation",
    "outside_bounds",
    "partial",
    "stale_policy",
    "unexplained",
    "wrong_choice",
    "wrong_policy",
)
GRACE = dt.timedelta(seconds=60)
_SLACK = 1e-9


class PolicyTerms(Protocol):
    """What conformance reads of a policy."""

    version: int
    digest: str
    context: dict[str, Any]
    in_force_from: dt.datetime
    in_force_until: dt.datetime | None
    bounds: dict[str, Any]
    clarification_threshold: float | None
    rationale_required: bool

    @property
    def weights_float(self) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What was established about one decision, given the policy that the model says it applied."""

    standing: str
    answered: bool
    clarified: bool
    explained: bool
    complete: bool
    outscored: bool
    feasible: bool
    confidence: float | None
    weights: Mapping[str, float] | None = None
    doubt: float = 0.0


def in_force(
    policies: Iterable[PolicyTerms], context: Mapping[str, str], at: dt.datetime
) -> PolicyTerms | None:
    """The policy in force at ``at`` whose context matches most keys."""
    live = [
        policy
        for policy in policies
        if policy.in_force_from <= at and (policy.in_force_until is None or at < policy.in_force_until)
    ]
    return applying.most_specific(live, context)


def standing(
    policies: Iterable[PolicyTerms],
    claimed: PolicyTerms,
    digest: str,
    context: Mapping[str, str],
    at: dt.datetime,
) -> str:
    """``in_force``, ``stale`` (was in force for this context earlier) or ``wrong``, of the policy claimed at ``at``."""
    if digest != claimed.digest or not applying.applies(claimed, context):
        return "wrong"
    expected = in_force(policies, context, at)
    if expected is not None and expected.version == claimed.version:
        return "in_force"
    ended = claimed.in_force_until
    if ended is None or ended > at:
        return _just_changed(policies, claimed, context, at)
    return "in_force" if at - ended <= GRACE else "stale"


def _just_changed(
    policies: Iterable[PolicyTerms], claimed: PolicyTerms, context: Mapping[str, str], at: dt.datetime
) -> str:
    """A still valid policy displaced by a more specific one: right within the grace, stale if it preceded it."""
    if claimed.in_force_from > at:
        return "wrong"
    expected = in_force(policies, context, at)
    if expected is None or expected.in_force_from <= claimed.in_force_from:
        return "wrong"
    return "in_force" if at - expected.in_force_from <= GRACE else "stale"


def verdicts(facts: Facts, policy: PolicyTerms) -> list[str]:
    """Sorted verdicts of one decision under the policy claimed; empty if it conforms."""
    threshold = policy.clarification_threshold
    unsure = (
        threshold is not None
        and facts.confidence is not None
        and facts.confidence + 2 * facts.doubt < threshold
    )
    found = {
        "stale_policy": facts.standing == "stale",
        "wrong_policy": facts.standing == "wrong",
        "wrong_choice": facts.outscored,
        "norm_violation": not facts.feasible,
        "outside_bounds": facts.weights is not None and not within_bounds(facts.weights, policy),
        "missed_clarification": unsure and facts.answered and not facts.clarified,
        "unexplained": policy.rationale_required and not facts.explained,
        "partial": not facts.complete,
    }
    return sorted(name for name, holds in found.items() if holds)


def within_bounds(weights: Mapping[str, float], policy: PolicyTerms) -> bool:
    """Whether personal weights stay inside the bounds; an edge without bounds may not be moved."""
    for edge, weight in policy.weights_float.items():
        low, high = (float(bound) for bound in policy.bounds.get(edge, (weight, weight)))
        if not low - _SLACK <= weights.get(edge, 0.0) <= high + _SLACK:
            return False
    return True
