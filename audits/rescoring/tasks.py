"""Independent scoring as the worker runs it."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from audits.rescoring import scoring_jobs, selectors
from governance.jobs import tasks as jobs_tasks
from governance.jobs.models import Job


@shared_task(name="audits.draw_rescores", ignore_result=True)
def draw_rescores() -> int:
    """Draws decisions to be scored again; the clock sends it every five seconds."""
    return scoring_jobs.draw_all(at=timezone.now())


@jobs_tasks.job_task(selectors.TASK)
def rescore(job: Job) -> dict[str, Any]:
    """Takes one batch to its scorer."""
    return scoring_jobs.take(job=job, at=timezone.now())
