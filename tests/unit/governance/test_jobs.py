"""A job is a row: no broker can lose it, no two workers do it, and its failure is told."""

import datetime as dt
import uuid

import pytest

from governance.jobs import selectors, services, tasks
from governance.jobs.models import Job

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
    services.release_lost(started_before=AT + dt.timedelta(seconds=1))
    job.refresh_from_db()
    assert job.state == "queued"
    assert list(selectors.due(at=AT)) == [job]


def test_a_job_that_kills_its_workers_is_given_up(job):
    for _ in range(services.MAX_ATTEMPTS):
        services.claim(job_id=job.pk, at=AT)
        services.release_lost(started_before=AT + dt.timedelta(seconds=1))
    job.refresh_from_db()
    assert job.state == "failed"
    assert "stopped" in job.error


def test_progress_is_bounded(job):
    services.advance(job=job, percent=250, text="x" * 500)
    job.refresh_from_db()
    assert (job.progress, len(job.progress_text)) == (100, 160)
