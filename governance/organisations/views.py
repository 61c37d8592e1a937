"""The start page, the inbox, people and the organisation's settings."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance import refusals
from governance.access import guards
from governance.organisations import forms, inbox, panels, selectors, services
from governance.organisations.models import Organisation, Person
from governance.policies import selectors as policies
from governance.systems import selectors as systems


@require_safe
@guards.public
def home(request: HttpRequest) -> HttpResponse:
    """Signed out: what this is. Signed in: the organisation at a glance."""
    if not isinstance(request.user, Person):
        return render(request, "governance/organisations/start.html")
    organisation = selectors.of_person(person=request.user, slug=request.session.get("organisation"))
    if organisation is None:
        return render(request, "governance/organisations/no_role.html")
    return _dashboard(request, request.user, organisation)


def _dashboard(request: HttpRequest, person: Person, organisation: Organisation) -> HttpResponse:
    now = timezone.now()
    rows = [
        {"system": system, "policies": list(policies.in_force_now(system=system))}
        for system in systems.visible_to(organisation=organisation)
    ]
    context = {
        "organisation": organisation,
        "systems": rows,
        "waiting": inbox.waiting(person=person, organisation=organisation, at=now),
        "panels": panels.of(organisation=organisation, person=person, system=None, at=now),
    }
    return render(request, "governance/organisations/dashboard.html", context)


@require_safe
@guards.signed_in
def waiting(request: guards.OrganisationRequest) -> HttpResponse:
    now = timezone.now()
    items = inbox.waiting(person=request.user, organisation=request.organisation, at=now)
    recent = panels.of(organisation=request.organisation, person=request.user, system=None, at=now)
    context = {"items": items, "nearest": next((item for item in items if item.due_at), None)}
    return render(request, "governance/organisations/inbox.html", context | {"panels": recent})


@require_POST
@guards.signed_in
def act_for(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Chooses the organisation the person acts in, among those where they hold a role."""
    if not selectors.all_of_person(person=request.user).filter(slug=slug).exists():
        raise Http404
    request.session["organisation"] = slug
    return redirect("home")


@guards.require("view_people", "manage_people")
def people(request: guards.OrganisationRequest) -> HttpResponse:
    """Who holds which role; administrators add people."""
    may_manage = guards.allows(request, "manage_people")
    form = forms.NewPerson(request.POST or None) if may_manage else None
    if form is not None and request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            added = services.add_person(
                organisation=request.organisation, by=request.user, at=timezone.now(), **form.cleaned_data
            )
            messages.success(request, _("%s can sign in now.") % added)
            return redirect("people")
    status = 422 if form is not None and form.errors else 200
    context = {"form": form, "people": _by_person(request.organisation), "role_form": forms.Role()}
    return render(request, "governance/organisations/people.html", context, status=status)


def _by_person(organisation: Organisation) -> list[dict[str, object]]:
    held: dict[Person, list[object]] = {}
    for membership in selectors.memberships(organisation=organisation):
        held.setdefault(membership.person, []).append(membership)
    return [{"person": person, "memberships": memberships} for person, memberships in held.items()]


@require_POST
@guards.require("manage_people")
def give_role(request: guards.OrganisationRequest) -> HttpResponse:
    with refusals.as_message(request):
        form, person = _role_and_person(request)
        services.give_role(
            organisation=request.organisation,
            person=person,
            role=form.cleaned_data["role"],
            by=request.user,
            at=timezone.now(),
        )
        messages.success(request, _("Role given."))
    return redirect("people")


@require_POST
@guards.require("manage_people")
def withdraw_role(request: guards.OrganisationRequest) -> HttpResponse:
    with refusals.as_message(request):
        form, person = _role_and_person(request)
        services.withdraw_role(
            organisation=request.organisation,
            person=person,
            role=form.cleaned_data["role"],
            by=request.user,
            at=timezone.now(),
        )
        messages.success(request, _("Role withdrawn."))
    return redirect("people")


def _role_and_person(request: guards.OrganisationRequest) -> tuple[forms.Role, Person]:
    """The role and the person named, who has to hold a role in the organisation already."""
    form = forms.Role(request.POST)
    members = selectors.memberships(organisation=request.organisation)
    membership = members.filter(person=form.cleaned_data["person"]).first() if form.is_valid() else None
    if membership is None:
        raise services.UnknownRole(_("Choose a person of this organisation and a role."))
    return form, membership.person


@guards.require("manage_organisation")
def organisation(request: guards.OrganisationRequest) -> HttpResponse:
    """Whether the logs are public."""
    current = request.organisation
    form = forms.LogVisibility(request.POST or None, initial={"public": current.log_is_public})
    if request.method == "POST" and form.is_valid():
        public = form.cleaned_data["public"]
        services.set_log_visibility(organisation=current, public=public, by=request.user, at=timezone.now())
        messages.success(request, _("The logs are public now.") if public else _("The logs are closed now."))
        return redirect("organisation")
    return render(request, "governance/organisations/organisation.html", {"form": form})
