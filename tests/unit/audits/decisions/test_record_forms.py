"""A record's other forms, end to end: assessments, missing scores, sampling, and what ties it to others."""

import datetime as dt
import json
import uuid
from dataclasses import replace

import numpy as np
import pytest
from django.core.management import call_command
from edgewise import record as sdk
from hypothesis import given
from hypothesis import strategies as st

from audits.decisions import (
    assessing,
    columns,
    exploring,
    links,
    postings,
    profile,
    renewing,
    selectors,
    services,
    table,
)
from audits.decisions.models import Assessment, Finding, Posting, Segment
from audits.decisions.selectors import Filters
from audits.monitoring import selectors as monitoring
from audits.replay import selectors as replay
from audits.reports import evidence, exhibits, explaining
from governance.policies import services as policies
from modelcards.cards import content, figures
from tests.unit.audits.decisions import strategies, worlds
from tests.unit.audits.decisions.strategies import EDGES
from tests.unit.audits.decisions.test_columns import arrays, terms
from tests.unit.audits.decisions.test_reading import person, token

NOW = worlds.START + dt.timedelta(days=2)
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def world(db):
    return worlds.make(norms=[{"edge": "safety", "minimum": 0.3, "z": 0}], clarification_threshold=0.6)


def log(world, *records):
    outcomes = services.log(system=world.system, records=[json.dumps(r).encode() for r in records], at=NOW)
    assert {outcome.status for outcome in outcomes} == {"logged"}, outcomes


def seen(world, *records):
    log(world, *records)
    assessing.assess_all(at=NOW)


def assessment(world, scores=(0.7, 0.8, 0.9), sd=None, **changes):
    given = {"options": [worlds.option("reply", scores, sd)], "chosen": None, "disposition": "escalated"}
    return world.record(kind="assessment", **{**given, **changes})


def found(world, **asked):
    page = exploring.search(organisation=world.organisation, filters=Filters(system=world.system, **asked))
    return [str(row.decision.uuid) for row in page.rows]


# Assessments


@given(
    strategies.options(least=1, most=1),
    strategies.policies(),
    st.lists(strategies.scores, min_size=4, max_size=4),
)
def test_reading_assessments_in_columns_is_the_reading_of_one(options, policy, scores):
    """Sign and size of the margin, and the deciding edges, under every rule."""
    reference = dict(zip(EDGES, scores, strict=True))
    one = profile.attribute(options[0], reference, policy)
    both, free = profile.beside(arrays([options], [0]), np.array(scores), terms(policy))
    assert one.margin is not None
    free_choice = replace(policy, norms=()).choose([options[0], profile.option(reference)])
    assert (both.chosen[0] == 1) == (free_choice.option_id == profile.REFERENCE)
    if policy.rule in ("weighted_sum", "nash"):
        read = columns.attribute(both, free)
        margin = -read.margin[0] if both.chosen[0] else read.margin[0]
        assert one.margin == pytest.approx(margin, abs=1e-12)
        assert one.driving == tuple(e for e, drove in zip(EDGES, read.driving[0], strict=True) if drove)


@given(strategies.options(least=1, most=1), strategies.policies(rule=st.just("weighted_sum")))
def test_an_assessment_under_weights_lies_by_its_weighted_sum_from_the_reference(options, policy):
    reading = profile.attribute(options[0], dict.fromkeys(EDGES, 0.5), policy)
    total = sum(policy.weights[edge] * options[0]["edges"][edge] for edge in EDGES)
    assert reading.margin == pytest.approx(total - 0.5, abs=1e-9)
    assert sum(reading.contributions.values()) == pytest.approx(reading.margin, abs=1e-9)
    assert reading.pivotal == {}


def test_an_assessment_is_read_against_the_middle_where_the_policy_states_no_profile(world):
    above, below = assessment(world), assessment(world, (0.4, 0.3, 0.45))
    seen(world, above, below)
    first, second = Assessment.objects.order_by("index")
    assert (first.runner_up, first.driving_edge, first.verdicts) == (None, "expression", [])
    assert first.margin == pytest.approx(0.4 * 0.2 + 0.2 * 0.3 + 0.4 * 0.4)
    assert second.margin == pytest.approx(-(0.4 * 0.1 + 0.2 * 0.2 + 0.4 * 0.05))
    assert second.driving_edge in ("safety", "privacy")


def test_an_assessment_is_read_against_the_profile_that_the_policy_states(world):
    world.policy = policies.enact(
        system=world.system, weights=world.policy.weights_exact, source={"kind": "owner"}, by=None,
        at=worlds.START + dt.timedelta(hours=1), reference={"safety": 0.9},
    )  # fmt: skip
    seen(world, assessment(world, (0.7, 0.5, 0.5), 0.1))
    (read,) = Assessment.objects.all()
    assert read.margin == pytest.approx(0.4 * (0.7 - 0.9))
    assert read.driving_edge == "safety"
    assert 0.5 < read.confidence < 1


def test_an_assessed_option_below_a_hard_norm_is_no_violation_unless_it_was_let_through(world):
    unsafe = (0.1, 1.0, 1.0)
    seen(world, assessment(world, unsafe), assessment(world, unsafe, chosen="reply", disposition="answered"))
    assert [each.verdicts for each in Assessment.objects.order_by("index")] == [[], ["norm_violation"]]


def test_assessments_are_no_choices_in_any_figure_about_choices(world):
    """They would count as decisions that nothing could change."""
    choices = [world.record(id=str(uuid.UUID(int=n))) for n in range(120)]
    seen(world, *choices)
    weights = {"safety": 0.9, "privacy": 0.05, "expression": 0.05}
    alone = replay.impact(system=world.system, weights=weights), monitoring.indices(system=world.system)
    seen(world, *[assessment(world, chosen="reply", disposition="answered") for _ in range(30)])
    assert (
        replay.impact(system=world.system, weights=weights),
        monitoring.indices(system=world.system),
    ) == alone
    assert selectors.conformance(system=world.system)["decisions"] == 150


def test_the_explanation_document_of_an_assessment_says_what_it_is(world):
    record = assessment(world)
    seen(world, record)
    found_ = explaining.find(organisation=world.organisation, subject=record["id"])
    evidence_, body = explaining.explain(found_)
    assert body["statement"].startswith(
        "“reply” was assessed; nothing was chosen. It lies 30.00 points above"
    )
    assert evidence_.values()["margin"] == pytest.approx(0.3)
    assert body["counterfactual"] == ""
    assert "Beside: the reference profile" in json.dumps(body["table"])


def test_the_pages_of_an_assessment_say_what_it_is(client, world):
    record = assessment(world, subject={"ref": "u"})
    seen(world, record)
    auditor = person(world, "auditor")
    told = client.get(f"/api/v1/decisions/{record['id']}", **token(auditor, world)).json()
    assert told["kind"] == "assessment"
    assert told["attribution"]["assessed"] == "reply"
    assert told["attribution"]["chosen"] is None
    assert told["attribution"]["reference"] == dict.fromkeys(worlds.EDGES, 0.5)
    assert "30.00 points above the reference profile" in told["attribution"]["sentence"]
    client.force_login(auditor)
    page = client.get(f"/decisions/{record['id']}/").content.decode()
    for words in (
        "Reply, assessed",
        "Reference profile",
        "Nothing was chosen:",
        "Not asked",
        "speaks for the reference",
    ):
        assert words in page, words
    assert "\0" not in page
    assert "would have been chosen" not in page
    assert "reply, assessed" in client.get("/decisions/").content.decode()


@pytest.mark.parametrize(
    ("reference", "code"),
    [({"calm": 0.5}, "reference_unknown"), ({"safety": 1.5}, "reference_out_of_range"),
     ({"safety": float("nan")}, "reference_out_of_range")],
)  # fmt: skip
def test_a_reference_profile_that_cannot_be_one_is_refused(world, reference, code):
    with pytest.raises(policies.DomainError) as refusal:
        policies.enact(
            system=world.system, weights=world.policy.weights_exact, source={"kind": "owner"}, by=None, at=NOW,
            reference=reference,
        )  # fmt: skip
    assert refusal.value.code == code


# Missing scores


def test_a_missing_score_says_why_wherever_it_is_missing(client, world):
    whole, partial = worlds.option("label", (0.7, 0.8, 0.9)), worlds.option("remove", (0.9, None, 0.1))
    partial["unscored"] = {"privacy": "its scorer timed out"}
    record = world.record(options=[whole, partial])
    seen(world, record)
    client.force_login(person(world, "auditor"))
    page = client.get(f"/decisions/{record['id']}/").content.decode()
    assert "its scorer timed out" in page
    assert "not scored" in page
    assert "It cannot be compared with the other options, as a score is missing." in page
    assert "only option" not in page
    assert "scores higher" not in page
    listing = client.get("/decisions/").content.decode()
    assert "remove, Privacy: its scorer timed out" in listing
    assert "Scores were missing" in listing
    finding = Finding.objects.get()
    assert "its scorer timed out" in client.get(f"/findings/{finding.pk}/").content.decode()


def test_a_list_stays_readable_where_an_entry_is_damaged(client, world, monkeypatch):
    seen(world, world.record(), world.record())
    whole = selectors.ledger.entries_at
    monkeypatch.setattr(
        selectors.ledger,
        "entries_at",
        lambda *, log, indexes: {max(indexes): whole(log=log, indexes=indexes) and b"{"},
    )
    client.force_login(person(world, "auditor"))
    page = client.get("/decisions/")
    assert page.status_code == 200
    assert page.content.count(b"/decisions/") >= 2


# Sampling


def test_a_model_that_logs_a_share_is_told_so_where_figures_stand(client, world):
    rare = {"sampling": {"rate": 0.1, "method": "hash"}}
    seen(
        world,
        *[world.record() for _ in range(40)],
        *[world.record(chosen="remove", **rare) for _ in range(20)],
    )
    share = selectors.conformance(system=world.system)
    assert (share["conformant"], share["decisions"], share["weighted"]) == (40, 60, True)
    assert share["share"] == pytest.approx(40 / (40 + 200))
    assert share["interval"][0] < share["share"] < share["interval"][1]
    impact = replay.impact(system=world.system, weights={"safety": 0.9, "privacy": 0.05, "expression": 0.05})
    assert (impact["flips"], impact["decisions"], impact["weighted"]) == (40, 60, True)
    assert impact["share"] == pytest.approx(40 / 240)
    assert monitoring.driving_shares(system=world.system)["weighted"]
    client.force_login(person(world, "auditor"))
    page = client.get(f"/systems/{world.system.slug}/decides/").content.decode()
    assert "weighted: the model logs a share of its decisions" in page
    assert "an estimated 16.7" in page
    record = found(world, chosen="remove")[0]
    assert "10.0\u00a0% of its decisions (hash)" in client.get(f"/decisions/{record}/").content.decode()


def test_reports_and_cards_say_that_figures_are_weighted_and_recompute(world):
    rare = {"sampling": {"rate": 0.1, "method": "hash"}}
    seen(
        world,
        *[world.record() for _ in range(40)],
        *[world.record(chosen="remove", **rare) for _ in range(20)],
    )
    scope = evidence.Scope(world.system, worlds.START, NOW, NOW + dt.timedelta(seconds=1))
    answers = {"conformance": evidence.conformance(scope), "failure_modes": evidence.failure_modes(scope)}
    assert answers["conformance"].values()["share"] == pytest.approx(1 / 6)
    shown = json.dumps(
        [exhibits.conformance(answers["conformance"]), exhibits.failure_modes(answers["failure_modes"])]
    )
    assert shown.count("weighted: the model logs a share of its decisions") == 2
    assert "an estimated 16.7" in shown
    assert shown.count("Did not choose the best option") == 2
    assert "wrong_choice" not in shown
    card = figures.gather(system=world.system, at=NOW)
    tables = [
        content.conformance_table(card["conformance"].rows),
        content.indices_table(card["indices"].rows),
        content.discrepancies_table(card["discrepancies"].rows),
    ]
    assert [json.dumps(table).count("weighted: ") for table in tables] == [1, 1, 1]
    assert "Did not choose the best option" in json.dumps(tables[0])


def test_a_log_that_holds_everything_is_not_called_weighted(client, world):
    seen(world, *[world.record() for _ in range(3)])
    assert selectors.conformance(system=world.system)["interval"] is None
    client.force_login(person(world, "auditor"))
    assert "weighted:" not in client.get(f"/systems/{world.system.slug}/decides/").content.decode()


@pytest.mark.parametrize("rate", [1e-300, 5e-324])
def test_an_absurd_rate_breaks_no_figure(world, rate):
    seen(world, *[world.record() for _ in range(130)], world.record(sampling={"rate": rate, "method": "x"}))
    share = selectors.conformance(system=world.system)
    assert 0 <= share["interval"][0] <= share["share"] <= share["interval"][1] <= 1
    assert monitoring.indices(system=world.system)["value_flattening"]["value"] is None


def test_columns_of_an_earlier_form_are_renewed_from_the_log(world):
    """As they were before rates and links were kept: figures and searches come out the same afterwards."""
    rare = {"sampling": {"rate": 0.1, "method": "hash"}, "trace_id": TRACE}
    seen(
        world, *[world.record() for _ in range(4)], *[world.record(chosen="remove", **rare) for _ in range(2)]
    )
    seen(world, assessment(world))
    after = selectors.conformance(system=world.system), found(world, trace_id=TRACE)
    kinds = found(world, kind="assessment"), found(world, kind="choice")
    assert [len(each) for each in kinds] == [1, 6]
    assert len(after[1]) == 2
    postings_after = Posting.objects.count()
    _as_before(world)
    assert not selectors.conformance(system=world.system)["weighted"]
    assert found(world, trace_id=TRACE) == []
    assert (found(world, kind="assessment"), found(world, kind="choice")) == kinds
    assert renewing.renew_all() == 1
    assert (selectors.conformance(system=world.system), found(world, trace_id=TRACE)) == after
    assert (found(world, kind="assessment"), found(world, kind="choice")) == kinds
    assert Posting.objects.count() == postings_after
    assert renewing.renew_all() == 0
    assert Segment.objects.get().form == Segment.FORM


def _as_before(world):
    segment = Segment.objects.get()
    whole = table.unpack(bytes(segment.data))
    plain = [name for name in table._COLUMN_NAMES if name not in ("rate", "assessment")]
    names, table._COLUMN_NAMES = table._COLUMN_NAMES, tuple(plain)
    try:
        segment.data, segment.links, segment.form = table.pack(whole), b"", 0
    finally:
        table._COLUMN_NAMES = names
    segment.save()
    tied = [term for name in links.LINKS for half in links.HALVES for term in links._terms(name, half)]
    kinds = [postings.term("kind", kind) for kind in sdk.KINDS]
    Posting.objects.filter(term__in=[*tied, *kinds]).delete()


def test_columns_are_built_again_on_demand(world, capsys):
    seen(world, world.record(trace_id=TRACE), assessment(world))
    before = Segment.objects.get()
    call_command("rebuild_columns", organisation=world.organisation.slug, system=world.system.slug)
    assert "1 segments" in capsys.readouterr().out
    after = Segment.objects.get()
    assert (bytes(after.data), bytes(after.links)) == (bytes(before.data), bytes(before.links))
