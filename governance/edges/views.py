"""The edge cards of a system, and the pages that define them."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance import refusals
from governance.access import guards
from governance.edges import forms, lookup, selectors, services
from governance.edges.models import Edge
from governance.errors import DomainError
from governance.systems.lookup import system_or_404
from governance.systems.models import AISystem


@require_safe
@guards.require("view_governed")
def edges(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Every edge with its card: what it judges and what its scores mean."""
    system = system_or_404(organisation=request.organisation, slug=slug)
    asked = request.GET.get("version", "")
    edge_set = lookup.edge_set(system=system, version=asked)
    if asked and edge_set is None:
        raise Http404
    versions = list(selectors.history(system=system))
    context = {
        "system": system,
        "edge_set": edge_set,
        "versions": versions,
        "earlier": edge_set is not None and edge_set != versions[0],
        "edges": selectors.leaves(edge_set=edge_set) if edge_set else [],
        "norms": selectors.hard_norms(system=system),
        "may_manage": guards.allows(request, "manage_edges"),
    }
    return render(request, "governance/edges/edges.html", context)


@guards.require("manage_edges")
def define(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """The next version of the edge set, starting from the current one."""
    system = system_or_404(organisation=request.organisation, slug=slug)
    rows = forms.formset(request.POST or None, _tree(system))
    refusal = ""
    if request.method == "POST" and rows.is_valid():
        try:
            services.define(system=system, edges=forms.cards(rows), by=request.user, at=timezone.now())
        except DomainError as error:
            refusal = error.detail
        else:
            messages.success(request, _("Edges defined. Every decision from now on needs a score on each."))
            return redirect("edges", slug)
    wrong = bool(refusal) or (request.method == "POST" and not rows.is_valid())
    context = {"system": system, "rows": rows, "refusal": refusal, "wrong": wrong}
    return render(request, "governance/edges/define.html", context, status=422 if wrong else 200)


@guards.require("manage_edges")
def new_norm(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    system = system_or_404(organisation=request.organisation, slug=slug)
    edge_set = selectors.current_set(system=system)
    leaves = selectors.leaves(edge_set=edge_set) if edge_set else []
    form = forms.NewNorm(request.POST or None, edges=leaves)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            services.set_hard_norm(system=system, by=request.user, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Hard norm set. It applies from the next version of the policy."))
            return redirect("edges", slug)
    context = {"system": system, "form": form}
    return render(request, "governance/edges/new_norm.html", context, status=422 if form.errors else 200)


@require_POST
@guards.require("manage_edges")
def withdraw_norm(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Ends the hard norm on the edge that the form names."""
    system = system_or_404(organisation=request.organisation, slug=slug)
    with refusals.as_message(request):
        services.withdraw_hard_norm(
            system=system, edge=request.POST.get("edge", ""), by=request.user, at=timezone.now()
        )
        messages.success(request, _("Hard norm withdrawn. It applies until the next version of the policy."))
    return redirect("edges", slug)


def _tree(system: AISystem) -> list[Edge]:
    edge_set = selectors.current_set(system=system)
    return list(selectors.tree(edge_set=edge_set)) if edge_set else []
