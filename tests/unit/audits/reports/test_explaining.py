"""The explanation of one decision, from its log entry."""

import datetime as dt
import io
import json

import pypdf
import pytest

from audits.decisions import assessing
from audits.decisions import services as decisions
from audits.decisions.models import Decision
from audits.decisions.sentences import VERDICTS
from audits.reports import explaining, services, tasks
from audits.reports.models import Report
from tests.unit.audits.decisions import worlds
from tests.unit.audits.reports.recomputing import recompute

LATER = worlds.START + dt.timedelta(days=2)


@pytest.fixture
def world(fresh_database):
    return worlds.make()


def logged(world, **changes):
    record = world.record(**changes)
    (outcome,) = decisions.log(system=world.system, records=[json.dumps(record).encode()], at=LATER)
    assert outcome.status == "logged", outcome.problem
    assessing.assess_all(at=LATER)
    return explaining.find(organisation=world.organisation, subject=record["id"])


def test_the_contributions_add_up_to_the_margin(world):
    evidence, body = explaining.explain(logged(world))
    assert evidence.values()["margin"] == pytest.approx(0.4 * (0.7 - 0.9) + 0.4 * (0.9 - 0.1))
    assert body["statement"] == "“label” was chosen. Expression decided it; “remove” came second."
    assert body["counterfactual"].startswith("Had Safety weighed")


def test_how_it_did_not_follow_the_policy_is_said_in_the_words_of_the_pages(world):
    _evidence, body = explaining.explain(logged(world, chosen="remove"))
    assert ["Followed the policy", f"no: {VERDICTS['wrong_choice']}"] in body["facts"]


def test_a_decision_without_a_choice_is_explained_too(world):
    _evidence, body = explaining.explain(logged(world, chosen=None, disposition="escalated"))
    assert body["statement"] == "No option was chosen; the decision was escalated."
    assert body["charts"] == {}


def test_an_assessment_whose_weights_are_erased_is_not_told_as_a_choice(world):
    own = {"safety": 0.1, "privacy": 0.1, "expression": 0.8}
    decision = logged(
        world, kind="assessment", options=[worlds.option("reply", (0.7, 0.8, 0.9))], chosen=None,
        disposition="escalated", weights=own, subject={"ref": "ada"},
    )  # fmt: skip
    Decision.objects.filter(pk=decision.pk).update(weights=None)
    _evidence, body = explaining.explain(
        explaining.find(organisation=world.organisation, subject=str(decision.uuid))
    )
    assert body["statement"].startswith("“reply” was assessed; nothing was chosen. The person's own weights")
    assert (body["table"], body["counterfactual"]) == (None, "")


def test_an_unknown_decision_is_refused(world):
    for subject in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(explaining.DecisionUnknown):
            explaining.find(organisation=world.organisation, subject=subject)


def test_it_fits_on_one_page_and_recomputes(world):
    decision = logged(world)
    report = services.request(
        organisation=world.organisation, kind="explanation", subject=str(decision.uuid),
        by=world.people["owner"], at=LATER,
    )  # fmt: skip
    tasks.render(str(report.job_id))
    report = Report.objects.get(pk=report.pk)
    with report.file.open("rb") as file:
        pdf = file.read()
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == 1
    assert recompute(pdf) == 1
