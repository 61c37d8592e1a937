"""Whether points are a valid ballot. Each refusal says what to do, with a stable code."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.errors import DomainError

ALL = 100


class UnknownEdge(DomainError):
    code = "unknown_edge"


class MissingEdge(DomainError):
    code = "missing_edge"


class NotWhole(DomainError):
    code = "points_not_whole"


class OutOfRange(DomainError):
    code = "points_out_of_range"


class BelowFloor(DomainError):
    code = "points_below_floor"


class NotInSteps(DomainError):
    code = "points_not_in_steps"


class WrongSum(DomainError):
    code = "points_do_not_sum_to_100"


def checked(
    points: Mapping[str, Any], *, edges: Sequence[str], floors: Mapping[str, int], step: int
) -> dict[str, int]:
    """The points of every edge in the order of ``edges``, whole, in range, in steps, above the floors, 100 in all."""
    for edge in points:
        if edge not in edges:
            raise UnknownEdge(_("There is no edge called %s in this vote.") % edge, field="points")
    for edge in edges:
        if edge not in points:
            raise MissingEdge(_("Give points to every edge; 0 is allowed."), field=f"points-{edge}")
        _check_one(points[edge], f"points-{edge}", floors.get(edge, 0), step)
    placed = sum(points[edge] for edge in edges)
    if placed != ALL:
        raise WrongSum(remainder(placed), field="points", placed=placed)
    return {edge: points[edge] for edge in edges}


def _check_one(value: Any, field: str, floor: int, step: int) -> None:
    if type(value) is not int:
        raise NotWhole(_("Points are whole numbers."), field=field)
    if not 0 <= value <= ALL:
        raise OutOfRange(_("Points lie between 0 and 100."), field=field)
    if value < floor:
        raise BelowFloor(_("At least %d points are set aside for this edge.") % floor, field=field)
    if value % step:
        raise NotInSteps(
            _("Place points in steps of %d: an exact split could tell who cast it.") % step, field=field
        )


def remainder(placed: int) -> str:
    """What the sum of the points says: how many are left, or too many."""
    left = ALL - placed
    if left == 0:
        return _("All 100 points placed")
    if left > 0:
        return ngettext("%d point left to place", "%d points left to place", left) % left
    return ngettext("%d point too many", "%d points too many", -left) % -left
