"""What a card shows, from its evidence and its narrative. Pure: the manifest's body."""

from collections.abc import Mapping, Sequence
from typing import Any

from audits.reports import charts as pictures
from audits.reports.manifest import Evidence, Json
from audits.reports.tables import (
    WEIGHTED,
    Column,
    change,
    day,
    figure,
    followed,
    percent,
    short,
    table,
    verdict,
)

INDEX_NAMES = {
    "value_flattening": "One edge decides (value flattening)",
    "representation_loss": "Whose norms go unheard (representation loss)",
    "uncertainty_blindness": "Answered while unsure (uncertainty blindness)",
}
SOURCES = {"council": "council vote", "owner": "set without a vote"}
Rows = Sequence[Mapping[str, Any]]


def points(share: float | None) -> str:
    """A weight in points of 100."""
    return "not stated" if share is None else f"{100 * share:.1f}"


def interval(row: Mapping[str, Any]) -> str:
    """A 95 % interval, or that there is none."""
    return "not stated" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"


def slice_text(part: Mapping[str, str]) -> str:
    """A slice in words."""
    return ", ".join(f"{name} {value}" for name, value in sorted(part.items())) or "all"


def weights_table(rows: Rows) -> Json:
    """Weights in force with the difference to the policy before."""
    shown = [
        {**row, "change": None if row["before"] is None else row["weight"] - row["before"]} for row in rows
    ]
    columns = (
        Column("name", "Edge", width="w-xl"),
        Column("definition", "What it stands for"),
        Column("weight", "Points of 100", num=True, width="w-m", text=points),
        Column("exact", "Exact", num=True, width="w-m"),
        Column("change", "Change", num=True, width="w-s", text=change),
    )
    return table("Weights in force, in the order of the edge set", columns, shown)


def history_table(rows: Rows) -> Json:
    """Every policy, newest first."""
    columns = (
        Column("version", "Policy", width="w-s"),
        Column("context", "Speaks for", text=slice_text),
        Column("source", "Set by", text=lambda source: SOURCES.get(source, source)),
        Column("rule", "Rule"),
        Column("in_force_from", "In force from", text=day),
        Column("in_force_until", "Until", text=lambda until: day(until) if until else "in force"),
    )
    return table("History of weights", columns, list(reversed(rows)))


def norms_table(rows: Rows) -> Json:
    """Hard norms."""
    columns = (
        Column("edge", "Edge"),
        Column("minimum", "At least", num=True, width="w-m"),
        Column("z", "Standard deviations kept clear", num=True, width="w-l"),
        Column("reason", "Reason"),
    )
    return table("An option below a minimum may not be chosen, whatever the weights", columns, rows)


def indices_table(rows: Rows) -> Json:
    """The three failure modes."""
    shown = [
        {**row, "name": INDEX_NAMES.get(row["index"], row["index"]), "interval": interval(row)}
        for row in rows
    ]
    columns = (
        Column("name", "Index"),
        Column("value", "Value", num=True, width="w-m"),
        Column("interval", "95\u00a0% interval", num=True, width="w-l"),
        Column("n", "Decisions", num=True, width="w-m"),
    )
    caption = "Failure modes of scalar scoring, over every decision logged; 0 is best, 1 is worst"
    return table(caption + _weighted(rows), columns, shown)


def _weighted(rows: Rows) -> str:
    return f"; {WEIGHTED}" if any(row.get("weighted") for row in rows) else ""


def conformance_table(rows: Rows) -> Json:
    """How many decisions followed the policy, and why the others did not."""
    total = next(row for row in rows if row["kind"] == "total")
    lines = [{"what": followed(total), "n": total["conformant"]}]
    lines += [{"what": verdict(row["verdict"]), "n": row["n"]} for row in rows if row["kind"] == "verdict"]
    of = total["decisions"]
    shown = [{**line, "share": line["n"] / of if of else None} for line in lines]
    columns = (
        Column("what", "Verdict"),
        Column("n", "Decisions", num=True, width="w-m"),
        Column("share", "Share", num=True, width="w-m", text=percent),
    )
    return table(f"{figure(of)} decisions logged; a decision may have several verdicts", columns, shown)


def results_table(rows: Rows, caption: str) -> Json:
    """Evaluation results with slices and intervals."""
    shown = [
        {
            **row,
            "slice": slice_text(row["slice"]),
            "interval": interval(row),
            "data": row["data_name"] or short(row["data_sha256"]),
            "signed": "signed" if row["signed"] else "not signed",
        }
        for row in rows
    ]
    columns = (
        Column("metric", "Metric"),
        Column("suite", "Suite"),
        Column("slice", "Slice"),
        Column("value", "Value", num=True, width="w-s"),
        Column("interval", "95\u00a0% interval", num=True, width="w-l"),
        Column("data", "Data"),
        Column("signed", "Signed", width="w-s"),
    )
    return table(caption, columns, shown)


def discrepancies_table(rows: Rows) -> Json:
    """Differences by group that stand after correction for all comparisons."""
    found = [row for row in rows if row["kind"] == "finding"]
    (total,) = (row for row in rows if row["kind"] == "total")
    shown = [
        {
            **row,
            "who": f"{row['attribute']} {row['group']}",
            "range": f"{row['interval'][0]:.3f} to {row['interval'][1]:.3f}".replace("-", "\u2212"),
            "scalar": "shows nothing" if row["hidden"] else "shows it too",
        }
        for row in found
    ]
    columns = (
        Column("who", "Group"),
        Column("edge", "Edge"),
        Column("delta", "Difference", num=True, width="w-m"),
        Column("range", "95\u00a0% interval", num=True, width="w-l"),
        Column("n", "Decisions", num=True, width="w-m"),
        Column("scalar", "The single score", width="w-l"),
    )
    caption = f"Differences by group: {len(found)} of {figure(total['pairs'])} compared{_weighted([total])}"
    return table(caption, columns, shown)


def charts(evidences: Mapping[str, Evidence]) -> Json:
    """The card's pictures; each has a table with the same figures."""
    made: Json = {}
    weights = evidences["weights"].rows
    if weights:
        bars = [{"label": row["name"], "value": round(100 * row["weight"], 4)} for row in weights]
        made["weights"] = {
            "kind": "bars",
            "title": pictures.heaviest(weights),
            "unit": "points of 100",
            "rows": bars,
        }
    known = [row for row in evidences["indices"].rows if row["value"] is not None]
    if known:
        bars = [
            _bar(str(INDEX_NAMES.get(row["index"], row["index"])).partition(" (")[0], row) for row in known
        ]
        made["indices"] = {"kind": "bars", "title": "Failure modes, 0 is best", "unit": "index", "rows": bars}
    made.update(_result_charts(evidences["evaluations"].rows))
    return made


def _result_charts(rows: Rows) -> Json:
    by_metric: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_metric.setdefault(row["metric"], []).append(row)
    several = {metric: found for metric, found in by_metric.items() if len(found) > 1}
    return {
        f"result-{number}": {
            "kind": "bars",
            "title": f"{metric} by slice",
            "unit": metric,
            "rows": [_bar(slice_text(row["slice"]), row) for row in found[:12]],
        }
        for number, (metric, found) in enumerate(list(several.items())[:4], start=1)
    }


def _bar(label: str, row: Mapping[str, Any]) -> Json:
    return {"label": label, "value": row["value"], "low": row["low"], "high": row["high"]}
