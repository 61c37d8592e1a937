"""The pages of independent scoring."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audits.decisions import basis
from audits.rescoring import forms, pages, routes, selectors, services
from governance import refusals
from governance.access import guards
from governance.edges import selectors as edges
from governance.jobs.models import Job
from governance.systems.lookup import system_or_404
from governance.systems.models import AISystem


@guards.require("view_governed")
def rescoring(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Who scores which edge again, how far the two agree, and what could not be sent; owners name scorers here."""
    system = system_or_404(organisation=request.organisation, slug=slug)
    may_manage = guards.allows(request, "manage_edges")
    if request.method == "POST" and not may_manage:
        return HttpResponse(status=403)
    current = edges.current_set(system=system)
    leaves = edges.leaves(edge_set=current) if current is not None else []
    form = forms.Appoint(request.POST or None, edges=leaves)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            services.appoint(system=system, by=request.user, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("From now on a share of decisions is scored again."))
            return redirect("rescoring", slug)
    return _page(request, system, form, may_manage=may_manage)


def _page(
    request: guards.OrganisationRequest, system: AISystem, form: forms.Appoint, *, may_manage: bool
) -> HttpResponse:
    context = {
        "system": system,
        "lines": pages.lines(system=system),
        "basis": basis.of_system(system=system),
        "sufficient": basis.SUFFICIENT,
        "failed": selectors.jobs(system=system, state=Job.State.FAILED)[:20],
        "waiting": selectors.jobs(system=system, state=Job.State.QUEUED).count(),
        "may_manage": may_manage,
        "routes": routes.names(),
        "form": form,
    }
    return render(request, "audits/rescoring/rescoring.html", context, status=422 if form.errors else 200)


@require_POST
@guards.require("manage_edges")
def withdraw(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Ends the independent scoring of the edge that the form names."""
    system = system_or_404(organisation=request.organisation, slug=slug)
    with refusals.as_message(request):
        services.withdraw(
            system=system, edge=request.POST.get("edge", ""), by=request.user, at=timezone.now()
        )
        messages.success(request, _("The scorer was withdrawn."))
    return redirect("rescoring", slug)


@require_POST
@guards.require("manage_edges")
def send_again(request: guards.OrganisationRequest, slug: str, job_id: uuid.UUID) -> HttpResponse:
    """Sends a failed batch once more."""
    system = system_or_404(organisation=request.organisation, slug=slug)
    failed = selectors.job(system=system, pk=job_id)
    if failed is None:
        raise Http404
    with refusals.as_message(request):
        services.send_again(system=system, job=failed, by=request.user, at=timezone.now())
        messages.success(request, _("The batch is sent again."))
    return redirect("rescoring", slug)
