"""A job is a row: no broker can lose it, no two workers do it, and its failure is told."""

import threading
import uuid

import pytest
from django.db import connection

from governance.errors import DomainError
from governance.jobs import selectors, services, tasks
from governance.jobs.models import Job
from governance.organisations import services as organisations

from .conftest import AT


@pytest.fixture
def job(organisation):
    return services.enqueue(task="tests.nothing", arguments={"n": 1}, organisation=organisation, at=AT)


def test_a_job_is_claimed_once(job):
    assert services.claim(job_id=job.pk, at=AT) == job
    assert services.claim(job_id=job.pk, at=AT) is None
    assert services.claim(job_id=uuid.uuid4(), at=AT) is None


def test_the_worker_is_woken_after_the_commit_only(
    organisation, django_capture_on_commit_callbacks, monkeypatch
):
    sent = []
    monkeypatch.setattr(services, "send", lambda job: sent.append(job))
    with django_capture_on_commit_callbacks(execute=True):
        job = services.enqueue(task="tests.nothing", arguments={}, organisation=organisation, at=AT)
        assert sent == []
    assert sent == [job]


def test_a_failing_job_is_tried_again_later_and_then_fails_for_good(job):
    function = tasks.job_task("tests.always_fails")(_explode)
    for attempt in range(services.MAX_ATTEMPTS):
        job.refresh_from_db()
        assert (job.state, job.attempts) == ("queued", attempt)
        function(job_id=str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "ValueError: broken")
    assert job.finished_at is not None


def test_a_job_that_is_refused_fails_under_the_code_of_the_refusal(job):
    def refused(_job):
        raise Refused("Not today.")

    services.claim(job_id=job.pk, at=AT)
    tasks._perform(refused, job)
    job.refresh_from_db()
    assert job.error == "not_today: Not today."


class Refused(DomainError):
    code = "not_today"


def _explode(job: Job) -> None:
    raise ValueError("broken")


def test_a_done_job_keeps_its_result(job):
    tasks.job_task("tests.doubles")(_double)(job_id=str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.result, job.progress) == ("done", {"n": 2}, 100)


def _double(job: Job) -> dict[str, int]:
    return {"n": job.arguments["n"] * 2}


def test_what_a_killed_worker_held_is_queued_again(job):
    services.claim(job_id=job.pk, at=AT)
    services.release_lost()
    job.refresh_from_db()
    assert job.state == "queued"
    assert list(selectors.due(at=AT)) == [job]


def test_a_job_at_work_is_left_to_its_worker_however_long_it_takes(fresh_database):
    """And is free the moment the worker's session is gone, whatever the clocks say."""
    organisation = organisations.found(slug="north", name="North", at=AT)
    job = services.enqueue(task="tests.nothing", arguments={}, organisation=organisation, at=AT)
    claimed, dies = threading.Event(), threading.Event()
    worker = threading.Thread(target=_work_until, args=(job, claimed, dies))
    worker.start()
    assert claimed.wait(10)
    assert services.release_lost() == 0
    dies.set()
    worker.join(10)
    assert services.release_lost() == 1
    job.refresh_from_db()
    assert job.state == "queued"


def _work_until(job: Job, claimed: threading.Event, dies: threading.Event) -> None:
    assert services.claim(job_id=job.pk, at=AT) == job
    claimed.set()
    dies.wait(20)
    connection.close()


def test_a_job_that_is_done_holds_nothing(job):
    """Its lock is let go, or the worker's session would gather one for each job it ever did."""
    before = _held()
    tasks.job_task("tests.holds")(_double)(job_id=str(job.pk))
    assert services.claim(job_id=uuid.uuid4(), at=AT) is None
    assert _held() == before


def _held() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_job_that_kills_its_workers_is_given_up(job):
    for _ in range(services.MAX_ATTEMPTS):
        services.claim(job_id=job.pk, at=AT)
        services.release_lost()
    job.refresh_from_db()
    assert job.state == "failed"
    assert "stopped" in job.error


def test_progress_is_bounded(job):
    services.advance(job=job, percent=250, text="x" * 500)
    job.refresh_from_db()
    assert (job.progress, len(job.progress_text)) == (100, 160)
