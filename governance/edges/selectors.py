"""Questions about edges and hard norms."""

from django.db.models import QuerySet

from governance.edges.models import Edge, EdgeSet, HardNorm
from governance.systems.models import AISystem


def current_set(*, system: AISystem) -> EdgeSet | None:
    """The newest version of the system's edges, or None before there is one."""
    return EdgeSet.objects.filter(system=system).order_by("-version").first()


def history(*, system: AISystem) -> QuerySet[EdgeSet]:
    """Every version of the system's edges, newest first."""
    return EdgeSet.objects.filter(system=system).order_by("-version")


def with_version(*, system: AISystem, version: int) -> EdgeSet | None:
    """That version of the system's edges."""
    return EdgeSet.objects.filter(system=system, version=version).first()


def tree(*, edge_set: EdgeSet) -> QuerySet[Edge]:
    """Every edge and group of the set, in its order."""
    return Edge.objects.filter(edge_set=edge_set).select_related("parent", "edge_set").order_by("position")


def leaves(*, edge_set: EdgeSet) -> list[Edge]:
    """The scored edges, in the order of the set."""
    edges = list(tree(edge_set=edge_set))
    parents = {edge.parent_id for edge in edges}
    return [edge for edge in edges if edge.pk not in parents]


def leaf_slugs(*, system: AISystem) -> tuple[str, ...]:
    """Short names of the scored edges of the current set; empty before there is one."""
    current = current_set(system=system)
    return tuple(edge.slug for edge in leaves(edge_set=current)) if current else ()


def hard_norms(*, system: AISystem) -> QuerySet[HardNorm]:
    """The hard norms in force, by edge."""
    return HardNorm.objects.filter(system=system, withdrawn_at__isnull=True).order_by("edge")
