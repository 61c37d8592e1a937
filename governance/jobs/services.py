"""Enqueueing and advancing jobs.

A job is a row written in the caller's transaction; the broker is told after the commit, and the sweep tells it again
when a message was lost. Executing a job twice must be safe: a job is claimed before it runs. Whoever runs it holds an
advisory lock of its database session, which PostgreSQL lets go when the worker dies, whatever the clock says.
"""

import datetime as dt
import uuid
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.db.models import F
from kombu.exceptions import OperationalError

from governance.jobs.models import Job
from governance.organisations.models import Organisation

MAX_ATTEMPTS = 3


def enqueue(*, task: str, arguments: dict[str, Any], organisation: Organisation, at: dt.datetime) -> Job:
    """Promises that ``task`` runs with ``arguments``, from ``at`` on."""
    job = Job.objects.create(
        task=task, arguments=arguments, organisation=organisation, due_at=at, created_at=at
    )
    transaction.on_commit(lambda: send(job=job))
    return job


def send(*, job: Job) -> None:
    """Wakes a worker. A broker that is away is no error: the sweep sends again."""
    try:
        current_app.send_task(job.task, kwargs={"job_id": str(job.pk)}, retry=False)
    except (OperationalError, OSError):
        return


def claim(*, job_id: uuid.UUID, at: dt.datetime) -> Job | None:
    """The job, marked as running by this worker and held until `let_go`; None if it is gone, finished or another's."""
    if not _ask("SELECT pg_try_advisory_lock(%s)", job_id):
        return None
    job = _mark_running(job_id, at)
    if job is None:
        let_go(job_id=job_id)
    return job


def let_go(*, job_id: uuid.UUID) -> None:
    """Ends the hold that `claim` took on a job."""
    _ask("SELECT pg_advisory_unlock(%s)", job_id)


def _ask(question: str, job_id: uuid.UUID) -> bool:
    """A question about the advisory lock of a job, whose name is the first half of its random id."""
    with connection.cursor() as cursor:
        cursor.execute(question, [int.from_bytes(job_id.bytes[:8], "big", signed=True)])
        row = cursor.fetchone()
    return row is not None and bool(row[0])


@transaction.atomic
def _mark_running(job_id: uuid.UUID, at: dt.datetime) -> Job | None:
    job = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id, state=Job.State.QUEUED).first()
    if job is None:
        return None
    job.state, job.started_at = Job.State.RUNNING, at
    job.attempts += 1
    job.save(update_fields=["state", "started_at", "attempts"])
    return job


def advance(*, job: Job, percent: int, text: str = "") -> None:
    """Tells people who wait how far it is."""
    job.progress, job.progress_text = max(0, min(100, percent)), text[:160]
    job.save(update_fields=["progress", "progress_text"])


def finish(*, job: Job, at: dt.datetime, result: dict[str, Any] | None = None) -> None:
    """Marks the job as done."""
    job.state, job.progress, job.finished_at, job.result = Job.State.DONE, 100, at, result
    job.save(update_fields=["state", "progress", "finished_at", "result"])


def fail(*, job: Job, at: dt.datetime, error: str) -> None:
    """Marks the job as failed, or queues it again while attempts are left."""
    again = job.attempts < MAX_ATTEMPTS
    job.state = Job.State.QUEUED if again else Job.State.FAILED
    job.error, job.finished_at = error[:4000], None if again else at
    job.due_at = at + dt.timedelta(seconds=2**job.attempts) if again else job.due_at
    job.save(update_fields=["state", "error", "finished_at", "due_at"])


@transaction.atomic
def release_lost() -> int:
    """Queues again what a killed worker left running; fails it when its attempts are used up."""
    running = Job.objects.filter(state=Job.State.RUNNING).values_list("pk", flat=True)
    free = [job_id for job_id in running if _ask("SELECT pg_try_advisory_xact_lock(%s)", job_id)]
    # Asked again, now that they are held: one may have ended before its lock was taken here.
    lost = Job.objects.filter(state=Job.State.RUNNING, pk__in=free)
    lost.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=Job.State.FAILED,
        finished_at=F("started_at"),
        error="The worker was stopped before it finished.",
    )
    return lost.update(state=Job.State.QUEUED)
