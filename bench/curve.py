"""What a record costs as its log grows, drawn."""

from typing import Any

import altair as alt
import vl_convert

KINDS = {"cost_us": "by the clock", "cost_cpu_us": "processor time"}


def points(measures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``{"logged", "cost", "kind"}`` of every size measured."""
    return [
        {"logged": int(size), "cost": measure["value"], "kind": KINDS[name]}
        for measure in measures
        for name, _, size in [measure["name"].rpartition("_")]
        if name in KINDS
    ]


def svg(measures: list[dict[str, Any]]) -> str:
    """Microseconds per record over records logged, the latter on a logarithmic axis."""
    data: Any = {"values": points(measures)}
    chart = (
        alt.Chart(data, width=560, height=240)
        .mark_line(point=True)
        .encode(
            x=alt.X(
                "logged:Q",
                scale=alt.Scale(type="log"),
                title="Decisions in the log",
                axis=alt.Axis(format="~s"),
            ),
            y=alt.Y("cost:Q", scale=alt.Scale(zero=True), title="Cost of one more, µs"),
            color=alt.Color("kind:N", title=None, scale=alt.Scale(range=["#1f4e79", "#b35806"])),
        )
    )
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))
