"""Making reports on the worker."""

import uuid
from typing import Any

from django.utils import timezone

from audits.reports import documents, gathering, selectors, services
from audits.reports.models import Report
from governance.errors import named
from governance.jobs import services as jobs
from governance.jobs import tasks as jobs_tasks
from governance.jobs.models import Job


@jobs_tasks.job_task("reports.render")
def render(job: Job) -> dict[str, Any]:
    """Freezes the evidence, lays out the pages, keeps the file."""
    report = selectors.with_id(id=uuid.UUID(job.arguments["report"]))
    assert report is not None, "a job is written together with its report"
    if report.state == Report.State.FINISHED:
        return {"report": str(report.pk), "sha256": report.pdf_sha256}
    try:
        return _make(report, job)
    except Exception as error:
        if job.attempts >= jobs.MAX_ATTEMPTS:
            services.fail(report=report, error=named(error), at=timezone.now())
        raise


def _make(report: Report, job: Job) -> dict[str, Any]:
    services.begin(report=report, at=timezone.now())
    jobs.advance(job=job, percent=10, text="Asking the log")
    frozen = gathering.freeze(report, cut=timezone.now().replace(microsecond=0))
    jobs.advance(job=job, percent=50, text="Laying out the pages")
    pdf = documents.pdf(frozen.template, frozen.manifest, evidence=frozen.evidence, cut=frozen.cut)
    jobs.advance(job=job, percent=90, text="Keeping the file and its hash")
    services.finish(report=report, manifest=frozen.manifest, pdf=pdf, at=timezone.now())
    return {"report": str(report.pk), "sha256": report.pdf_sha256}
