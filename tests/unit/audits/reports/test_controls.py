"""Frameworks as data files and their pass rules."""

import dataclasses

import pytest

from audits.reports import controls, evidence

ACT = controls.frameworks()["eu-ai-act"]
COVERAGE = {"records": 0, "days_with_records": 0, "entries": 0, "missing": 0, "altered": 0,
            "root_agrees": 1, "sealed_agrees": 1, "lost": 0}  # fmt: skip


def control(id):  # noqa: A002
    return next(each for each in ACT.controls if each.id == id)


def test_the_first_set_of_controls_is_there():
    ids = ["EUAIA-12.1", "EUAIA-12.2a", "EUAIA-19/26.6", "EUAIA-AnnexIV.2b", "EUAIA-AnnexIV.2g"]
    assert [each.id for each in ACT.controls] == ids


@pytest.mark.parametrize("each", ACT.controls, ids=lambda each: each.id)
def test_every_control_names_a_query_that_exists(each):
    assert each.query in evidence.QUERIES


@pytest.mark.parametrize("each", ACT.controls, ids=lambda each: each.id)
def test_no_control_says_compliant(each):
    texts = " ".join(str(value) for value in dataclasses.asdict(each).values())
    assert "complian" not in texts.lower()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, controls.NONE),
        ({"records": 5}, controls.PRESENT),
        ({"records": 5, "missing": 1}, controls.PARTIAL),
        ({"records": 5, "altered": 1}, controls.PARTIAL),
        ({"records": 5, "root_agrees": 0}, controls.PARTIAL),
        ({"records": 5, "root_agrees": None}, controls.PARTIAL),
        ({"records": 5, "lost": 1}, controls.PARTIAL),
    ],
)
def test_the_log_is_judged_by_what_was_found(change, status):
    assert controls.judge(control("EUAIA-12.1"), {**COVERAGE, **change}).status == status


def test_a_finding_states_its_figures():
    judged = controls.judge(control("EUAIA-12.1"), {**COVERAGE, "records": 20000, "entries": 20000})
    assert "20,000 decisions" in judged.finding
    judged = controls.judge(control("EUAIA-12.1"), {**COVERAGE, "records": 5, "lost": 1200})
    assert "the model reports 1,200 lost before the log" in judged.finding


@pytest.mark.parametrize(
    ("position", "risk_class", "word"),
    [
        ("provider", "high", ""),
        ("both", "high", ""),
        ("deployer", "high", "deployer"),
        ("provider", "limited", "limited"),
    ],
)
def test_whether_a_control_applies_follows_from_the_system_record(position, risk_class, word):
    reason = controls.inapplicable(
        control("EUAIA-12.1"), position=position, risk_class=risk_class, reasoning="why"
    )
    assert word in reason
    assert bool(reason) == bool(word)
