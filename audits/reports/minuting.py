"""The minutes of one proposal from what its council recorded. Pure; the record comes through a port."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from audits.reports import charts
from audits.reports.exhibits import COUNTING, hidden
from audits.reports.manifest import Evidence, Figure, Json
from audits.reports.tables import WEIGHTED, Column, change, day, figure, minute, percent, table

Record = Mapping[str, Any]


def evidence(record: Record) -> Evidence:
    """The record as rows: weights by edge, votes by constituency, tests by rule."""
    result = record["result"] or {}
    before, after = record["weights_before"] or {}, result.get("enacted") or {}
    edges = [
        {
            "kind": "edge",
            "edge": edge["slug"],
            "name": edge["name"],
            "before": share(before.get(edge["slug"])),
            "after": share(after.get(edge["slug"])),
            "exact": after.get(edge["slug"]),
        }
        for edge in record["edges"]
    ]
    votes = [{"kind": "constituency", **row} for row in result.get("votes", [])]
    tests = [{"kind": "test", **row} for row in result.get("verdict", {}).get("tests", [])]
    total = [{"kind": "total", **result["total"]}] if "total" in result else []
    names = ("electors", "voted", "agree", "abstain", "disagree", "object")
    figures = {name: Figure("only", "minutes", name, where={"kind": "total"}) for name in names if total}
    figures["weight_total"] = Figure("sum", "minutes", "after", where={"kind": "edge"})
    return Evidence("minutes", {"proposal": record["proposal"]}, [*edges, *votes, *tests, *total], figures)


def share(text: str | None) -> float | None:
    """An exact weight as a number."""
    return None if text is None else float(Fraction(text))


def body(record: Record, answer: Evidence) -> Json:
    """What the pages of the minutes show."""
    result = record["result"] or {}
    sections = [_proposal(record), _votes(record, answer), _weights(record, answer)]
    sections += [_compared(record, result)] if result.get("comparison") else []
    sections += [_dissent(record, result), _impact(record)]
    facts = [
        ["Council", record["council"]],
        ["System", record["system"]],
        ["Outcome", record["state"]],
        *([moment["what"], minute(moment["at"])] for moment in record["moments"]),
        ["Ballots", "secret" if record["secrecy"] == "secret" else "open"],
        ["Published count (SHA-256)", record["bundle_root"] or "none"],
    ]
    return {"decision": decision(record), "facts": facts, "sections": sections, "charts": _charts(answer)}


def decision(record: Record) -> str:
    """The outcome in one sentence."""
    verdict = (record["result"] or {}).get("verdict", {})
    if record["policy"] is not None:
        return f"The council passed the proposal; its weights are in force as policy {record['policy']}."
    if verdict.get("passed"):
        return f"The council passed the proposal. {record['end_reason'] or 'Its waiting period is not over.'}"
    quorum = "" if verdict.get("quorum") else " The quorum was not reached."
    return f"The proposal did not pass; the weights stay as they were.{quorum}"


def _section(
    title: str,
    text: str = "",
    *,
    tables: Sequence[Json] = (),
    charts: Sequence[str] = (),
    quotes: Sequence[Json] = (),
) -> Json:
    return {
        "title": title,
        "text": text,
        "tables": list(tables),
        "charts": list(charts),
        "quotes": list(quotes),
    }


def _proposal(record: Record) -> Json:
    aside = record["stood_aside"]
    text = f"{record['summary']} Mandate of the council: {record['mandate']} {record['reasons']} reasons were given"
    return _section("The proposal", f"{text}; {aside} {'member' if aside == 1 else 'members'} stood aside.")


def _votes(record: Record, answer: Evidence) -> Json:
    rows = [_vote(row) for row in answer.rows if row["kind"] == "constituency"]
    numbers = ("seats", "electors", "voted", "agree", "abstain", "against")
    columns = [Column("name", "Group with seats", width="w-xl")]
    columns += [Column(name, name.capitalize(), num=True, text=hidden) for name in numbers]
    tests = [
        {**row, "what": test_name(row), "met": "reached" if row["met"] else "not reached"}
        for row in answer.rows
        if row["kind"] == "test"
    ]
    asked = (
        Column("what", "Rule of the charter"),
        Column("count", "Votes", num=True, width="w-m", text=hidden),
        Column("needed", "Needed", num=True, width="w-m"),
        Column("of", "Of", num=True, width="w-m"),
        Column("met", "Result", width="w-l"),
    )
    made = [table("Votes on the final text, by group", columns, rows)] if rows else []
    made += [table("Whether it passes", asked, tests)] if tests else []
    return _section("The vote", "" if rows else "No vote was counted.", tables=made)


def _vote(row: Record) -> Json:
    if row.get("hidden"):
        return {**row, "agree": None, "abstain": None, "against": None}
    return {**row, "against": row["disagree"] + row["object"]}


def test_name(row: Record) -> str:
    """A rule of the charter in words."""
    where = f", {row['where']}" if row.get("where") else ""
    return f"{row['name'].replace('_', ' ').capitalize()}{where}"


def _weights(record: Record, answer: Evidence) -> Json:
    rows = [row for row in answer.rows if row["kind"] == "edge"]
    if all(row["after"] is None for row in rows):
        return _section("The weights", "No weights followed from the vote.")
    shown = [{**row, "change": _change(row)} for row in rows]
    columns = (
        Column("name", "Edge"),
        Column("before", "Before", num=True, width="w-m", text=points),
        Column("after", "Voted", num=True, width="w-m", text=points),
        Column("change", "Change", num=True, width="w-m"),
        Column("exact", "Exact", num=True, width="w-xl"),
    )
    rule = COUNTING.get((record["result"] or {}).get("rule", ""), "Tally")
    tables = [table(f"Weights in points of 100 ({rule.lower()})", columns, shown)]
    return _section("The weights", tables=tables, charts=["weights"])


def _change(row: Record) -> str:
    known = row["before"] is not None and row["after"] is not None
    return change(row["after"] - row["before"] if known else None)


def points(weight: float | None) -> str:
    """A weight in points of 100."""
    return "none" if weight is None else f"{100 * weight:.1f}"


def _compared(record: Record, result: Record) -> Json:
    slugs = result["edges"]
    names = {edge["slug"]: edge["name"] for edge in record["edges"]}
    columns = [Column("rule", "Way of counting", width="w-xl")]
    columns += [
        Column(slug, names.get(slug, slug), num=True, text=lambda each: f"{each:.1f}") for slug in slugs
    ]
    rows = [
        {"rule": COUNTING.get(rule, rule), **dict(zip(slugs, found["weights"], strict=True))}
        for rule, found in result["comparison"].items()
    ]
    text = "No way of counting is truthful, efficient and proportional for three edges or more; the charter picks."
    return _section("Under other ways of counting", text, tables=[table("Points of 100", columns, rows)])


def _dissent(record: Record, result: Record) -> Json:
    quotes = [
        {"text": each["reason"], "by": each["constituency"] or "not published"}
        for each in result.get("objections", [])
    ]
    quotes += [
        {"text": each["text"], "by": f"Minority report, {each['constituency']}"}
        for each in record["minority_reports"]
    ]
    moved = ", ".join(result.get("moved_away", []))
    text = (
        f"The weights moved away from what these groups asked for: {moved}."
        if moved
        else "The weights moved away from no group whose tally is published."
    )
    return _section(
        "Dissent",
        text if quotes else f"{text} No objection and no minority report is on file.",
        quotes=quotes,
    )


def _impact(record: Record) -> Json:
    impact = record["impact"]
    if not impact or not impact.get("decisions"):
        return _section("What it would have changed", "No evidence: no logged decision could be replayed.")
    rows = [
        {"what": "Decisions replayed", "found": figure(impact["decisions"])},
        {
            "what": "Choices that would have changed",
            "found": f"{figure(impact['flips'])} ({percent(impact['share'])}{_sampled(impact)})",
        },
        {"what": "New choices below a hard norm", "found": figure(impact.get("violations"))},
    ]
    window = (
        f"{day(impact['start'])} to {day(impact['end'])}"
        if impact.get("start") and impact.get("end")
        else "the whole log"
    )
    columns = (Column("what", f"On the decisions of {window}", width="w-xxl"), Column("found", "Found"))
    text = "Replay holds the logged options and scores fixed; it does not predict what the model would have generated."
    tables = [table("Impact statement, frozen when voting opened", columns, rows)]
    return _section("What it would have changed", text, tables=tables)


def _sampled(impact: Json) -> str:
    """The share's interval where only a part of the decisions is logged."""
    if not impact.get("weighted"):
        return ""
    low, high = impact["interval"]
    return f"; {percent(low)} to {percent(high)}, {WEIGHTED}"


def _charts(answer: Evidence) -> Json:
    rows = [row for row in answer.rows if row["kind"] == "edge" and row["after"] is not None]
    if not rows:
        return {}
    bars = [{"label": row["name"], "value": round(100 * row["after"], 4), "tick": _tick(row)} for row in rows]
    title = f"{charts.heaviest([{**row, 'weight': row['after']} for row in rows])} (line: before)"
    return {"weights": {"kind": "bars", "title": title, "unit": "points of 100", "rows": bars}}


def _tick(row: Record) -> float | None:
    return None if row["before"] is None else round(100 * row["before"], 4)
