"""What the policy page shows of one policy: names, the one before it, and who decided. Reads, never writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.urls import NoReverseMatch, reverse

from governance.edges import selectors as edges
from governance.policies.models import Policy


@dataclass(frozen=True)
class PolicyPage:
    """``names`` is edge slug → name in the order of the edge set; ``before`` the policy it superseded."""

    policy: Policy
    before: Policy | None
    names: dict[str, str]

    @property
    def new(self) -> dict[str, Fraction]:
        return self.policy.weights_exact

    @property
    def old(self) -> dict[str, Fraction] | None:
        return self.before.weights_exact if self.before else None

    @property
    def norms(self) -> list[dict[str, object]]:
        return [norm | {"name": self.names.get(norm["edge"], norm["edge"])} for norm in self.policy.norms]

    @property
    def reference(self) -> list[tuple[str, float]]:
        """What assessments are read against, by name of the edge; empty where the policy states nothing."""
        profile = self.policy.reference_profile if self.policy.reference else {}
        return [(self.names.get(edge, edge), score) for edge, score in profile.items()]


def shown(history: Sequence[Policy], version: int | None) -> Policy | None:
    """The version asked for; without one, the policy in force with the least context, else the newest."""
    if version is not None:
        return next((policy for policy in history if policy.version == version), None)
    in_force = [policy for policy in history if policy.state == Policy.State.IN_FORCE]
    return min(in_force, key=lambda policy: len(policy.context), default=history[0] if history else None)


def of(policy: Policy, history: Sequence[Policy]) -> PolicyPage:
    """``history`` is newest first."""
    earlier = [
        other for other in history if other.context == policy.context and other.version < policy.version
    ]
    names = {edge.slug: edge.name for edge in edges.leaves(edge_set=policy.edge_set)}
    return PolicyPage(policy, earlier[0] if earlier else None, names)


def outcome_url(policy: Policy) -> str:
    """The page with the result of the vote that decided it, as far as the floor above is there."""
    proposal = policy.source.get("proposal")
    if not proposal:
        return ""
    try:
        return reverse("results", args=[proposal])
    except NoReverseMatch:
        return ""
