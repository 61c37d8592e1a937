"""The sections of a card in their order: Mitchell's nine, then Values and the seven pillars. Pure."""

from collections.abc import Mapping
from typing import Any

from audits.reports.manifest import Evidence, Json
from audits.reports.tables import Column, figure, table
from modelcards.cards import content, pillars
from modelcards.cards.narrative import SECTIONS

Facts = list[list[str]]


def body(
    *,
    system: Mapping[str, str],
    decision: Facts,
    narrative: Mapping[str, str],
    evidences: Mapping[str, Evidence],
) -> Json:
    """What the card shows. ``system`` holds its record; ``decision`` what the council decided, as term and text."""
    charts = content.charts(evidences)
    exhibits = _exhibits(system, evidences, charts)
    written = [
        {
            "slug": each.slug,
            "title": each.title,
            "text": narrative.get(each.slug, "").strip(),
            **exhibits[each.slug],
        }
        for each in SECTIONS
    ]
    return {
        "system": dict(system),
        "sections": [*written, *_values(decision, evidences, charts), _pillars(evidences)],
        "charts": charts,
        "edges": list(evidences["weights"].rows),
        "norms": list(evidences["norms"].rows),
        "results": list(evidences["evaluations"].rows),
        "narrative": {each.slug: narrative.get(each.slug, "").strip() for each in SECTIONS},
    }


def exhibit(
    *, facts: Facts | None = None, tables: list[Json] | None = None, charts: list[str] | None = None
) -> Json:
    """What stands under a section's narrative."""
    return {"facts": facts or [], "tables": tables or [], "charts": charts or []}


def _exhibits(system: Mapping[str, str], evidences: Mapping[str, Evidence], charts: Json) -> dict[str, Json]:
    results = evidences["evaluations"].rows
    intersectional = [row for row in results if len(row["slice"]) > 1]
    unitary = [row for row in results if len(row["slice"]) <= 1]
    tables = [content.results_table(unitary, "Unitary results: all, and by one factor")] if unitary else []
    if intersectional:
        tables.append(content.results_table(intersectional, "Intersectional results: by two factors or more"))
    made = {each.slug: exhibit() for each in SECTIONS}
    made["model_details"] = exhibit(facts=_details(system))
    made["intended_use"] = exhibit(facts=[["Intended purpose", system["purpose"]]])
    made["evaluation_data"] = exhibit(tables=[_data_table(results)] if results else [])
    made["quantitative_analyses"] = exhibit(
        facts=[]
        if results
        else [["Results", "No evidence: no evaluation result was posted for this system."]],
        tables=tables,
        charts=[name for name in charts if name.startswith("result-")],
    )
    made["ethical_considerations"] = exhibit(
        facts=[["Risk class (EU AI Act)", f"{system['risk_class']}: {system['risk_reasoning']}"]]
    )
    return made


def _details(system: Mapping[str, str]) -> Facts:
    return [
        ["System", system["name"]],
        ["Organisation", f"{system['organisation']} ({system['position']})"],
        ["Model version", system["model_version"] or "Not stated"],
        ["Accountable officer", system["officer"] or "Not stated"],
        ["Log", system["log"] or "No entry yet"],
    ]


def _data_table(results: Any) -> Json:
    sets = {(row["data_name"], row["data_sha256"]): row["suite"] for row in results}
    rows = [
        {"data": name, "sha256": digest, "suite": suite} for (name, digest), suite in sorted(sets.items())
    ]
    columns = (
        Column("data", "Data"),
        Column("suite", "Used by"),
        Column("sha256", "SHA-256", width="w-xxl", mono=True),
    )
    return table("Evaluation data by hash", columns, rows)


def _values(decision: Facts, evidences: Mapping[str, Evidence], charts: Json) -> list[Json]:
    rows = {name: evidence.rows for name, evidence in evidences.items()}
    weights = [content.weights_table(rows["weights"])] if rows["weights"] else []
    norms = [content.norms_table(rows["norms"])] if rows["norms"] else []
    stated = [] if norms else [["Hard norms", "None in force."]]
    measured = [content.indices_table(rows["indices"]), content.conformance_table(rows["conformance"])]
    measured.append(content.discrepancies_table(rows["discrepancies"]))
    return [
        {"slug": "values", "title": "Values: what counts, and who decided", "text": "",
         **exhibit(facts=decision + stated, tables=weights + norms, charts=["weights"] if weights else [])},
        {"slug": "weights_history", "title": "Values: how the weights came about", "text": "",
         **exhibit(tables=[content.history_table(rows["policies"])] if rows["policies"] else [])},
        {"slug": "in_use", "title": "Values: in use", "text": "",
         **exhibit(facts=_in_use(evidences), tables=measured, charts=["indices"] if "indices" in charts else [])},
    ]  # fmt: skip


def _in_use(evidences: Mapping[str, Evidence]) -> Facts:
    values = evidences["conformance"].values()
    return [
        ["Decisions logged", figure(values["decisions"])],
        ["Contestations", "No evidence: none was recorded."],
    ]


def _pillars(evidences: Mapping[str, Evidence]) -> Json:
    shown = exhibit(tables=[pillars.pillars_table(evidences)])
    return {"slug": "pillars", "title": "The seven pillars", "text": "", **shown}
