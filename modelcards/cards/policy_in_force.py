"""Which policy a card speaks of."""

from governance.policies import selectors as policies
from governance.policies.models import Policy
from governance.systems.models import AISystem


def general(system: AISystem) -> Policy | None:
    """The policy in force for everybody: the one with the least context."""
    current = list(policies.in_force_now(system=system))
    return min(current, key=lambda policy: len(policy.context), default=None)
