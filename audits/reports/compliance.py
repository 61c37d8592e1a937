"""A compliance report's pages from its evidence: judged controls, worst first, and what is not covered. Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

from audits.reports import controls, tables, wording
from audits.reports.manifest import Evidence, Json


def applies(control: controls.Control, on: date) -> str:
    """Since when, or from when, the control binds, as of the data cut."""
    word = "applies since" if control.applies_from <= on else "will apply from"
    return f"{word} {tables.day(control.applies_from)}"


def row(control: controls.Control, evidence: Evidence, *, system: Mapping[str, str], cut: date) -> Json:
    """One control as its page shows it."""
    judged = controls.judge(control, evidence.values())
    reason = controls.inapplicable(
        control,
        position=system["position"],
        risk_class=system["risk_class"],
        reasoning=system["risk_reasoning"],
    )
    answer = evidence.as_json()
    return {
        "control": control.id,
        "anchor": control.id.replace("/", "-").replace(".", "-"),
        "label": control.label,
        "citation": control.citation,
        "applies": applies(control, cut),
        "status": controls.NOT_APPLICABLE if reason else judged.status,
        "reason": reason,
        "finding": judged.finding,
        "query": evidence.query,
        "parameters": ", ".join(f"{name} {json.dumps(value)}" for name, value in evidence.parameters.items()),
        "rows": answer["rows"],
        "result_sha256": answer["result_sha256"],
        "hash": tables.short(answer["result_sha256"]),
        "method": control.method,
    }


def summary(rows: Sequence[Json]) -> list[Json]:
    """All controls, worst first; equal ones keep the order of the law."""
    return sorted(rows, key=lambda each: controls.WORST_FIRST.index(each["status"]))


def body(
    frameworks: Sequence[controls.Framework],
    evidences: Mapping[str, Evidence],
    *,
    system: Mapping[str, str],
    cut: date,
    exhibits: Mapping[str, Json],
    charts: Mapping[str, Json],
    indices: Json,
) -> Json:
    """What the pages of a compliance report show.

    ``evidences`` and ``exhibits`` are keyed by query id; an exhibit is ``{"tables": […], "charts": [name …]}``.
    """
    sections: list[Json] = []
    for framework in frameworks:
        rows = [row(each, evidences[each.query], system=system, cut=cut) for each in framework.controls]
        sections.append(
            {
                "id": framework.id,
                "title": framework.title,
                "citation": framework.citation,
                "version": framework.version,
                "note": framework.note,
                "controls": [
                    {**each, **exhibits.get(each["query"], {"tables": [], "charts": []})} for each in rows
                ],
            }
        )
    flat = [control for section in sections for control in section["controls"]]
    return {
        "frameworks": sections,
        "summary": [_brief(each) for each in summary(flat)],
        "charts": dict(charts),
        "indices": indices,
        "not_covered": wording.not_covered(),
        "method": [*wording.METHOD, *((each["control"], each["method"]) for each in flat)],
        "glossary": wording.GLOSSARY,
    }


def _brief(control: Json) -> Json:
    kept = ("control", "anchor", "status", "finding", "rows", "hash")
    brief = {name: control[name] for name in kept}
    if control["reason"]:
        brief["finding"] = control["reason"]
    return brief
