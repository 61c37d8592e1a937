"""How charts look: Vega-Lite through Altair, drawn by vl-convert."""

from collections.abc import Mapping
from typing import Any

import altair
import vl_convert

INK, MUTED, RULE, BAR = "#14212a", "#4c5c66", "#d3dbde", "#2f7c89"
FONT = "Source Sans 3"
LABEL_WIDTH = 150

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "bar": {"color": BAR},
    "axis": {
        "labelColor": INK, "labelFontSize": 11, "titleColor": MUTED, "titleFontSize": 11, "titleFontWeight": 400,
        "domainColor": INK, "gridColor": RULE, "ticks": False, "labelPadding": 6,
    },
}  # fmt: skip


def bars(chart: Mapping[str, Any], *, width: int) -> Any:
    """Horizontal bars from zero, in the order given, with intervals as lines and earlier values as ticks."""
    rows = [dict(row) for row in chart["rows"]]
    # A fixed extent keeps the layout independent of the fonts that the machine has.
    labels = altair.Axis(minExtent=LABEL_WIDTH, maxExtent=LABEL_WIDTH, labelLimit=LABEL_WIDTH, domain=False)
    values = altair.Axis(title=chart["unit"], tickCount=3, domain=False, format=chart.get("format", "~f"))
    data: Any = {"values": rows}
    base = altair.Chart(data).encode(y=altair.Y("label:N", sort=None, title=None, axis=labels))
    layers = [base.mark_bar(height={"band": 0.62}).encode(x=altair.X("value:Q", axis=values))]
    if any(row.get("low") is not None for row in rows):
        layers.append(
            base.mark_rule(color=INK, strokeWidth=1.5).encode(x=altair.X("low:Q", axis=values), x2="high:Q")
        )
    if any(row.get("tick") is not None for row in rows):
        layers.append(
            base.mark_tick(color=INK, thickness=2, height={"band": 0.9}).encode(
                x=altair.X("tick:Q", axis=values)
            )
        )
    return altair.layer(*layers).properties(
        width=width - LABEL_WIDTH - 20, height=max(40, chart.get("row", 22) * len(rows))
    )


def columns(chart: Mapping[str, Any], *, width: int) -> Any:
    """Upright bars over days (ISO dates), from zero."""
    x = altair.X("label:T", title=None, axis=altair.Axis(format="%-d %b", grid=False, tickCount=6))
    y = altair.Y(
        "value:Q",
        title=chart["unit"],
        axis=altair.Axis(tickCount=3, domain=False, minExtent=44, maxExtent=44),
    )
    data: Any = {"values": [dict(row) for row in chart["rows"]]}
    slot = max(1.0, 0.7 * (width - 70) / max(1, chart.get("days", len(chart["rows"]))))
    return (
        altair.Chart(data)
        .mark_bar(width=min(slot, 24))
        .encode(x=x, y=y)
        .properties(width=width - 70, height=110)
    )


KINDS = {"bars": bars, "columns": columns}


def vega(chart: Mapping[str, Any], *, width: int) -> str:
    """The chart as Vega draws it."""
    drawn = KINDS[chart["kind"]](chart, width=width).configure(**CONFIG)
    text: str = vl_convert.vegalite_to_svg(drawn.to_dict())
    return text
