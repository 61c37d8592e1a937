"""Enqueueing and advancing jobs.

A job is a row written in the caller's transaction; the broker is told after the commit, and the sweep tells it again
when a message was lost. Executing a job twice must be safe: a job is claimed before it runs.
"""

import datetime as dt
import uuid
from typing import Any

from celery import current_app
from django.db import transaction
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


@transaction.atomic
def claim(*, job_id: uuid.UUID, at: dt.datetime) -> Job | None:
    """The job, marked as running by this worker; None if it is gone, finished or another worker's."""
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


def release_lost(*, started_before: dt.datetime) -> int:
    """Queues again what a killed worker left running; fails it when its attempts are used up."""
    lost = Job.objects.filter(state=Job.State.RUNNING, started_at__lt=started_before)
    lost.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=Job.State.FAILED,
        finished_at=F("started_at"),
        error="The worker was stopped before it finished.",
    )
    return lost.update(state=Job.State.QUEUED)
