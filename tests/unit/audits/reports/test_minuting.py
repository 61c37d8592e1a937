"""Minutes from what a council recorded."""

import pytest

from audits.reports import minuting

VOTE = {
    "seats": 5,
    "electors": 5,
    "voted": 5,
    "agree": 4,
    "abstain": 0,
    "disagree": 1,
    "object": 0,
    "hidden": False,
}
FEW = {"name": "Few", "seats": 2, "electors": 2, "voted": 2, "hidden": True}
QUORUM = {"name": "quorum", "count": 5, "needed": 4, "of": 7, "met": True, "where": ""}
RECORD = {
    "proposal": 7, "title": "More expression", "summary": "Moves points.", "council": "Board", "mandate": "Weights.",
    "secrecy": "open", "system": "Feed", "organisation": "North", "state": "In force", "end_reason": "",
    "moments": [{"what": "Proposed", "at": "2026-11-01T09:00:00+00:00"}],
    "edges": [{"slug": "safety", "name": "Safety"}, {"slug": "privacy", "name": "Privacy"}],
    "weights_before": {"safety": "2/3", "privacy": "1/3"}, "policy_before": 1, "policy": 2, "impact": None,
    "bundle_root": "ab" * 32, "minority_reports": [], "reasons": 3, "stood_aside": 1,
    "result": {
        "rule": "independent_markets", "edges": ["safety", "privacy"], "enacted": {"safety": "1/2", "privacy": "1/2"},
        "comparison": {}, "votes": [{"name": "Germany", **VOTE}, FEW],
        "total": {"electors": 7, "voted": 7, "agree": 5, "abstain": 0, "disagree": 2, "object": 0},
        "verdict": {"passed": True, "quorum": True, "tests": [QUORUM]},
        "objections": [], "moved_away": ["Germany"],
    },
}  # fmt: skip


def test_the_decision_is_one_sentence():
    assert (
        minuting.decision(RECORD) == "The council passed the proposal; its weights are in force as policy 2."
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"policy": None}, "waiting period is not over"),
        (
            {"policy": None, "result": None},
            "did not pass; the weights stay as they were. The quorum was not reached.",
        ),
    ],
)
def test_other_outcomes_are_said(change, words):
    assert words in minuting.decision({**RECORD, **change})


def test_the_weights_come_from_the_exact_fractions():
    values = minuting.evidence(RECORD).values()
    assert values["weight_total"] == 1.0
    assert (values["electors"], values["voted"]) == (7, 7)


def test_a_group_under_five_voters_stays_unpublished():
    body = minuting.body(RECORD, minuting.evidence(RECORD))
    vote = next(section for section in body["sections"] if section["title"] == "The vote")
    few = next(row for row in vote["tables"][0]["rows"] if row["head"] == "Few")
    assert ["not published", "num"] in few["cells"]


def test_no_vote_has_minutes_too():
    record = {**RECORD, "result": None, "policy": None, "bundle_root": None}
    body = minuting.body(record, minuting.evidence(record))
    assert [section["title"] for section in body["sections"]][-1] == "What it would have changed"


def test_an_impact_of_a_thinned_log_is_said_with_its_interval():
    impact = {
        "decisions": 600,
        "flips": 165,
        "share": 0.275,
        "violations": 0,
        "weighted": True,
        "interval": [0.2, 0.35],
    }
    section = minuting._impact({**RECORD, "impact": impact})
    cells = [cell for row in section["tables"][0]["rows"] for cell, _align in row["cells"]]
    (said,) = [cell for cell in cells if "165" in cell]
    assert said.replace("\N{NO-BREAK SPACE}", " ") == (
        "165 (27.5 %; 20.0 % to 35.0 %, weighted: the model logs a share of its decisions)"
    )
