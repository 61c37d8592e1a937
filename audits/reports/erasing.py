"""Destroying documents made about decisions whose data were erased: an explanation may show a person's own weights."""

import datetime as dt
import uuid
from collections.abc import Sequence

from audits.reports import files
from audits.reports.models import Report
from governance import trail
from governance.organisations.models import Organisation


def erase(*, organisation: Organisation, decisions: Sequence[uuid.UUID], at: dt.datetime) -> int:
    """Part of an act: explanations of these decisions lose manifest and file; one being made is begun anew.

    Hashes stay, so that it can still be told which document it was. Files go with ``remove_files``, after the commit.
    """
    about = Report.objects.select_for_update().filter(
        organisation=organisation,
        kind=Report.Kind.EXPLANATION,
        subject__in=[str(identity) for identity in decisions],
    )
    about.filter(state=Report.State.RENDERING).update(state=Report.State.REQUESTED)
    for report in about.exclude(state=Report.State.FINISHED):
        files.clear(report)
    finished = list(about.filter(state=Report.State.FINISHED))
    for report in finished:
        report.state, report.manifest = Report.State.ERASED, ""
        report.save(update_fields=["state", "manifest"])
        trail.record(
            "report.erased",
            organisation=organisation,
            by=None,
            at=at,
            subject=f"report:{report.pk}",
            sha256=report.pdf_sha256,
        )
    return len(finished)


def remove_files() -> int:
    """Removes the files of erased documents. Safe to repeat: the row forgets its file only when it is gone."""
    left = Report.objects.filter(state=Report.State.ERASED).exclude(file="")
    for report in left:
        files.clear(report)
        Report.objects.filter(pk=report.pk).update(file="")
    return len(left)
