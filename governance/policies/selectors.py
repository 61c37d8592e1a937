"""Questions about policies."""

import datetime as dt
from collections.abc import Mapping

from django.db.models import Q, QuerySet

from governance.errors import DomainError
from governance.policies import applying
from governance.policies.models import Policy, SuccessorKey
from governance.systems.models import AISystem


class NoPolicy(DomainError):
    """No policy is in force for the system and context."""

    code = "no_policy"
    status = 404


def in_force(*, system: AISystem, context: Mapping[str, str], at: dt.datetime) -> Policy:
    """The policy in force at ``at`` whose context matches most keys of ``context``; raises NoPolicy."""
    current = system.policies.filter(in_force_from__lte=at).filter(
        Q(in_force_until__isnull=True) | Q(in_force_until__gt=at)
    )
    found = applying.most_specific(current, context)
    if found is None:
        raise NoPolicy("No policy is in force for this system and context; set or vote the first one.")
    return found


def in_force_now(*, system: AISystem) -> QuerySet[Policy]:
    """Every policy in force, the general one first."""
    return Policy.objects.filter(system=system, state=Policy.State.IN_FORCE).order_by("context", "-version")


def all_in_force() -> QuerySet[Policy]:
    """Every policy in force of every system of the deployment."""
    found = Policy.objects.filter(state=Policy.State.IN_FORCE)
    return found.select_related("system__organisation", "edge_set").order_by("pk")


def successor_keys() -> QuerySet[SuccessorKey]:
    """Every announcement of a new policy key, oldest first."""
    return SuccessorKey.objects.order_by("pk")


def general(*, system: AISystem) -> Policy | None:
    """The policy in force for everybody: the one with the least context; None before the first."""
    return min(in_force_now(system=system), key=lambda policy: len(policy.context), default=None)


def history(*, system: AISystem) -> QuerySet[Policy]:
    """Every version, newest first."""
    return system.policies.select_related("edge_set").order_by("-version")


def with_version(*, system: AISystem, version: int) -> Policy | None:
    return Policy.objects.filter(system=system, version=version).first()
