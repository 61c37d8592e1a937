"""One chart specification for pages and documents, drawn as SVG.

A chart in a manifest is ``{"kind": "bars", "title": …, "unit": …, "rows": [{"label", "value", "low"?, "high"?}]}``:
figures only; how they look is decided here. A table with the same rows stands beside every chart.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import segno

TIE = 1e-9


def svg(chart: Mapping[str, Any], *, width: int = 620) -> str:
    """The chart as a self-contained SVG element with title and description, without inline style or script."""
    # Altair takes 50 MiB: a web process that only logs decisions never loads it.
    from audits.reports import drawing

    text = drawing.vega(chart, width=width)
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
