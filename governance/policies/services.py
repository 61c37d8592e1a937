"""Setting the first policy and enacting the next: signed, logged in the system's and the organisation's log."""

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from governance import trail
from governance.edges import selectors as edges
from governance.edges.models import Edge, EdgeSet
from governance.errors import DomainError
from governance.organisations.models import Person
from governance.policies import canonical, signing
from governance.policies.models import Policy
from governance.systems.models import AISystem


class WeightsNotNormalised(DomainError):
    code = "weights_not_normalised"


class WeightOutOfRange(DomainError):
    code = "weight_out_of_range"


class WeightsIncomplete(DomainError):
    code = "weights_incomplete"


class ReferenceUnknown(DomainError):
    code = "reference_unknown"


class ReferenceOutOfRange(DomainError):
    code = "reference_out_of_range"


class RuleUnknown(DomainError):
    code = "rule_unknown"


class EdgesUndefined(DomainError):
    code = "edges_undefined"
    status = 409


class PolicyExists(DomainError):
    code = "policy_exists"
    status = 409


class ContextAmbiguous(DomainError):
    code = "context_ambiguous"
    status = 409


@trail.act()
def set_first(
    *, system: AISystem, weights: Mapping[str, Fraction], by: Person | None, at: dt.datetime, **terms: Any
) -> Policy:
    """The first policy of a system, set by its owner; every page marks it "weights set without a vote"."""
    AISystem.objects.select_for_update(no_key=True).get(pk=system.pk)
    if Policy.objects.filter(system=system).exists():
        raise PolicyExists(_("This system has a policy; from now on its council decides."))
    return enact(system=system, weights=weights, source={"kind": "owner"}, by=by, at=at, **terms)


@trail.act()
def enact(
    *,
    system: AISystem,
    weights: Mapping[str, Fraction],
    source: Mapping[str, Any],
    by: Person | None,
    at: dt.datetime,
    context: Mapping[str, str] | None = None,
    rule: str = Policy.Rule.WEIGHTED_SUM,
    norms: Sequence[Mapping[str, Any]] | None = None,
    bounds: Mapping[str, Sequence[float]] | None = None,
    tiers: Sequence[Any] = (),
    clarification_threshold: float | None = None,
    rationale_required: bool = False,
    reference: Mapping[str, float] | None = None,
    adapter: str = "",
    review_by: dt.date | None = None,
    key: str | None = None,
) -> Policy:
    """The next version of the policy for ``context``. With a ``key`` enacted before, that version is returned.

    ``weights`` name scored edges or groups of the current edge set and sum to exactly 1. Without ``norms`` the hard
    norms in force apply. ``reference`` is the profile that assessments are read against.
    """
    AISystem.objects.select_for_update(no_key=True).get(pk=system.pk)
    enacted = Policy.objects.filter(system=system, key=key).first() if key else None
    if enacted is not None:
        return enacted
    edge_set = _edge_set(system)
    leaf_weights = _checked(weights, rule, edge_set)
    _check_context(system, dict(context or {}), at)
    last = Policy.objects.filter(system=system).order_by("-version").first()
    policy = Policy(
        system=system,
        version=last.version + 1 if last else 1,
        context=dict(context or {}),
        state=Policy.State.IN_FORCE,
        rule=rule,
        weights=canonical.weights_as_text(leaf_weights),
        norms=[dict(norm) for norm in norms] if norms is not None else _norms(system),
        bounds={edge: list(pair) for edge, pair in (bounds or {}).items()},
        tiers=list(tiers),
        clarification_threshold=clarification_threshold,
        rationale_required=rationale_required,
        reference=_reference(reference or {}, leaf_weights),
        adapter=adapter,
        edge_set=edge_set,
        in_force_from=at,
        review_by=review_by,
        source=dict(source),
        key=key,
        created_by=by,
    )
    return _put_in_force(policy, by, at)


def _put_in_force(policy: Policy, by: Person | None, at: dt.datetime) -> Policy:
    document = signing.document(policy)
    policy.digest, policy.note = canonical.digest(document), signing.sign(document)
    before = Policy.objects.filter(
        system=policy.system, context=policy.context, state=Policy.State.IN_FORCE
    ).first()
    if before is not None:
        before.state, before.in_force_until = Policy.State.SUPERSEDED, at
        before.save(update_fields=["state", "in_force_until"])
    policy.save()
    for log in (policy.system, None):
        trail.record(
            "policy.enacted",
            organisation=policy.system.organisation,
            system=log,
            by=by,
            at=at,
            subject=f"policy:{policy.system.slug}/{policy.version}",
            version=policy.version,
            digest=policy.digest,
            context=policy.context,
            rule=policy.rule,
            weights=policy.weights,
            supersedes=before.version if before else None,
            source=policy.source,
        )
    return policy


def _edge_set(system: AISystem) -> EdgeSet:
    edge_set = edges.current_set(system=system)
    if edge_set is None:
        raise EdgesUndefined(_("Define the system's edges first."))
    return edge_set


def _checked(weights: Mapping[str, Fraction], rule: str, edge_set: EdgeSet) -> dict[str, Fraction]:
    """The exact weight of every scored edge, in the order of the set."""
    if rule not in Policy.Rule.values:
        raise RuleUnknown(_("The rules are: %s.") % ", ".join(Policy.Rule.values), field="rule")
    for edge, weight in weights.items():
        if not 0 <= weight <= 1:
            raise WeightOutOfRange(_("The weight of %s lies outside 0 to 1.") % edge, field=f"weights.{edge}")
    if sum(weights.values()) != 1:
        raise WeightsNotNormalised(
            _("The weights sum to %s; they have to sum to exactly 1.") % sum(weights.values()),
            field="weights",
        )
    leaves = canonical.spread(weights, group_members(edge_set=edge_set))
    expected = [edge.slug for edge in edges.leaves(edge_set=edge_set)]
    if set(leaves) != set(expected):
        wrong = sorted(set(leaves) ^ set(expected))
        raise WeightsIncomplete(
            _("Every edge needs a weight, and no other: check %s.") % ", ".join(wrong), field="weights"
        )
    return {edge: leaves[edge] for edge in expected}


def group_members(*, edge_set: EdgeSet) -> dict[str, dict[str, Fraction]]:
    """For each group of the set, the share of each scored edge below it; equal where the set fixes none."""
    children: dict[int | None, list[Edge]] = {}
    for edge in edges.tree(edge_set=edge_set):
        children.setdefault(edge.parent_id, []).append(edge)

    def below(edge: Edge) -> dict[str, Fraction]:
        members = children.get(edge.pk)
        if not members:
            return {edge.slug: Fraction(1)}
        equal = Fraction(1, len(members))
        shares = [Fraction(m.share) if m.share is not None else equal for m in members]
        return {
            leaf: share * part / sum(shares)
            for member, share in zip(members, shares, strict=True)
            for leaf, part in below(member).items()
        }

    return {e.slug: below(e) for level in children.values() for e in level if e.pk in children}


def _reference(reference: Mapping[str, float], leaves: Mapping[str, Fraction]) -> dict[str, float]:
    """The reference profile as it is kept: scores of scored edges."""
    for edge, score in reference.items():
        if edge not in leaves:
            raise ReferenceUnknown(_("The system has no scored edge called %s.") % edge, field="reference")
        if not 0 <= score <= 1:
            raise ReferenceOutOfRange(
                _("The reference score of %s lies outside 0 to 1.") % edge, field=f"reference.{edge}"
            )
    return {edge: float(reference[edge]) for edge in leaves if edge in reference}


def _norms(system: AISystem) -> list[dict[str, Any]]:
    return [
        {"edge": norm.edge, "minimum": float(norm.minimum), "z": float(norm.z)}
        for norm in edges.hard_norms(system=system)
    ]


def _check_context(system: AISystem, context: Mapping[str, str], at: dt.datetime) -> None:
    """Refuses a context that could match a request as well as another policy does, with neither more specific."""
    for other in Policy.objects.filter(system=system, state=Policy.State.IN_FORCE):
        same_size = len(other.context) == len(context) and other.context != dict(context)
        compatible = all(context.get(name, value) == value for name, value in other.context.items())
        if same_size and compatible and context.keys() != other.context.keys():
            raise ContextAmbiguous(
                _("Policy %s could apply to the same decisions; use the same context keys.") % other.version,
                field="context",
            )
