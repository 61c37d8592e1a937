"""What is done while a scorer answers, or while its answer is being kept, and two who do the same at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from audits.decisions import basis
from audits.decisions.models import Agreement
from audits.rescoring import scoring_jobs
from audits.rescoring import services as acts
from audits.rescoring.models import Rescore
from governance.jobs.models import Job
from tests.held_up import held_up
from tests.unit.audits.decisions import worlds
from tests.unit.audits.rescoring import worlds as scorers
from tests.unit.audits.rescoring.test_services import NOW, appoint, events, log, run


class Busy(scorers.House):
    """A scorer during whose answer something happens."""

    meanwhile = staticmethod(lambda: None)

    def score(self, text, options):
        self.meanwhile()
        return super().score(text, options)


BUSY = Busy()


def made(settings, monkeypatch):
    """A system of which one decision is on its way to a scorer for two edges."""
    monkeypatch.setattr(BUSY, "meanwhile", lambda: None)
    settings.EDGEWISE_RESCORERS = {"busy": f"{__name__}.BUSY"}
    world = worlds.make()
    for edge in ("safety", "privacy"):
        appoint(world, edge, scorer="house@1", route="busy")
    log(world, world.record())
    scoring_jobs.draw_all(at=NOW)
    return world


@pytest.fixture
def world(db, settings, monkeypatch):
    return made(settings, monkeypatch)


@pytest.fixture
def shared_world(fresh_database, settings, monkeypatch):
    return made(settings, monkeypatch)


def withdraw(world, edge="safety"):
    acts.withdraw(system=world.system, edge=edge, by=None, at=NOW)


def told(world):
    return [event.subject for event in events(world, "decisions.scored_again")]


def test_what_was_withdrawn_while_it_answered_is_not_kept(world, monkeypatch):
    monkeypatch.setattr(BUSY, "meanwhile", lambda: withdraw(world))
    assert run(Job.objects.get()) == {"kept": 1}
    assert list(Rescore.objects.values_list("edge", flat=True)) == ["privacy"]
    assert list(basis.agreements(system=world.system)) == ["privacy"]
    assert told(world) == ["edge:privacy"]


def test_an_answer_that_nobody_waits_for_any_more_is_not_kept(world, monkeypatch):
    monkeypatch.setattr(BUSY, "meanwhile", lambda: (withdraw(world), withdraw(world, "privacy")))
    assert run(Job.objects.get()) == {"kept": 0}
    assert not Rescore.objects.exists()
    assert basis.agreements(system=world.system) == {}
    assert told(world) == []


def test_the_agreement_of_a_successor_is_its_own(world, monkeypatch):
    def succeed():
        withdraw(world)
        appoint(world, scorer="second@1", route="busy")
        Agreement.objects.create(
            system=world.system, edge="safety", scorer="second@1", decisions=40, value=0.9, low=0.8, high=0.95,
            difference=0.05, computed_at=NOW,
        )  # fmt: skip

    monkeypatch.setattr(BUSY, "meanwhile", succeed)
    run(Job.objects.get())
    found = Agreement.objects.get(system=world.system, edge="safety")
    assert (found.scorer, found.decisions, found.low) == ("second@1", 40, 0.8)


def test_who_withdraws_while_an_answer_is_being_kept_ends_its_agreement_too(shared_world):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            run(Job.objects.get())
            other = held_up(pool, lambda: withdraw(shared_world))
            assert Agreement.objects.filter(edge="safety").exists()
        assert other.exception(60) is None
    assert list(basis.agreements(system=shared_world.system)) == ["privacy"]


def test_of_two_who_send_a_batch_again_at_once_one_is_refused(shared_world):
    Job.objects.update(state="failed", error="away")
    job = Job.objects.get()

    def send_again():
        acts.send_again(system=shared_world.system, job=job, by=shared_world.people["owner"], at=NOW)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            send_again()
            other = held_up(pool, send_again)
        refusal = other.exception(60)
    assert isinstance(refusal, acts.NothingFailed)
    assert (refusal.code, refusal.status) == ("nothing_failed", 409)
    assert list(Job.objects.values_list("state", flat=True)) == ["queued"]
    assert len(events(shared_world, "rescoring.sent_again")) == 1
