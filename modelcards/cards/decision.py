"""Who decided the weights in force: the council's vote as facts for the card."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from audits.reports.manifest import Evidence, Figure
from audits.reports.tables import figure
from councils.voting import selectors as voting
from governance.policies import selectors as policies
from governance.systems.models import AISystem

QUERY = "tallies"


def tallies(system: AISystem, at: dt.datetime) -> Evidence:
    """Every vote counted on the system's weights."""
    rows = voting.tally_evidence(system=system, start=system.created_at, end=at)["tallies"]
    figures = {
        "votes_counted": Figure("count", QUERY),
        "passed": Figure("count", QUERY, where={"passed": True}),
    }
    return Evidence(QUERY, {"system": system.slug, "until": at.isoformat()}, rows, figures)


def facts(system: AISystem, counted: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Term and text: policy, source, and the vote behind it where there was one."""
    policy = policies.general(system=system)
    if policy is None:
        return [["Weights in force", "None yet."]]
    stated = [
        ["Policy", f"version {policy.version}, in force since {policy.in_force_from:%Y-%m-%d %H:%M} UTC"],
        ["Decision rule", str(policy.get_rule_display())],
        ["Digest (SHA-256)", policy.digest],
    ]
    if policy.set_without_vote:
        return [*stated, ["Set by", "The owner of the system. Weights set without a vote."]]
    vote = next((row for row in counted if row["policy_version"] == policy.version), None)
    return [*stated, *(_vote(vote) if vote else [["Set by", "A council; no count of the vote is on file."]])]


def _vote(vote: Mapping[str, Any]) -> list[list[str]]:
    votes = f"{figure(vote['voted'])} of {figure(vote['electors'])} voted: {figure(vote['agree'])} agree, "
    votes += f"{figure(vote['abstain'])} abstain, {figure(vote['against'])} disagree or object"
    away = ", ".join(vote["dissent"]) or "no group whose count is published"
    return [
        ["Set by", f"Council vote on proposal {vote['proposal']}: {vote['title']}"],
        ["Tally", votes],
        ["Quorum", "reached" if vote["quorum_reached"] else "not reached"],
        ["Dissent", f"Weights moved away from {away}; minority reports: {figure(vote['minority_reports'])}"],
        ["Published count (SHA-256)", vote["bundle_root"]],
    ]
