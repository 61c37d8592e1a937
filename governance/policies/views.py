"""What counts, and how much: the policy in force, every earlier one, and the form of the first."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import refusals
from governance.access import guards
from governance.edges import selectors as edges
from governance.policies import forms, pages, selectors, services, signing
from governance.systems import lookup
from governance.systems import selectors as systems


@require_safe
@guards.require("view_governed")
def policies(request: guards.OrganisationRequest) -> HttpResponse:
    """Every policy of the organisation, newest first, by system."""
    rows = [
        {"system": system, "history": list(selectors.history(system=system))}
        for system in systems.visible_to(organisation=request.organisation)
    ]
    return render(request, "governance/policies/policies.html", {"rows": rows})


@require_safe
@guards.require("view_governed")
def policy(request: guards.OrganisationRequest, slug: str, version: int | None = None) -> HttpResponse:
    """One policy against the one before it; without a version, the general one in force."""
    system = lookup.system_or_404(organisation=request.organisation, slug=slug)
    history = list(selectors.history(system=system))
    shown = pages.shown(history, version)
    if version is not None and shown is None:
        raise Http404
    context = {
        "system": system,
        "history": history,
        "page": pages.of(shown, history) if shown else None,
        "decided_at": pages.outcome_url(shown) if shown else "",
        "base_url": settings.EDGEWISE_BASE_URL,
        "vkey": signing.vkey(),
        "successor_keys": selectors.successor_keys(),
        "may_set_first": not history and guards.allows(request, "set_first_policy"),
    }
    return render(request, "governance/policies/policy.html", context)


@guards.require("set_first_policy")
def first(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """The owner sets the first weights, without a vote; every page says so."""
    system = lookup.system_or_404(organisation=request.organisation, slug=slug)
    edge_set = edges.current_set(system=system)
    if edge_set is None:
        messages.warning(request, _("Define the edges first; weights are shared among them."))
        return redirect("define_edges", slug)
    form = forms.FirstPolicy(request.POST or None, edges=edges.leaves(edge_set=edge_set))
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            services.set_first(
                system=system,
                weights=form.weights(),
                by=request.user,
                at=timezone.now(),
                **form.stated_terms(),
            )
            messages.success(request, _("The first policy is in force. Models see it within two seconds."))
            return redirect("policy", slug)
    context = {"system": system, "form": form}
    return render(request, "governance/policies/first.html", context, status=422 if form.errors else 200)
