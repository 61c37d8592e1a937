"""Defining edges and hard norms."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import NotRequired, TypedDict

from django.utils.translation import gettext as _
from edgewise import scorers

from governance import trail
from governance.edges import selectors
from governance.edges.models import Edge, EdgeSet, HardNorm
from governance.errors import DomainError
from governance.organisations import services as organisations
from governance.organisations.models import Person
from governance.systems.models import AISystem

CARD_DETAILS = (
    "example_low", "example_mid", "example_high", "scorer", "calibration", "calibration_n", "calibration_metric",
    "calibration_value", "calibration_low", "calibration_high",
)  # fmt: skip


class EdgeCard(TypedDict):
    """What defines an edge; ``parent`` names a group defined before it."""

    slug: str
    name: str
    definition: str
    anchor_low: str
    anchor_mid: str
    anchor_high: str
    example_low: NotRequired[str]
    example_mid: NotRequired[str]
    example_high: NotRequired[str]
    scorer: NotRequired[str]
    calibration: NotRequired[str]
    calibration_n: NotRequired[int | None]
    calibration_metric: NotRequired[str]
    calibration_value: NotRequired[float | None]
    calibration_low: NotRequired[float | None]
    calibration_high: NotRequired[float | None]
    parent: NotRequired[str]
    share: NotRequired[Decimal | None]


class NoEdges(DomainError):
    code = "no_edges"


class DuplicateEdge(DomainError):
    code = "duplicate_edge"


class ParentUnknown(DomainError):
    code = "parent_unknown"


class ShareOutOfRange(DomainError):
    code = "share_out_of_range"


class ScorerUnversioned(DomainError):
    code = "scorer_unversioned"


class CalibrationIncomplete(DomainError):
    code = "calibration_incomplete"


class EdgeUnknown(DomainError):
    code = "edge_unknown"


class MinimumOutOfRange(DomainError):
    code = "minimum_out_of_range"


class MarginNegative(DomainError):
    code = "margin_negative"


class NormInForce(DomainError):
    code = "norm_in_force"
    status = 409


class NoNormInForce(DomainError):
    code = "no_norm_in_force"
    status = 409


@trail.act()
def define(*, system: AISystem, edges: Sequence[EdgeCard], by: Person | None, at: dt.datetime) -> EdgeSet:
    """The next version of the system's edges, in the order given; groups come before their members."""
    if not edges:
        raise NoEdges(_("Define at least one edge."), field="edges")
    AISystem.objects.select_for_update(no_key=True).get(pk=system.pk)
    current = selectors.current_set(system=system)
    edge_set = EdgeSet.objects.create(
        system=system, version=current.version + 1 if current else 1, created_at=at
    )
    made: dict[str, Edge] = {}
    for position, card in enumerate(edges):
        made[card["slug"]] = _add(edge_set, position, card, made)
    trail.record(
        "edges.defined",
        organisation=system.organisation,
        system=system,
        by=by,
        at=at,
        subject=f"edges:{edge_set.version}",
        edges=[card["slug"] for card in edges],
        scorers={card["slug"]: card["scorer"] for card in edges if card.get("scorer")},
    )
    return edge_set


def _add(edge_set: EdgeSet, position: int, card: EdgeCard, made: dict[str, Edge]) -> Edge:
    organisations.check_slug(card["slug"])
    if card["slug"] in made:
        raise DuplicateEdge(_("The edge %s is named twice.") % card["slug"], field="edges")
    parent = card.get("parent")
    if parent and parent not in made:
        raise ParentUnknown(_("The group %s has to be defined before its members.") % parent, field="edges")
    share = card.get("share")
    if share is not None and not 0 < share <= 1:
        raise ShareOutOfRange(
            _("The share of %s in its group lies above 0 and is at most 1.") % card["slug"], field="edges"
        )
    check_scorer(card.get("scorer") or "")
    _check_calibration(card)
    return Edge.objects.create(
        edge_set=edge_set,
        position=position,
        slug=card["slug"],
        name=card["name"],
        definition=card["definition"],
        anchor_low=card["anchor_low"],
        anchor_mid=card["anchor_mid"],
        anchor_high=card["anchor_high"],
        parent=made[parent] if parent else None,
        share=share,
        **{name: card[name] for name in CARD_DETAILS if card.get(name) is not None},  # type: ignore[literal-required]
    )


def check_scorer(name: str) -> None:
    """A scorer that is named is named with its version: what it says changes with the version."""
    if name and not scorers.NAME.fullmatch(name):
        raise ScorerUnversioned(
            _("Write the scorer %s as id@version, for example toxicity@2026-11.") % name, field="scorer"
        )


def _check_calibration(card: EdgeCard) -> None:
    """A figure of calibration stands with its data, their number and the interval around it, or not at all."""
    figures = [card.get(name) for name in ("calibration_value", "calibration_low", "calibration_high")]
    given = [figure for figure in figures if isinstance(figure, float | int)]
    if not given:
        return
    named = card.get("calibration") and card.get("calibration_metric") and card.get("calibration_n")
    if len(given) < 3 or not named or not given[1] <= given[0] <= given[2]:
        raise CalibrationIncomplete(
            _(
                "The calibration of %s needs its data, their number, the metric, its value and an interval around it."
            )
            % card["slug"],
            field="calibration_value",
        )


@trail.act()
def set_hard_norm(
    *,
    system: AISystem,
    edge: str,
    minimum: Decimal,
    reason: str,
    by: Person | None,
    at: dt.datetime,
    z: Decimal = Decimal(0),
) -> HardNorm:
    """A floor no chosen option may break. It enters the policy with the next version of the policy."""
    if edge not in selectors.leaf_slugs(system=system):
        raise EdgeUnknown(_("The system has no scored edge called %s.") % edge, field="edge")
    if not 0 <= minimum <= 1:
        raise MinimumOutOfRange(_("The minimum lies between 0 and 1."), field="minimum")
    if z < 0:
        raise MarginNegative(_("The number of standard deviations kept clear is 0 or more."), field="z")
    if selectors.hard_norms(system=system).filter(edge=edge).exists():
        raise NormInForce(_("This edge has a hard norm; withdraw it first."), field="edge")
    norm = HardNorm.objects.create(
        system=system, edge=edge, minimum=minimum, z=z, reason=reason, created_at=at
    )
    trail.record(
        "hard_norm.set",
        organisation=system.organisation,
        system=system,
        by=by,
        at=at,
        subject=f"norm:{edge}",
        minimum=str(minimum),
        z=str(z),
    )
    return norm


@trail.act()
def withdraw_hard_norm(*, system: AISystem, edge: str, by: Person | None, at: dt.datetime) -> HardNorm:
    """Ends a floor. The policy in force keeps it; the next version is without."""
    norm = selectors.hard_norms(system=system).select_for_update().filter(edge=edge).first()
    if norm is None:
        raise NoNormInForce(_("No hard norm is in force on the edge %s.") % edge, field="edge")
    norm.withdrawn_at = at
    norm.save(update_fields=["withdrawn_at"])
    trail.record(
        "hard_norm.withdrawn",
        organisation=system.organisation,
        system=system,
        by=by,
        at=at,
        subject=f"norm:{edge}",
        minimum=str(norm.minimum),
    )
    return norm
