"""What the page "how this system decides" shows, ready for its template."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from audits.monitoring import selectors
from audits.monitoring.selectors import Family
from governance.templatetags import formats
from governance.templatetags.kit import EDGE_SLOTS

# Where attention is asked for until a system has monitors of its own.
DIFFERENCES_SHOWN = 12
ALERT_AT = {"value_flattening": 0.4, "representation_loss": 0.05, "uncertainty_blindness": 0.1}


@dataclass(frozen=True, slots=True)
class Figure:
    """One index as it is shown; ``above`` says that it lies over the line at which attention is asked for."""

    title: str
    value: float | None
    text: str
    note: str
    alert: float
    above: bool


@dataclass(frozen=True, slots=True)
class Spark:
    """The share of one edge over time: a path in a view box of 100 × 50, first and last share."""

    name: str
    slot: int
    path: str
    now: float
    first: float
    shares: list[float]

    @property
    def area(self) -> int:
        """The colour's number; above eight edges they repeat."""
        return (self.slot - 1) % EDGE_SLOTS + 1


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One finding, with marks on a line from −reach to +reach in a view box of 100 × 16."""

    edge: str
    slot: int
    group: str
    attribute: str
    row: Mapping[str, Any]
    low: float
    middle: float
    high: float
    scalar_low: float
    scalar_high: float


def figures(found: Mapping[str, Mapping[str, Any]]) -> list[Figure]:
    """The three indices."""
    return [_figure(name, found[name]) for name in selectors.INDICES]


def _figure(name: str, index: Mapping[str, Any]) -> Figure:
    value, interval, alert = index["value"], index["interval"], ALERT_AT[name]
    if value is None or interval is None:
        return Figure(_title(name), None, formats.NOTHING, _why_not(name, index), alert, False)
    terms = {
        "low": formats.number(interval[0], 3),
        "high": formats.number(interval[1], 3),
        "alert": formats.number(alert, 2),
    }
    note = _("95 %% interval %(low)s to %(high)s; attention from %(alert)s") % terms
    return Figure(_title(name), value, formats.number(value, 3), note, alert, value > alert)


def _title(name: str) -> str:
    return {
        "value_flattening": _("One edge decides"),
        "representation_loss": _("Whose norms go unheard"),
        "uncertainty_blindness": _("Answered while unsure"),
    }[name]


def _why_not(name: str, index: Mapping[str, Any]) -> str:
    """Why nothing can be said."""
    if name == "value_flattening":
        return _("Stated from 100 decisions on, or ten for each edge.")
    if name == "representation_loss":
        return _("No group has voted on weights yet.")
    if index["detail"].get("threshold") is None:
        return _("The policy states no confidence below which to ask.")
    if index["detail"].get("unstated") == 1:
        return _("The model states no uncertainty.")
    return _("It was never unsure.")


def sparks(found: Mapping[str, Any], names: Mapping[str, str]) -> tuple[list[Spark], float]:
    """Small multiples on one scale, the most frequent edge first, and the top of the scale."""
    slots = {slug: place for place, slug in enumerate(names, 1)}
    highest = max((share for shares in found["edges"].values() for share in shares), default=0.0)
    top = max(0.1, math.ceil(highest * 10) / 10)
    drawn = [
        Spark(
            names.get(slug, slug),
            slots.get(slug, place),
            _area(shares, top),
            found["total"][slug],
            shares[0],
            shares,
        )
        for place, (slug, shares) in enumerate(found["edges"].items(), 1)
    ]
    return sorted(drawn, key=lambda spark: -spark.now), top


def _area(shares: Sequence[float], top: float) -> str:
    """The area under the shares, as the ``d`` of a path."""
    heights = [50 - 50 * share / top for share in (shares if len(shares) > 1 else [*shares, *shares])]
    step = 100 / (len(heights) - 1)
    points = "".join(f"L{number * step:.1f} {height:.1f}" for number, height in enumerate(heights))
    return f"M0 50{points}L100 50Z"


def difference_rows(
    families: Sequence[Family], names: Mapping[str, str]
) -> tuple[list[DifferenceRow], float]:
    """The largest findings of all families, and the reach of their scale."""
    found = [(family, row) for family in families for row in family.rows if row["finding"]]
    found.sort(key=lambda each: -abs(each[1]["delta"]))
    edges = [edge for _family, row in found for edge in (*row["interval"], *row["scalar_interval"])]
    reach = max(0.1, math.ceil(10 * max((abs(edge) for edge in edges), default=0.0)) / 10)
    slots = {slug: place for place, slug in enumerate(names, 1)}
    shown = found[:DIFFERENCES_SHOWN]
    return [_difference(family, row, names, slots, reach) for family, row in shown], reach


def _difference(
    family: Family, row: Mapping[str, Any], names: Mapping[str, str], slots: Mapping[str, int], reach: float
) -> DifferenceRow:
    def place(value: float) -> float:
        return round(50 + 50 * value / reach, 1)

    return DifferenceRow(
        edge=names.get(row["edge"], row["edge"]),
        slot=slots.get(row["edge"], 1),
        group=row["group"],
        attribute=family.attribute,
        row=row,
        low=place(row["interval"][0]),
        middle=place(row["delta"]) - 0.9,
        high=place(row["interval"][1]),
        scalar_low=place(row["scalar_interval"][0]),
        scalar_high=place(row["scalar_interval"][1]),
    )


def pairs(families: Sequence[Family]) -> dict[str, int]:
    """How many pairs of group and edge were tested, how many differ, and in how many the single score shows nothing."""
    rows = [row for family in families for row in family.rows]
    return {
        "tested": sum(row["p"] is not None for row in rows),
        "differ": sum(row["finding"] for row in rows),
        "hidden": sum(row["hidden"] for row in rows),
    }


def days(moments: Sequence[dt.datetime]) -> list[str]:
    """Moments as short dates."""
    return [f"{moment:%-d %b}" for moment in moments]
