"""Erasures and expiry as the worker runs them."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from audits.protection import erasing, retaining, selectors
from audits.protection.models import Erasure
from audits.reports import erasing as documents
from governance.jobs import tasks as jobs_tasks
from governance.jobs.models import Job


@jobs_tasks.job_task("protection.erase")
def erase(job: Job) -> dict[str, Any]:
    """Executes one erasure; done or held by now is no error."""
    erasure = Erasure.objects.select_related("organisation").get(pk=job.arguments["erasure"])
    done = erasing.execute(erasure=erasure, at=timezone.now())
    return {"erasure": done.pk, "state": done.state}


@shared_task(name="protection.sweep", ignore_result=True)
def sweep() -> int:
    """Takes up erasures whose job failed or was lost, and files that a killed worker left."""
    now = timezone.now()
    waiting = list(selectors.unfinished(at=now))
    for erasure in waiting:
        erasing.resume(erasure=erasure, at=now)
    documents.remove_files()
    return len(waiting)


@shared_task(name="protection.expire", ignore_result=True)
def expire() -> int:
    """Destroys payloads whose time is over by the database's clock too: a worker's may be ahead."""
    return retaining.expire_all(at=min(timezone.now(), selectors.database_time()))
