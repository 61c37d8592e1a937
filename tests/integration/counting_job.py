"""A job for tests of the worker, imported by it with `--include`."""

from typing import Any

from governance.jobs import services
from governance.jobs.models import Job
from governance.jobs.tasks import job_task


@job_task("tests.count")
def count(job: Job) -> dict[str, Any]:
    """The sum of the numbers up to `job.arguments["to"]`, telling how far it is."""
    total = 0
    for number in range(job.arguments["to"] + 1):
        total += number
        services.advance(job=job, percent=100 * number // job.arguments["to"], text=f"{number} counted")
    return {"sum": total}
