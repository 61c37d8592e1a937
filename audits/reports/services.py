"""Requesting, finishing and downloading reports; each step is an entry in the organisation's log."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from audits.reports import controls, files
from audits.reports.manifest import Json, canonical, sha256
from audits.reports.models import Report
from governance import trail
from governance.errors import DomainError
from governance.jobs import services as jobs
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem

TASK = "reports.render"


class WindowEmpty(DomainError):
    code = "window_empty"


class SystemMissing(DomainError):
    code = "system_missing"


class FrameworkUnknown(DomainError):
    code = "framework_unknown"


class SubjectMissing(DomainError):
    code = "subject_missing"


class NotOfThisKind(DomainError):
    """The document asked for has no window, system or frameworks of its own."""

    code = "not_of_this_kind"


class NotRendering(DomainError):
    code = "report_not_rendering"
    status = 409


class NotFinished(DomainError):
    code = "report_not_finished"
    status = 409


class ReportErased(DomainError):
    """The document was destroyed together with the personal data it showed."""

    code = "report_erased"
    status = 410


@trail.act()
def request(
    *,
    organisation: Organisation,
    kind: str,
    by: Person | None,
    at: dt.datetime,
    system: AISystem | None = None,
    subject: str = "",
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    frameworks: Sequence[str] = (),
) -> Report:
    """Asks for a report; a worker makes it. ``start`` is included, ``end`` is not."""
    _check(kind=kind, system=system, subject=subject, start=start, end=end, frameworks=frameworks)
    subject = _one_name(kind, subject)
    report = Report.objects.create(
        organisation=organisation,
        number=_next_number(organisation),
        kind=kind,
        system=system,
        subject=subject,
        window_start=start,
        window_end=end,
        frameworks=list(frameworks),
        requested_by=by,
        requested_at=at,
    )
    report.job = jobs.enqueue(
        task=TASK, arguments={"report": str(report.pk)}, organisation=organisation, at=at
    )
    report.save(update_fields=["job"])
    about = {"system": system.slug if system else None, "subject": subject, "window": window(report)}
    _record("report.requested", report, by, at, kind=kind, about=about, frameworks=list(frameworks))
    return report


@trail.act()
def begin(*, report: Report, at: dt.datetime) -> None:
    """A worker has taken it up; taking it up again after a lost worker is no error."""
    locked = Report.objects.select_for_update().get(pk=report.pk)
    if locked.state in (Report.State.FINISHED, Report.State.ERASED):
        raise NotRendering(_("This report is finished; ask for a new one."))
    report.state = Report.State.RENDERING
    report.save(update_fields=["state"])
    _record("report.rendering", report, None, at)


@trail.act()
def finish(*, report: Report, manifest: Json, pdf: bytes, at: dt.datetime) -> None:
    """Keeps the document; an earlier one about the same is superseded by it."""
    locked = Report.objects.select_for_update().get(pk=report.pk)
    if locked.state != Report.State.RENDERING:
        raise NotRendering(_("Only a report that is being made can be finished."))
    frozen = canonical(manifest)
    report.state, report.finished_at = Report.State.FINISHED, at
    report.manifest, report.manifest_sha256 = frozen.decode(), sha256(frozen)
    report.pdf_sha256 = sha256(pdf)
    files.clear(report)
    report.file.save(f"{files.place(report)}/{report.reference}.pdf", ContentFile(pdf), save=False)
    report.save()
    superseded = _supersede(report)
    hashes: dict[str, Any] = {
        "sha256": report.pdf_sha256,
        "manifest_sha256": report.manifest_sha256,
        "bytes": len(pdf),
    }
    _record("report.finished", report, None, at, **hashes, supersedes=superseded)


@trail.act()
def fail(*, report: Report, error: str, at: dt.datetime) -> None:
    """Making it failed for good; the reason stays with it."""
    report.state, report.error = Report.State.FAILED, error[:2000]
    report.save(update_fields=["state", "error"])
    _record("report.failed", report, None, at, error=type_of(error))


@trail.act()
def download(*, report: Report, by: Person, at: dt.datetime) -> bytes:
    """The PDF, and an entry that somebody took it."""
    if report.state == Report.State.ERASED:
        raise ReportErased(_("This document was erased with the personal data it showed."))
    if report.state != Report.State.FINISHED:
        raise NotFinished(_("This report is not finished yet."))
    with report.file.open("rb") as file:
        content: bytes = file.read()
    _record("report.downloaded", report, by, at, sha256=report.pdf_sha256)
    return content


def window(report: Report) -> list[str] | None:
    """The window as ISO 8601, or None for a document without one."""
    if report.window_start is None or report.window_end is None:
        return None
    return [report.window_start.isoformat(), report.window_end.isoformat()]


def type_of(error: str) -> str:
    """The code or class of an error: its message may quote what does not belong in a log."""
    return error.partition(":")[0][:80]


def _check(
    *,
    kind: str,
    system: AISystem | None,
    subject: str,
    start: dt.datetime | None,
    end: dt.datetime | None,
    frameworks: Sequence[str],
) -> None:
    if kind != Report.Kind.COMPLIANCE:
        if not subject:
            raise SubjectMissing(_("Say which proposal or decision the document is about."), field="subject")
        _check_nothing_else(system, start, end, frameworks)
        return
    if system is None:
        raise SystemMissing(_("Choose the system the report is about."), field="system")
    if start is None or end is None or end <= start:
        raise WindowEmpty(_("The window has to end after it begins."), field="end")
    unknown = sorted(set(frameworks) - set(controls.frameworks()))
    if unknown or not frameworks:
        raise FrameworkUnknown(
            _("Choose at least one of the frameworks listed."), field="frameworks", unknown=unknown
        )


def _check_nothing_else(
    system: AISystem | None, start: dt.datetime | None, end: dt.datetime | None, frameworks: Sequence[str]
) -> None:
    given = {"system": system, "start": start, "end": end, "frameworks": frameworks or None}
    for field, value in given.items():
        if value is not None:
            raise NotOfThisKind(_("Only a compliance report takes this; leave it out."), field=field)


def _one_name(kind: str, subject: str) -> str:
    """However a decision's id is written: under this name an erasure looks for what shows the decision."""
    if kind != Report.Kind.EXPLANATION:
        return subject
    try:
        return str(uuid.UUID(subject))
    except ValueError:
        raise SubjectMissing(_("Name the decision by its id, a UUID."), field="subject") from None


def _next_number(organisation: Organisation) -> int:
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    last = Report.objects.filter(organisation=organisation).order_by("-number").first()
    return last.number + 1 if last else 1


def _supersede(report: Report) -> list[str]:
    same = Report.objects.filter(
        organisation=report.organisation,
        kind=report.kind,
        system=report.system,
        subject=report.subject,
        window_start=report.window_start,
        window_end=report.window_end,
        frameworks=report.frameworks,
        state=Report.State.FINISHED,
        superseded_by=None,
    ).exclude(pk=report.pk)
    ids = [str(each) for each in same.values_list("pk", flat=True)]
    same.update(superseded_by=report)
    return ids


def _record(event: str, report: Report, by: Person | None, at: dt.datetime, **facts: Any) -> None:
    trail.record(
        event, organisation=report.organisation, by=by, at=at, subject=f"report:{report.pk}", **facts
    )
