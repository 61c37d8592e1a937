"""Running jobs on the Celery worker, and the sweep that makes sure that none is lost."""

import datetime as dt
import logging
import uuid
from collections.abc import Callable
from typing import Any

from celery import Task, shared_task
from django.utils import timezone

from governance.errors import named
from governance.jobs import selectors, services
from governance.jobs.models import Job

logger = logging.getLogger(__name__)
RESEND_AFTER = dt.timedelta(seconds=5)


def job_task(name: str) -> Callable[[Callable[[Job], dict[str, Any] | None]], Task]:
    """Registers a function of a Job as the Celery task ``name``; its result and errors are kept on the row."""

    def register(function: Callable[[Job], dict[str, Any] | None]) -> Task:
        def run(job_id: str) -> None:
            job = services.claim(job_id=uuid.UUID(job_id), at=timezone.now())
            if job is not None:
                try:
                    _perform(function, job)
                finally:
                    services.let_go(job_id=job.pk)

        run.__name__, run.__doc__ = function.__name__, function.__doc__
        return shared_task(name=name, ignore_result=True)(run)

    return register


def _perform(function: Callable[[Job], dict[str, Any] | None], job: Job) -> None:
    try:
        result = function(job)
    except Exception as error:
        logger.exception("job %s (%s) failed", job.pk, job.task)
        services.fail(job=job, at=timezone.now(), error=named(error))
    else:
        services.finish(job=job, at=timezone.now(), result=result)


@shared_task(name="governance.sweep_jobs", ignore_result=True)
def sweep_jobs() -> int:
    """Sends again what is due and was not picked up, and frees what a killed worker held."""
    now = timezone.now()
    services.release_lost()
    jobs = list(selectors.due(at=now - RESEND_AFTER))
    for job in jobs:
        services.send(job=job)
    return len(jobs)
