"""What the pages of a result show. Reads, never writes."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from councils.deliberation.models import Proposal
from councils.voting import pages, selectors
from councils.voting.models import Tally
from governance.organisations.models import Person


def of(*, proposal: Proposal, tally: Tally, person: Person) -> dict[str, Any]:
    """Weights before and after, tests, groups, dissent, other rules, the reader's ballot, and the log entry."""
    result = tally.result
    names = {edge.slug: edge.name for edge in selectors.edges_of(proposal=proposal)}
    elector = selectors.elector(proposal=proposal, person=person)
    reports = list(selectors.reports_of(proposal=proposal))
    return {
        "tally": tally,
        "result": result,
        "headline": pages.headline(proposal),
        "tests": pages.reasons_why(result, proposal.council),
        "comparison": pages.comparison(tally=tally, names=names),
        "asked": _asked(result, names),
        "any_hidden": any(row["hidden"] for row in result["votes"]),
        "chosen": _fractions(result["weights"]),
        "before": _fractions(proposal.weights_before),
        "reports": reports,
        "may_report": _may_report(proposal, tally, elector.constituency.name if elector else "", reports),
        "elector": elector,
        "ballot": selectors.ballot_of(elector=elector) if elector else None,
        "root": pages.logged(proposal=proposal, kind="ballot.root"),
    }


def _fractions(weights: Mapping[str, str] | None) -> dict[str, Fraction] | None:
    return {edge: Fraction(text) for edge, text in weights.items()} if weights else None


def _asked(result: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Per constituency the mean points in the order of the edges, or None where they are not published."""
    return [
        {**row, "cells": [row["points"][edge] for edge in names] if row["points"] else None}
        for row in result["asked"]
    ]


def _may_report(proposal: Proposal, tally: Tally, group: str, reports: list[Any]) -> bool:
    """Whether the reader's group has ground for a minority report and has not filed it."""
    open_states = (Proposal.State.PASSED, Proposal.State.ENACTED, Proposal.State.VETOED)
    filed = {report.constituency.name for report in reports}
    return (
        proposal.state in open_states and group in selectors.may_dissent(tally=tally) and group not in filed
    )
