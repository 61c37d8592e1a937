"""The edge set that a query string asks for."""

from governance.edges import selectors
from governance.edges.models import EdgeSet
from governance.systems.models import AISystem


def edge_set(*, system: AISystem, version: str) -> EdgeSet | None:
    """The version asked for, the newest if none is; None if there is no such version."""
    if not version:
        return selectors.current_set(system=system)
    if not version.isdecimal() or len(version) > 9:
        return None
    return selectors.with_version(system=system, version=int(version))
