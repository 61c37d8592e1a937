"""Which of several policies applies to a context: one rule for enactment, assessment and pages. Imports no Django."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar


class Contextual(Protocol):
    """What the rule reads of a policy."""

    version: int
    context: dict[str, Any]


Applicable = TypeVar("Applicable", bound=Contextual)

MIDDLE = (
    0.5  # what an edge card calls the middle, and assessments are read against where a policy states nothing
)


def applies(policy: Contextual, context: Mapping[str, str]) -> bool:
    """Whether every key of the policy's own context has the same value in ``context``."""
    return all(context.get(key) == value for key, value in policy.context.items())


def most_specific(policies: Iterable[Applicable], context: Mapping[str, str]) -> Applicable | None:
    """Of ``policies``, all in force at one moment, the one whose context matches most keys; None where none applies."""
    found = [policy for policy in policies if applies(policy, context)]
    return max(found, key=lambda policy: (len(policy.context), policy.version), default=None)
