"""The data protection page: erasures, legal holds, retention.

Administrators and system owners ask for erasures and set retention: both answer for the data. Holds are for
administrators alone: an owner may have an interest in what a hold keeps. Auditors read.
"""

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audits.protection import erasing, forms, holding, retaining, selectors
from governance import refusals
from governance.access import guards
from governance.systems import lookup
from governance.systems import selectors as systems

READ = ("manage_organisation", "manage_systems", "export_reports")
ASK = ("manage_organisation", "manage_systems")
HOLD = ("manage_organisation",)
SHOWN = 100


@require_safe
@guards.require(*READ)
def protection(request: guards.OrganisationRequest) -> HttpResponse:
    """What was asked for, what holds, and how long payloads are kept."""
    return _page(request)


def _page(request: guards.OrganisationRequest, **given: Any) -> HttpResponse:
    organisation = request.organisation
    rows = []
    for system in systems.visible_to(organisation=organisation):
        kept = selectors.retention(system=system)
        form = given.get(system.slug) or _keep_form(system.slug, kept.days if kept else None)
        rows.append({"system": system, "retention": kept, "form": form})
    context = {
        "erasures": selectors.erasures(organisation=organisation)[:SHOWN],
        "holds": selectors.holds(organisation=organisation)[:SHOWN],
        "rows": rows,
        "minimum": selectors.minimum_days(),
        "erase": given.get("erase") or forms.Subject(prefix="erase"),
        "hold": given.get("hold") or forms.PlaceHold(prefix="hold"),
        "lift": given.get("lift") or forms.LiftHold(),
        "may_ask": guards.allows(request, *ASK),
        "may_hold": guards.allows(request, *HOLD),
    }
    return render(request, "audits/protection/protection.html", context, status=422 if given else 200)


def _keep_form(slug: str, days: int | None, data: Any = None) -> forms.KeepFor:
    return forms.KeepFor(data, prefix=slug, initial={"days": days})


def _act(
    request: guards.OrganisationRequest,
    name: str,
    form: django_forms.Form,
    act: Callable[[], object],
    done: str,
) -> HttpResponse:
    """Acts if the form is valid and the rules agree; else the page again, with what is wrong beside the form."""
    if form.is_valid():
        with refusals.beside(form):
            act()
            messages.success(request, done)
            return redirect("protection")
    return _page(request, **{name: form})


@require_POST
@guards.require(*ASK)
def request_erasure(request: guards.OrganisationRequest) -> HttpResponse:
    """Asks for the erasure of one person's data."""
    form = forms.Subject(request.POST, prefix="erase")
    done = _("The erasure is asked for. It appears below, by its number.")

    def act() -> None:
        erasing.request(
            organisation=request.organisation, by=request.user, at=timezone.now(), **form.cleaned_data
        )

    return _act(request, "erase", form, act, done)


@require_POST
@guards.require(*HOLD)
def place_hold(request: guards.OrganisationRequest) -> HttpResponse:
    """Keeps one person's data from erasure and expiry."""
    form = forms.PlaceHold(request.POST, prefix="hold")

    def act() -> None:
        holding.place(
            organisation=request.organisation, by=request.user, at=timezone.now(), **form.cleaned_data
        )

    return _act(request, "hold", form, act, _("The hold stands."))


@require_POST
@guards.require(*HOLD)
def lift_hold(request: guards.OrganisationRequest, pk: int) -> HttpResponse:
    """Ends a hold; an erasure that waited for it goes on."""
    found = selectors.hold(organisation=request.organisation, pk=pk)
    if found is None:
        raise Http404
    form = forms.LiftHold(request.POST, number=found.pk)

    def act() -> None:
        holding.lift(hold=found, by=request.user, at=timezone.now(), **form.cleaned_data)

    return _act(request, "lift", form, act, _("The hold is lifted."))


@require_POST
@guards.require(*ASK)
def set_retention(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """How long a system keeps payloads."""
    system = lookup.system_or_404(organisation=request.organisation, slug=slug)
    form = _keep_form(slug, None, request.POST)

    def act() -> None:
        retaining.set_days(system=system, days=form.cleaned_data["days"], by=request.user, at=timezone.now())

    return _act(request, slug, form, act, _("The retention of %s is set.") % system)
