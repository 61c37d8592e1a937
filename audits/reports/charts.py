"""One chart specification for pages and documents: Vega-Lite through Altair, drawn as SVG by vl-convert.

A chart in a manifest is ``{"kind": "bars", "title": …, "unit": …, "rows": [{"label", "value", "low"?, "high"?}]}``:
figures only; how they look is decided here. A table with the same rows stands beside every chart.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import altair
import segno
import vl_convert

INK, MUTED, RULE, BAR = "#14212a", "#4c5c66", "#d3dbde", "#2f7c89"
FONT = "Source Sans 3"
LABEL_WIDTH = 150
TIE = 1e-9

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


def svg(chart: Mapping[str, Any], *, width: int = 620) -> str:
    """The chart as a self-contained SVG element with title and description, without inline style or script."""
    drawn = KINDS[chart["kind"]](chart, width=width).configure(**CONFIG)
    text: str = vl_convert.vegalite_to_svg(drawn.to_dict())
    # Vega's own roles describe every bar; the picture is one image to a reader, and the table says the rest.
    text = re.sub(r' (?:aria-[a-z]+|role|pointer-events)="[^"]*"', "", text)
    title, rows = (
        escape(chart["title"]),
        "; ".join(f"{row['label']} {row['value']}" for row in chart["rows"][:40]),
    )
    inside = f"<title>{title}</title><desc>{escape(rows)}</desc>"
    return re.sub(r"<svg[^>]*>", lambda match: _root(match.group()) + inside, text, count=1)


def _root(tag: str) -> str:
    kept = " ".join(re.findall(r'(?:viewBox|width|height)="[^"]*"', tag))
    return f'<svg xmlns="http://www.w3.org/2000/svg" {kept} role="img" class="chart">'


def pictures(specifications: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Each chart as SVG (for pages) and as a data: address (for an img with alternative text in a PDF)."""
    drawn = {name: svg(chart) for name, chart in specifications.items()}
    return {
        name: {"svg": text, "data": _data(text), "title": specifications[name]["title"]}
        for name, text in drawn.items()
    }


def _data(text: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


def heaviest(rows: Sequence[Mapping[str, Any]]) -> str:
    """The finding of a chart of weights (shares of 1), ties named together."""
    top = max(row["weight"] for row in rows)
    names = [row["name"] for row in rows if abs(row["weight"] - top) < TIE]
    if len(names) == 1:
        return f"{names[0]} weighs most: {100 * top:.1f} of 100 points"
    return f"{', '.join(names[:-1])} and {names[-1]} weigh most: {100 * top:.1f} of 100 points each"


def qr(address: str) -> str:
    """A QR code as a data: address; empty without an address."""
    return str(segno.make(address, error="m").svg_data_uri(scale=4, border=1)) if address else ""
