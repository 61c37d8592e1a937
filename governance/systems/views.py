"""Pages of AI systems."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import refusals
from governance.access import guards
from governance.edges import selectors as edges
from governance.organisations import panels
from governance.policies import pages as policy_pages
from governance.policies import selectors as policies
from governance.systems import forms, lookup, pages, selectors, services


@require_safe
@guards.require("view_governed")
def systems(request: guards.OrganisationRequest) -> HttpResponse:
    rows = [
        {"system": system, "policies": list(policies.in_force_now(system=system))}
        for system in selectors.visible_to(organisation=request.organisation)
    ]
    context = {"systems": rows, "may_register": guards.allows(request, "manage_systems")}
    return render(request, "governance/systems/systems.html", context)


@guards.require("manage_systems")
def new(request: guards.OrganisationRequest) -> HttpResponse:
    form = forms.NewSystem(request.POST or None, organisation=request.organisation)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            system = services.register(
                organisation=request.organisation, by=request.user, at=timezone.now(), **form.cleaned_data
            )
            messages.success(request, _("%s is registered. Define its edges next.") % system)
            return redirect("system", system.slug)
    return render(request, "governance/systems/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@guards.require("view_governed")
def system(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """How one system decides: purpose, edges, hard norms, policy, and what the upper floors know of it."""
    found = lookup.system_or_404(organisation=request.organisation, slug=slug)
    edge_set = edges.current_set(system=found)
    history = list(policies.history(system=found))
    general = policy_pages.shown(history, None)
    context = {
        "system": found,
        "versions": selectors.versions(system=found),
        "edge_set": edge_set,
        "edges": edges.leaves(edge_set=edge_set) if edge_set else [],
        "norms": edges.hard_norms(system=found),
        "policies": list(policies.in_force_now(system=found)),
        "weights": policy_pages.of(general, history) if general else None,
        "links": pages.links(system=found),
        "panels": panels.of(
            organisation=request.organisation, person=request.user, system=found, at=timezone.now()
        ),
        "may_manage": guards.allows(request, "manage_systems"),
        "may_manage_keys": guards.allows(request, "manage_keys"),
    }
    return render(request, "governance/systems/system.html", context)


@guards.require("manage_systems")
def new_version(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    found = lookup.system_or_404(organisation=request.organisation, slug=slug)
    form = forms.NewVersion(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            services.add_version(system=found, by=request.user, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Version added."))
            return redirect("system", slug)
    context = {"form": form, "system": found, "versions": selectors.versions(system=found)}
    return render(request, "governance/systems/new_version.html", context, status=422 if form.errors else 200)
