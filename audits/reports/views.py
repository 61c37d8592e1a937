"""Pages of reports: ask, watch, download; and the public page that says whether a printed one still stands."""

import datetime as dt
import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from audits.ledger import selectors as ledger
from audits.reports import forms, gathering, selectors, services
from audits.reports.answers import as_pdf
from audits.reports.models import Report
from governance import refusals
from governance.access import guards
from governance.errors import DomainError

SHOWN = 100


@guards.require("export_reports")
def reports(request: guards.OrganisationRequest) -> HttpResponse:
    """All reports, and the form that asks for the next."""
    today = timezone.now().date()
    initial = {"start": today - dt.timedelta(days=29), "end": today, "frameworks": ["eu-ai-act"]}
    form = forms.ComplianceRequest(request.POST or None, organisation=request.organisation, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            report = services.request(
                organisation=request.organisation, by=request.user, at=timezone.now(), **form.asked()
            )
            return redirect("report", report.pk)
    shown = selectors.visible_to(organisation=request.organisation)[:SHOWN]
    return render(
        request,
        "audits/reports/reports.html",
        {"form": form, "reports": shown},
        status=422 if form.errors else 200,
    )


@require_POST
@guards.require("export_reports")
def request_document(request: guards.OrganisationRequest, kind: str, subject: str) -> HttpResponse:
    """Asks for the minutes of a proposal or the explanation of a decision."""
    try:
        gathering.require_subject(organisation=request.organisation, kind=kind, subject=subject)
    except DomainError as refusal:
        raise Http404 from refusal
    report = services.request(
        organisation=request.organisation, kind=kind, subject=subject, by=request.user, at=timezone.now()
    )
    return redirect("report", report.pk)


def report_or_404(request: guards.OrganisationRequest, id: uuid.UUID) -> Report:  # noqa: A002
    """The organisation's report; another organisation's is as unknown as one that never was."""
    report = selectors.get(organisation=request.organisation, id=id)
    if report is None:
        raise Http404
    return report


@require_safe
@guards.require("export_reports")
def report(request: guards.OrganisationRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """One report: how far it is, then its hash, its entry in the log and its summary."""
    found = report_or_404(request, id)
    entries = ledger.events(organisation=request.organisation, subject=f"report:{found.pk}")
    context = {"report": found, "entries": entries, "body": selectors.body(report=found)}
    return render(request, "audits/reports/report.html", context)


@require_safe
@guards.require("export_reports")
def download(request: guards.OrganisationRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """The PDF; taking it is an entry in the log."""
    found = report_or_404(request, id)
    content = b""
    with refusals.as_message(request):
        content = services.download(report=found, by=request.user, at=timezone.now())
    if not content:
        return redirect("report", found.pk)
    return as_pdf(content, f"edgewise-{found.reference}.pdf", found.pdf_sha256)


@require_safe
@guards.public
def verify(request: guards.OrganisationRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """Whether a document that somebody holds is the one issued and still stands. Shows hashes, never content."""
    found = selectors.issued(id=id)
    status = 200 if found else 404
    return render(request, "audits/reports/verify.html", {"report": found}, status=status)
