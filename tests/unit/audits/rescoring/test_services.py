"""Independent scoring from the appointment to the label: refusals, disclosure, failure, agreement."""

import datetime as dt
import json
import uuid

import pytest
from django.db import IntegrityError, transaction

from audits.decisions import assessing, basis, services
from audits.decisions.models import Agreement
from audits.ledger import services as ledger
from audits.ledger.models import LoggedEvent
from audits.rescoring import checks, draw, scorer_client, scoring_jobs, selectors
from audits.rescoring import services as acts
from audits.rescoring.models import Rescore, Rescorer
from audits.rescoring.webhooks import Unanswered
from governance import errors
from governance.edges import services as edges
from governance.jobs.models import Job
from tests.unit.audits.decisions import worlds
from tests.unit.audits.rescoring import worlds as scorers

pytestmark = pytest.mark.django_db
NOW = worlds.START + dt.timedelta(days=2)
HOUSE = f"{scorers.__name__}.house"


@pytest.fixture
def world(db, settings):
    settings.EDGEWISE_RESCORERS = {"house": HOUSE}
    scorers.house.asked.clear()
    return worlds.make()


def appoint(world, edge="safety", **changes):
    asked = {"scorer": "house@1", "route": "house", "share": 1.0, "discloses": []}
    return acts.appoint(system=world.system, edge=edge, by=world.people["owner"], at=NOW, **asked | changes)


def log(world, *records):
    outcomes = services.log(system=world.system, records=[json.dumps(r).encode() for r in records], at=NOW)
    assert {each.status for each in outcomes} == {"logged"}, outcomes
    assessing.assess_all(at=NOW)
    return [each.index for each in outcomes]


def run(job, at=NOW):
    return scoring_jobs.take(job=job, at=at)


def worked(world):
    scoring_jobs.draw_all(at=NOW)
    queued = Job.objects.filter(task=selectors.TASK, state="queued")
    results = [run(job) for job in sorted(queued, key=lambda job: job.arguments["indexes"])]
    queued.update(state="done")
    return results


def events(world, kind):
    return list(LoggedEvent.objects.filter(type=kind))


def test_what_is_drawn_is_scored_again_once(world):
    appoint(world)
    (index,) = log(world, world.record())
    assert worked(world) == [{"kept": 1}]
    (found,) = Rescore.objects.all()
    assert (found.index, found.edge, found.scorer) == (index, "safety", "house@1")
    assert found.reported == found.scores == {"label": 0.7, "remove": 0.9}
    assert scoring_jobs.draw_all(at=NOW) == 0
    run(Job.objects.get())
    assert Rescore.objects.count() == 1


def test_only_the_share_is_drawn_and_only_what_comes_after_the_appointment(world):
    log(world, world.record())
    appoint(world, share=0.5)
    records = [world.record() for _ in range(40)]
    places = dict(zip(log(world, *records), records, strict=True))
    key = scoring_jobs.draw_key(world.system)
    expected = {i for i, r in places.items() if draw.drawn(key, uuid.UUID(r["id"]), 0.5)}
    worked(world)
    assert {row.index for row in Rescore.objects.all()} == expected
    assert 0 < len(expected) < 40


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"edge": "nothing"}, "edge_unknown"),
        ({"scorer": ""}, "scorer_missing"),
        ({"scorer": "house"}, "scorer_unversioned"),
        ({"route": "elsewhere"}, "route_unknown"),
        ({"share": 0.0}, "share_out_of_range"),
        ({"share": 1.1}, "share_out_of_range"),
        ({"discloses": ["subject"]}, "disclosure_unknown"),
    ],
)
def test_an_appointment_that_makes_no_sense_is_refused(world, changes, code):
    with pytest.raises(errors.DomainError) as refused:
        appoint(world, **changes)
    assert refused.value.code == code
    assert not Rescorer.objects.exists()


def test_an_edge_has_one_independent_scorer_until_it_is_withdrawn(world):
    appoint(world)
    with pytest.raises(acts.RescorerInForce):
        appoint(world)
    acts.withdraw(system=world.system, edge="safety", by=world.people["owner"], at=NOW)
    with pytest.raises(acts.NoRescorerInForce):
        acts.withdraw(system=world.system, edge="safety", by=world.people["owner"], at=NOW)
    appoint(world)


def test_the_scorer_of_the_edge_cannot_check_itself(world):
    cards = [worlds.card(slug) | {"scorer": "house@1"} for slug in worlds.EDGES]
    edges.define(system=world.system, edges=cards, by=None, at=NOW)
    with pytest.raises(acts.ScorerNotIndependent):
        appoint(world)


def test_the_log_states_appointment_disclosure_and_result(world):
    appoint(world)
    log(world, world.record())
    worked(world)
    for kind in ("rescorer.appointed", "decisions.sent_to_scorer", "decisions.scored_again"):
        assert len(events(world, kind)) == 1, kind


def test_a_trail_that_refuses_keeps_everything_at_home(world, settings):
    appoint(world)
    log(world, world.record())
    scoring_jobs.draw_all(at=NOW)
    settings.GOVERNANCE_TRAIL = f"{__name__}.refuse"
    with pytest.raises(errors.DomainError):
        run(Job.objects.get())
    assert scorers.house.asked == []
    with pytest.raises(errors.DomainError):
        appoint(world, edge="privacy")
    assert not Rescorer.objects.filter(edge="privacy").exists()


def refuse(events):
    raise errors.DomainError("the log is away")


def refuse_results(events):
    """A log that takes everything but what a scorer said."""
    if any(event.type == "decisions.scored_again" for event in events):
        raise errors.DomainError("the log is away")
    ledger.append_events(events)


def test_what_a_scorer_said_and_its_agreement_are_kept_with_their_entry_or_not_at_all(world, settings):
    appoint(world)
    log(world, world.record())
    scoring_jobs.draw_all(at=NOW)
    settings.GOVERNANCE_TRAIL = f"{__name__}.refuse_results"
    with pytest.raises(errors.DomainError):
        run(Job.objects.get())
    assert len(scorers.house.asked) == 1
    assert not Rescore.objects.exists()
    assert not Agreement.objects.exists()
    settings.GOVERNANCE_TRAIL = "audits.ledger.services.append_events"
    run(Job.objects.get())
    assert (Rescore.objects.count(), Agreement.objects.count()) == (1, 1)


def test_a_scorer_is_withdrawn_with_its_entry_or_not_at_all(world, settings):
    rescorer = appoint(world)
    log(world, world.record())
    worked(world)
    settings.GOVERNANCE_TRAIL = f"{__name__}.refuse"
    with pytest.raises(errors.DomainError):
        acts.withdraw(system=world.system, edge="safety", by=None, at=NOW)
    rescorer.refresh_from_db()
    assert rescorer.withdrawn_at is None
    assert Agreement.objects.filter(system=world.system, edge="safety").exists()


def test_a_batch_is_sent_again_with_its_entry_or_not_at_all(world, settings):
    appoint(world)
    log(world, world.record())
    scoring_jobs.draw_all(at=NOW)
    Job.objects.update(state="failed", error="away")
    failed = Job.objects.get()
    settings.GOVERNANCE_TRAIL = f"{__name__}.refuse"
    with pytest.raises(errors.DomainError):
        acts.send_again(system=world.system, job=failed, by=world.people["owner"], at=NOW)
    assert list(Job.objects.values_list("pk", "state")) == [(failed.pk, "failed")]


def test_sealed_values_leave_only_where_that_is_stated(world):
    appoint(world)
    appoint(world, "privacy", discloses=["text", "labels"])
    record = world.record(
        input={"digest": "sha256:" + "ab" * 32, "text": "a post"},
        options=[
            worlds.option("label", (0.7, 0.8, 0.9), label="Put a label"),
            worlds.option("remove", (0.9, 0.8, 0.1)),
        ],
    )
    log(world, record)
    worked(world)
    assert sorted(scorers.house.asked) == [("", ["label", "remove"]), ("a post", ["Put a label", "remove"])]


def test_a_decision_without_its_text_is_not_sent_to_who_needs_it(world):
    appoint(world, discloses=["text"])
    log(world, world.record())
    assert worked(world) == [{"kept": 0}]
    assert scorers.house.asked == []


def test_a_missing_score_is_left_out_and_not_filled_in(world):
    appoint(world)
    options = [
        {
            "id": "label",
            "edges": {"safety": None, "privacy": 0.8, "expression": 0.9},
            "unscored": {"safety": "away"},
        },
        worlds.option("remove", (0.9, 0.8, 0.1)),
    ]
    log(world, world.record(options=options))
    worked(world)
    assert Rescore.objects.get().reported == {"label": None, "remove": 0.9}
    assert Agreement.objects.get().decisions == 1


def varied(world, n=40):
    tops = [round(0.2 + 0.02 * number, 2) for number in range(n)]
    return [
        world.record(options=[worlds.option("label", (x, x, x)), worlds.option("remove", (0.1, 0.1, 0.1))])
        for x in tops
    ]


def test_conformance_is_checked_once_every_edge_that_counts_agrees(world, settings):
    settings.EDGEWISE_RESCORERS = {"echo": f"{__name__}.ECHO"}
    for edge in worlds.EDGES[:2]:
        appoint(world, edge, scorer="echo@1", route="echo")
    log(world, *varied(world))
    worked(world)
    assert basis.of_system(system=world.system).lacking == ("expression",)
    appoint(world, "expression", scorer="echo@1", route="echo")
    log(world, *varied(world))
    worked(world)
    found = basis.of_policy(system=world.system, policy=world.policy)
    assert (found.checked, found.code, str(found.followed)) == (
        True,
        "checked",
        "Followed the policy (checked)",
    )
    Agreement.objects.filter(edge="expression").update(low=0.6)
    assert basis.of_system(system=world.system).code == "self_reported"
    acts.withdraw(system=world.system, edge="privacy", by=None, at=NOW)
    assert basis.of_system(system=world.system).lacking == ("expression", "privacy")


class Echo:
    """Says what the record says, a little off; it finds the record by the order of asking."""

    name = "echo@1"
    edges = worlds.EDGES

    def __init__(self):
        self.turn = 0

    def score(self, text, options):
        top = 0.2 + 0.02 * (self.turn % 40)
        self.turn += 1
        return [{e: scorers.Scored(top if o == "label" else 0.12) for e in self.edges} for o in options]


ECHO = Echo()


def test_a_webhook_is_signed_and_told_nothing_of_the_models_own_scores(world, settings):
    with scorers.webhook(lambda message: (200, json.dumps(scorers.answer(message)).encode())) as (
        url,
        received,
    ):
        settings.EDGEWISE_RESCORERS = {"judge": url}
        appoint(world, scorer="judge@7", route="judge")
        log(world, world.record(rationale="because", subject={"ref": "u:1", "groups": {"age": "30s"}}))
        assert worked(world) == [{"kept": 1}]
    ((headers, body),) = received
    found = {name.lower(): value for name, value in headers.items()}
    assert found["webhook-signature"] == scorers.signature(scorer_client.secret("judge"), headers, body)
    (told,) = json.loads(body)["decisions"]
    assert told.keys() == {"id", "context", "options"}
    assert told["options"] == [{"id": "label"}, {"id": "remove"}]


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (lambda m: (500, b""), "status 500"),
        (lambda m: (302, b"", {"Location": "http://127.0.0.1:1/"}), "status 302"),
        (lambda m: (200, b"{" * 10), "not JSON"),
        (lambda m: (200, b" " * (1024 * 1024 + 1)), "more than"),
        (lambda m: (200, json.dumps({**scorers.answer(m), "scorer": "judge@8"}).encode()), "judge@8"),
        (lambda m: (200, json.dumps(scorers.answer(m, 1.5)).encode()), "no score"),
        (lambda m: (200, json.dumps(scorers.answer(m, True)).encode()), "no score"),
        (lambda m: (200, json.dumps({"scorer": "judge@7", "decisions": {}}).encode()), "lacks option"),
        (lambda m: (200, b"[]"), "decisions"),
    ],
)
def test_an_answer_that_is_none_is_kept_nowhere(world, settings, reply, word):
    with scorers.webhook(reply) as (url, _received):
        settings.EDGEWISE_RESCORERS = {"judge": url}
        appoint(world, scorer="judge@7", route="judge")
        log(world, world.record())
        scoring_jobs.draw_all(at=NOW)
        with pytest.raises(Unanswered, match=word):
            run(Job.objects.get())
    assert not Rescore.objects.exists()


def test_a_scorer_that_is_away_says_so(world, settings):
    settings.EDGEWISE_RESCORERS = {"judge": "http://127.0.0.1:9/"}
    appoint(world, scorer="judge@7", route="judge")
    log(world, world.record())
    scoring_jobs.draw_all(at=NOW)
    with pytest.raises(Unanswered, match="reached") as refusal:
        run(Job.objects.get())
    assert errors.named(refusal.value).startswith("scorer_unanswered: The scorer could not be reached")


def test_a_failed_batch_can_be_sent_again(world):
    appoint(world)
    log(world, world.record())
    scoring_jobs.draw_all(at=NOW)
    job = Job.objects.get()
    with pytest.raises(acts.NothingFailed):
        acts.send_again(system=world.system, job=job, by=world.people["owner"], at=NOW)
    Job.objects.update(state="failed", error="away")
    again = acts.send_again(system=world.system, job=job, by=world.people["owner"], at=NOW)
    assert run(again) == {"kept": 1}
    assert not selectors.jobs(system=world.system, state="failed").exists()
    assert len(events(world, "rescoring.sent_again")) == 1


def test_what_was_withdrawn_in_the_meantime_is_not_sent(world):
    appoint(world)
    log(world, world.record())
    scoring_jobs.draw_all(at=NOW)
    acts.withdraw(system=world.system, edge="safety", by=None, at=NOW)
    assert run(Job.objects.get()) == {"kept": 0}
    assert scorers.house.asked == []


@pytest.mark.parametrize(
    ("name", "found", "fine"),
    [
        ("a", "https://scorer.example/x", True),
        ("a", "http://127.0.0.1:9/x", True),
        ("a", "http://localhost/x", True),
        ("a", "package.module.scorer", True),
        ("a", "http://scorer.example/x", False),
        ("a", "https://user:secret@scorer.example/", False),
        ("a", "file:///etc/passwd", False),
        ("a", "nothing", False),
        ("A b", "https://scorer.example/x", False),
    ],
)
def test_routes_are_checked_at_the_start(settings, name, found, fine):
    settings.EDGEWISE_RESCORERS = {name: found}
    assert (list(checks.routes_are_reachable(None)) == []) is fine


@pytest.mark.parametrize(
    "changes",
    [{"share": 0}, {"share": 1.5}, {"scorer": ""}, {"discloses": ["subject"]}, {"next": -1}],
)
def test_the_database_refuses_a_rescorer_that_makes_no_sense(world, changes):
    rescorer = appoint(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rescorer.objects.filter(pk=rescorer.pk).update(**changes)


def test_the_database_refuses_a_second_rescore_and_an_agreement_outside_its_interval(world):
    appoint(world)
    log(world, world.record())
    worked(world)
    row = Rescore.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.update(value=0.5, low=0.6, high=0.7)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rescorer.objects.create(
            system=world.system, edge="safety", scorer="x@1", route="house", share=1, next=0, created_at=NOW
        )
