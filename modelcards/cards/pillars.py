"""What evidence exists for each of the seven pillars of edge alignment. Pure."""

from collections.abc import Mapping

from audits.reports.manifest import Evidence, Json
from audits.reports.tables import Column, figure, table


def rows(evidences: Mapping[str, Evidence]) -> list[Json]:
    """One row per pillar: what there is, never a blank."""
    values = {name: evidence.values() for name, evidence in evidences.items()}
    decisions, followed = values["conformance"]["decisions"], values["conformance"]["conformant"]
    policies, results = values["policies"], values["evaluations"]
    edges, norms = len(evidences["weights"].rows), values["norms"]["norms"]
    measured = sum(1 for row in evidences["indices"].rows if row["value"] is not None)
    results_said = f"Results: {results['results']}; suites: {results['suites']}; signed: {results['signed']}"
    rests = next(row["basis"] for row in evidences["conformance"].rows if row["kind"] == "total")
    watched = (
        f"Failure modes measured: {measured} of 3; followed the policy ({rests}): "
        f"{figure(followed)} of {figure(decisions)}"
    )
    stated = (
        ("Data", "", 0),
        (
            "Objectives",
            f"Edges scored apart: {edges}; hard norms: {norms}; every option's vector is in the log",
            edges,
        ),
        (
            "Training",
            f"Signed policies that the model can fetch: {policies['versions']}",
            policies["versions"],
        ),
        ("Evaluation", results_said, results["results"]),
        ("Governance", f"Policies set by council vote: {policies['by_council']}", policies["by_council"]),
        ("Interaction", "", 0),
        ("Monitoring", watched, measured),
    )
    return [{"pillar": name, "evidence": text if there else "No evidence"} for name, text, there in stated]


def pillars_table(evidences: Mapping[str, Evidence]) -> Json:
    """The seven pillars as a table."""
    columns = (Column("pillar", "Pillar", width="w-l"), Column("evidence", "Evidence for this system"))
    return table("What evidence exists for each of the seven pillars", columns, rows(evidences))
