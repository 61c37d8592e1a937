"""Which tables and charts stand under each control: evidence rows as a reader sees them. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audits.reports.manifest import Evidence, Json
from audits.reports.tables import WEIGHTED, Column, change, day, figure, followed, minute, table, verdict

INDEX_NAMES = {
    "value_flattening": "One edge decides",
    "representation_loss": "Whose norms go unheard",
    "uncertainty_blindness": "Answered while unsure",
}
SOURCES = {"council": "council vote", "owner": "set without a vote"}
COUNTING = {
    "independent_markets": "Proportional tally",
    "utilitarian": "Utilitarian tally",
    "mean": "Mean",
    "median": "Median of each edge",
}
VOTE = {
    "proposal": "Proposal",
    "title": "Title",
    "council": "Council",
    "counting": "Way of counting",
    "counted_at": "Counted at",
    "electors": "Entitled to vote",
    "voted": "Voted",
    "agree": "Agree",
    "abstain": "Abstain",
    "against": "Disagree or object",
    "quorum_reached": "Quorum reached",
    "passed": "Passed",
    "objections": "Objections with reasons",
    "minority_reports": "Minority reports",
    "bundle_root": "Published count (SHA-256)",
}
Rows = Sequence[Mapping[str, Any]]


def of_kind(evidence: Evidence, kind: str) -> list[Mapping[str, Any]]:
    """The rows of one kind."""
    return [row for row in evidence.rows if row.get("kind") == kind]


def context(part: Mapping[str, str]) -> str:
    """Whom a policy speaks for."""
    return ", ".join(f"{name} {value}" for name, value in sorted(part.items())) or "everybody"


def points(share: float | None) -> str:
    """A weight in points of 100."""
    return "new" if share is None else f"{100 * share:.1f}"


def log_coverage(evidence: Evidence) -> Json:
    """Days, what the model reports as lost, and the state of the log."""
    (log,) = of_kind(evidence, "log")
    facts = [
        {"what": "Entries in the log", "value": figure(log["entries"])},
        {"what": "Entries missing", "value": figure(log["missing"])},
        {"what": "Entries that differ from their leaf hash", "value": figure(log["altered"])},
        {
            "what": "Root hash recomputed equals the sealed one",
            "value": "yes" if log["root_agrees"] else "no",
        },
        {"what": "Sealed root hash", "value": log["root"] or "not sealed yet"},
        {"what": "Sealed at", "value": minute(log["sealed_at"]) if log["sealed_at"] else "not sealed yet"},
        {"what": "Log", "value": log["origin"] or "no entry yet"},
        {
            "what": "Decisions lost before the log, as the model reports itself",
            "value": figure(evidence.values()["lost"] or "none reported"),
        },
    ]
    days = of_kind(evidence, "day")
    columns = (Column("what", "State of the log", width="w-xxl"), Column("value", "Found"))
    by_day = (Column("day", "Day (UTC)", text=day), Column("records", "Decisions", num=True))
    tables = [
        table("The log under its latest seal", columns, facts),
        table("Decisions logged by day", by_day, days),
    ]
    lost = of_kind(evidence, "lost")
    tables += [_lost(lost)] if lost else []
    return {"tables": tables, "charts": ["per_day"] if len(days) > 1 else []}


def _lost(rows: Rows) -> Json:
    columns = (
        Column("process", "Process of the model", text=lambda name: name or "does not name itself"),
        Column("key", "API key", width="w-s", text=lambda key: key.replace(":", " ")),
        Column("first_at", "First report (UTC)", width="w-l", text=_in_utc),
        Column("last_at", "Last report (UTC)", width="w-l", text=_in_utc),
        Column("lost", "Decisions lost", num=True, width="w-l"),
    )
    caption = "Decisions lost before they reached the log, as the model reports itself; a process counts from its start"
    return table(caption, columns, rows)


def _in_utc(moment: str) -> str:
    """A moment on one line of a narrow column, under a heading that names UTC."""
    return minute(moment).removesuffix(" UTC")


def conformance(evidence: Evidence) -> Json:
    """Verdicts, and findings with owner and due date."""
    (total,) = of_kind(evidence, "total")
    lines = [{"what": followed(total), "n": total["judged"] - total["deviating"]}]
    lines += [{"what": verdict(row["verdict"]), "n": row["n"]} for row in of_kind(evidence, "verdict")]
    lines += [{"what": "Not yet checked", "n": total["unjudged"]}]
    counted = (Column("what", "Verdict"), Column("n", "Decisions", num=True, width="w-m"))
    columns = (
        Column("verdict", "Finding", text=verdict),
        Column("decisions", "Decisions", num=True, width="w-m"),
        Column("state", "State", width="w-m", text=lambda state: str(state).replace("_", " ")),
        Column("owner", "Owner", width="w-l", text=lambda owner: owner or "nobody yet"),
        Column("due_on", "Due", width="w-l", text=day),
    )
    findings = of_kind(evidence, "finding")
    tables = [table("Decisions by verdict; one may have several", counted, lines)]
    tables += [table("Findings", columns, findings)] if findings else []
    return {"tables": tables, "charts": []}


def weights_in_force(evidence: Evidence) -> Json:
    """Policies, the weights of each with the change, and the votes."""
    policies = (
        Column("policy", "Policy", width="w-s"),
        Column("context", "Speaks for", text=context),
        Column("source", "Set by", text=lambda source: SOURCES.get(source, source)),
        Column("rule", "Rule"),
        Column("in_force_from", "From", text=minute),
        Column("in_force_until", "Until", text=lambda until: minute(until) if until else "in force"),
    )
    tables = [table("Policies in force in the window", policies, of_kind(evidence, "policy"))]
    for policy in of_kind(evidence, "policy"):
        number = policy["policy"]
        rows = [row for row in of_kind(evidence, "weight") if row["policy"] == number]
        tables.append(_weights(f"Policy {number}: weights in points of 100", rows))
        for row in of_kind(evidence, "tally"):
            tables += _tally(number, row) if row["policy"] == number else []
    return {"tables": tables if of_kind(evidence, "policy") else [], "charts": []}


def _weights(caption: str, rows: Rows) -> Json:
    shown = [
        {**row, "change": None if row["before"] is None else row["weight"] - row["before"]} for row in rows
    ]
    columns = (
        Column("name", "Edge"),
        Column("weight", "Weight", num=True, width="w-m", text=points),
        Column("before", "Before", num=True, width="w-m", text=points),
        Column("change", "Change", num=True, width="w-m", text=change),
        Column("exact", "Exact", num=True, width="w-xl"),
    )
    return table(caption, columns, shown)


def _tally(number: int, tally: Mapping[str, Any]) -> list[Json]:
    said = {
        **tally,
        "counted_at": minute(tally["counted_at"]),
        "counting": COUNTING.get(tally["counting"], tally["counting"]),
    }
    lines = [{"what": label, "value": figure(said.get(name))} for name, label in VOTE.items()]
    lines.append(
        {"what": "Groups the weights moved away from", "value": ", ".join(tally.get("dissent", [])) or "none"}
    )
    columns = (Column("what", "The vote", width="w-xxl"), Column("value", "On file"))
    groups = (
        Column("name", "Group with seats"),
        *(Column(name, name.capitalize(), num=True, width="w-m") for name in ("seats", "electors", "voted")),
        *(
            Column(name, name.capitalize(), num=True, width="w-m", text=hidden)
            for name in ("agree", "disagree", "object")
        ),
    )
    caption = f"Policy {number}: the council's vote"
    return [
        table(caption, columns, lines),
        table(f"{caption} by group", groups, tally.get("constituencies", [])),
    ]


def hidden(number: int | None) -> str:
    """A count, or that it is withheld: a group under five voters publishes none."""
    return "not published" if number is None else f"{number:,}"


def evaluations(evidence: Evidence) -> Json:
    """Results with interval, data hash and signature."""
    shown = [
        {
            **row,
            "slice": context(row["slice"]).replace("everybody", "all"),
            "interval": f"{row['low']:.3f} to {row['high']:.3f}" if row["has_interval"] else "not stated",
            "data": row["data_name"] or row["data_sha256"][:8],
            "signed": "signed" if row["signed"] else "not signed",
        }
        for row in evidence.rows
    ]
    columns = (
        Column("suite", "Suite"),
        Column("metric", "Metric"),
        Column("slice", "Slice", width="w-m"),
        Column("value", "Value", num=True, width="w-s"),
        Column("interval", "95\u00a0% interval", num=True, width="w-l"),
        Column("data", "Data", width="w-l"),
        Column("signed", "Signed", width="w-m"),
    )
    return {"tables": [table("Evaluation results", columns, shown)] if shown else [], "charts": []}


def failure_modes(evidence: Evidence) -> Json:
    """The three indices as the page shows them."""
    rows = [
        {
            **row,
            "name": INDEX_NAMES.get(row["index"], row["index"]),
            "interval": "not stated" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}",
            "value": "too few decisions" if row["value"] is None else f"{row['value']:.3f}",
        }
        for row in evidence.rows
    ]
    columns = (
        Column("name", "Index"),
        Column("value", "Value", num=True, width="w-l"),
        Column("interval", "95\u00a0% interval", num=True, width="w-l"),
        Column("n", "Decisions", num=True, width="w-m"),
    )
    weighted = f"; {WEIGHTED}" if any(row.get("weighted") for row in evidence.rows) else ""
    return table(f"Failure modes; 0 is best, 1 is worst{weighted}", columns, rows)


EXHIBITS: dict[str, Callable[[Evidence], Json]] = {
    "log_coverage": log_coverage,
    "conformance": conformance,
    "weights_in_force": weights_in_force,
    "evaluations": evaluations,
}


def of(evidences: Mapping[str, Evidence]) -> dict[str, Json]:
    """The exhibits of every query that has some."""
    return {query: EXHIBITS[query](evidence) for query, evidence in evidences.items() if query in EXHIBITS}


def charts(evidences: Mapping[str, Evidence]) -> Json:
    """The report's pictures; each stands beside the table with the same figures."""
    days = of_kind(evidences["log_coverage"], "day")
    if len(days) < 2:
        return {}
    least, most = min(day["records"] for day in days), max(day["records"] for day in days)
    title = f"Between {least:,} and {most:,} decisions on each day that has any"
    rows = [{"label": each["day"], "value": each["records"]} for each in days]
    return {
        "per_day": {"kind": "columns", "title": title, "unit": "decisions", "days": len(days), "rows": rows}
    }
