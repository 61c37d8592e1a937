"""The pages of findings: read by auditors, worked by owners."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audits.decisions import basis, exploring, forms, listing, selectors, sentences
from audits.decisions import findings as services
from audits.decisions.models import Finding
from governance import refusals
from governance.access import guards


@require_safe
@guards.require("view_findings")
def findings(request: guards.OrganisationRequest) -> HttpResponse:
    """Every finding, those that need an answer first."""
    found = selectors.findings(organisation=request.organisation)
    rows = [{"finding": each, "sentence": sentences.VERDICTS[each.verdict]} for each in found]
    return render(request, "audits/decisions/findings.html", {"rows": rows, "today": timezone.now().date()})


def _finding_or_404(request: guards.OrganisationRequest, pk: int) -> Finding:
    found = selectors.finding(organisation=request.organisation, pk=pk)
    if found is None:
        raise Http404
    return found


@require_safe
@guards.require("view_findings")
def finding(request: guards.OrganisationRequest, pk: int) -> HttpResponse:
    """One finding: the decisions behind it, who answers, and the answer."""
    return _page(request, _finding_or_404(request, pk))


def _page(
    request: guards.OrganisationRequest,
    found: Finding,
    *,
    assign: forms.Assign | None = None,
    close: forms.Close | None = None,
) -> HttpResponse:
    filters = selectors.Filters(system=found.system, verdict=found.verdict)
    initial = {"owner": found.owner, "due_on": found.due_on}
    context = {
        "finding": found,
        "sentence": sentences.VERDICTS[found.verdict],
        "basis": basis.of_system(system=found.system),
        "rows": listing.rows(
            exploring.search(organisation=request.organisation, filters=filters, size=10).rows
        ),
        "may_work": found.state != Finding.State.CLOSED and guards.allows(request, "manage_findings"),
        "assign": assign or forms.Assign(None, organisation=request.organisation, initial=initial),
        "close": close or forms.Close(),
    }
    return render(request, "audits/decisions/finding.html", context, status=422 if assign or close else 200)


@require_POST
@guards.require("manage_findings")
def assign(request: guards.OrganisationRequest, pk: int) -> HttpResponse:
    """Names who answers, and by when."""
    found = _finding_or_404(request, pk)
    form = forms.Assign(request.POST, organisation=request.organisation, initial={})
    if form.is_valid():
        with refusals.beside(form):
            services.assign(finding=found, by=request.user, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("%s answers for this finding.") % form.cleaned_data["owner"])
            return redirect("finding", found.pk)
    return _page(request, found, assign=form)


@require_POST
@guards.require("manage_findings")
def close(request: guards.OrganisationRequest, pk: int) -> HttpResponse:
    """Closes the finding with an answer."""
    found = _finding_or_404(request, pk)
    form = forms.Close(request.POST)
    if form.is_valid():
        with refusals.beside(form):
            services.close(finding=found, by=request.user, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("The finding is closed."))
            return redirect("finding", found.pk)
    return _page(request, found, close=form)
