"""Assessment: what is derived from each record, by a cursor that only moves forward."""

import datetime as dt
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.decisions import assessing, conformance, findings, sentences, services, table
from audits.decisions.models import Assessment, Finding, Segment
from audits.ledger import selectors as ledger
from governance.policies import services as policies
from tests.unit.audits.decisions import worlds

pytestmark = pytest.mark.django_db
NOW = worlds.START + dt.timedelta(days=2)


@pytest.fixture
def world(db):
    return worlds.make(
        norms=[{"edge": "safety", "minimum": 0.3, "z": 0}],
        clarification_threshold=0.6,
        bounds={"safety": [0.3, 0.5]},
    )


def log(world, *records):
    outcomes = services.log(system=world.system, records=[json.dumps(r).encode() for r in records], at=NOW)
    assert {outcome.status for outcome in outcomes} == {"logged"}, outcomes
    return outcomes


def assessed(world, *records):
    log(world, *records)
    assert assessing.assess_all(at=NOW) == len(records)
    return list(Assessment.objects.filter(system=world.system).order_by("index"))


def verdicts(world, **changes):
    (found,) = assessed(world, world.record(**changes))
    return found.verdicts


def test_an_assessment_says_what_drove_the_decision(world):
    (found,) = assessed(world, world.record())
    assert (found.runner_up, found.driving_edge, found.tied_edges) == ("remove", "expression", [])
    assert found.margin == pytest.approx(0.4 * -0.2 + 0.4 * 0.8)
    assert found.confidence is None
    assert found.verdicts == []


def test_assessment_goes_on_where_it_stopped(world, monkeypatch):
    monkeypatch.setattr(assessing, "CHUNK", 3)
    assert len(assessed(world, *[world.record() for _ in range(7)])) == 7
    assert assessing.assess_all(at=NOW) == 0
    assert len(assessed(world, world.record())) == 8
    segments = Segment.objects.filter(system=world.system).order_by("first")
    assert [segment.decisions for segment in segments] == [3, 3, 2]


def test_every_verdict_has_its_words():
    assert set(sentences.VERDICTS) == set(conformance.VERDICTS)


@pytest.mark.parametrize(
    ("verdict", "changes"),
    [
        ("wrong_choice", {"chosen": "remove"}),
        (
            "norm_violation",
            {"options": [worlds.option("label", (0.1, 1.0, 1.0)), worlds.option("remove", (0.9, 0.8, 0.1))]},
        ),
        (
            "missed_clarification",
            {
                "options": [
                    worlds.option("label", (0.7, 0.8, 0.9), 0.3),
                    worlds.option("remove", (0.9, 0.8, 0.69), 0.3),
                ]
            },
        ),
        ("outside_bounds", {"weights": {"safety": 0.2, "privacy": 0.2, "expression": 0.6}}),
        ("wrong_policy", {"policy": {"version": 1, "digest": "another"}}),
    ],
)
def test_each_deviation_has_its_verdict(world, verdict, changes):
    assert verdicts(world, **changes) == [verdict]


def test_a_missing_score_makes_a_record_partial(world):
    whole, partial = worlds.option("label", (0.7, 0.8, 0.9)), worlds.option("remove", (0.9, None, 0.1))
    partial["unscored"] = {"privacy": "no scorer"}
    assert verdicts(world, options=[whole, partial]) == ["partial"]


def test_a_clarified_or_unsure_but_asking_decision_conforms(world):
    unsure = [worlds.option("label", (0.7, 0.8, 0.9), 0.3), worlds.option("remove", (0.9, 0.8, 0.69), 0.3)]
    assert verdicts(world, options=unsure, clarification="dialog-1") == []
    assert (
        assessed(world, world.record(options=unsure, chosen=None, disposition="clarified"))[-1].verdicts == []
    )


def test_a_superseded_policy_is_stale_after_the_grace(world):
    later = worlds.START + dt.timedelta(hours=1)
    policies.enact(
        system=world.system,
        weights=world.policy.weights_exact,
        source={"kind": "owner"},
        by=None,
        at=later,
        context={},
    )
    at = [later - dt.timedelta(seconds=1), later + dt.timedelta(seconds=30), later + dt.timedelta(minutes=2)]
    records = [world.record(occurred_at=moment.isoformat()) for moment in at]
    assert [found.verdicts for found in assessed(world, *records)] == [[], [], ["stale_policy"]]


def test_a_rationale_the_policy_asks_for_and_does_not_get(world):
    world.policy = policies.enact(
        system=world.system, weights=world.policy.weights_exact, source={"kind": "owner"}, by=None,
        at=worlds.START + dt.timedelta(hours=1), rationale_required=True,
    )  # fmt: skip
    found = assessed(world, world.record(), world.record(rationale="Because."))
    assert [each.verdicts for each in found] == [["unexplained"], []]


def test_deviations_open_one_finding_that_gathers_them_and_the_log_tells(world):
    assessed(world, world.record(chosen="remove"), world.record(chosen="remove"))
    assessed(world, world.record(chosen="remove"))
    finding = Finding.objects.get(system=world.system)
    assert (finding.verdict, finding.decisions, finding.state) == ("wrong_choice", 3, "open")
    assert finding.owner == world.people["owner"]
    log_of_system = ledger.log_of(organisation=world.organisation, system=world.system)
    entries = ledger.entries(log=log_of_system, start=0, stop=100)
    assert [json.loads(entry)["type"] for entry in entries].count("finding.opened") == 1


def test_a_finding_is_closed_with_an_answer_only_and_only_once(world):
    assessed(world, world.record(chosen="remove"))
    finding, owner = Finding.objects.get(), world.people["owner"]
    with pytest.raises(findings.AnswerMissing):
        findings.close(finding=finding, answer=" ", by=owner, at=NOW)
    findings.close(finding=finding, answer="The model was rolled back.", by=owner, at=NOW)
    with pytest.raises(findings.FindingClosed):
        findings.assign(finding=finding, owner=owner, due_on=NOW.date(), by=owner, at=NOW)
    assessed(world, world.record(chosen="remove"))
    assert Finding.objects.filter(state="open").count() == 1


@pytest.mark.parametrize("rule", ["tchebycheff", "nash", "lexicographic"])
def test_other_rules_are_assessed_too(world, rule):
    tiers = [{"edges": ["safety", "privacy"], "tolerance": 0.1}, {"edges": ["expression"], "tolerance": 0}]
    world.policy = policies.enact(
        system=world.system, weights=world.policy.weights_exact, source={"kind": "owner"}, by=None,
        at=worlds.START + dt.timedelta(hours=1), rule=rule, tiers=tiers if rule == "lexicographic" else (),
    )  # fmt: skip
    options = [worlds.option("label", (0.7, 0.8, 0.9), 0.05), worlds.option("remove", (0.9, 0.3, 0.1), 0.05)]
    (found,) = assessed(world, world.record(options=options))
    assert found.verdicts == []
    assert found.margin > 0
    assert 0.5 < found.confidence <= 1


texts = st.text("abc", min_size=1, max_size=3)
plain_options = st.lists(
    st.tuples(st.floats(0, 1).map(lambda x: round(x, 6)), st.none() | st.just(0.25)), min_size=1, max_size=4
)


@given(st.lists(st.tuples(plain_options, texts, texts), min_size=1, max_size=8), st.integers(1, 7))
def test_packing_and_joining_columns_loses_nothing(rows, cut):
    records = [
        {
            "options": [
                {"id": str(n), "edges": {"a": score, "b": None}, "uncertainty": {"a": sd} if sd else {}}
                for n, (score, sd) in enumerate(options)
            ],
            "chosen": "0", "context": {"c": context}, "model_version": model, "policy": {"version": 1},
            "disposition": "answered", "occurred_at": "2026-01-01T00:00:00Z",
        }
        for options, context, model in rows
    ]  # fmt: skip
    parse = dt.datetime.fromisoformat
    whole = table.build(range(len(records)), records, ("a", "b"), parse)
    parts = [
        table.unpack(table.pack(table.build(range(at, at + len(part)), part, ("a", "b"), parse)))
        for at in range(0, len(records), cut)
        if (part := records[at : at + cut])
    ]
    joined = table.concat(parts)
    assert np.array_equal(joined.scores, whole.scores)
    assert np.array_equal(joined.columns.sd, whole.columns.sd, equal_nan=True)
    for row, record in enumerate(records):
        assert joined.contexts[joined.context[row]] == record["context"]
        assert joined.models[joined.model[row]] == record["model_version"]
        assert joined.option_ids[joined.names[row]] == tuple(option["id"] for option in record["options"])
        assert joined.columns.scores[row, 0, 0] == record["options"][0]["edges"]["a"]
