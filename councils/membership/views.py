"""Pages of councils: what they may decide, under which rules, and who sits on them."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from councils.membership import forms, rules, selectors, services
from councils.membership.models import Council
from governance import refusals
from governance.access import guards
from governance.organisations.models import Person
from governance.systems import selectors as systems


@require_safe
@guards.require("view_governed")
def councils(request: guards.OrganisationRequest) -> HttpResponse:
    """The organisation's councils."""
    context = {
        "councils": selectors.visible_to(organisation=request.organisation),
        "may_manage": guards.allows(request, "manage_councils"),
    }
    return render(request, "councils/membership/councils.html", context)


@require_safe
@guards.require("view_governed")
def council(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Mandate and rules in plain words, groups with their seats, and who sits."""
    found = _council_or_404(request, slug)
    now = timezone.now()
    may_manage = guards.allows(request, "manage_councils")
    groups = list(selectors.constituencies(council=found, at=now))
    context = {
        "council": found,
        "rules": rules.in_words(council=found),
        "lengths": rules.lengths(council=found),
        "groups": groups,
        "total_seats": sum(group.seats for group in groups),
        "seats": selectors.seated(council=found, at=now),
        "own_seat": selectors.seat_of(person=request.user, council=found, at=now),
        "may_manage": may_manage,
        "seat_form": _seat_form(request, found) if may_manage else None,
    }
    return render(request, "councils/membership/council.html", context)


@guards.require("manage_councils")
def new(request: guards.OrganisationRequest) -> HttpResponse:
    """The charter of a new council."""
    form = forms.Charter(request.POST or None, systems=systems.visible_to(organisation=request.organisation))
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            made = services.charter(
                organisation=request.organisation, by=request.user, at=timezone.now(), **form.terms()
            )
            messages.success(request, _("%s is chartered. Fill its seats next.") % made)
            return redirect("council", made.slug)
    return render(request, "councils/membership/new.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@guards.require("manage_councils")
def take_seat(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Gives somebody a seat."""
    form = _seat_form(request, _council_or_404(request, slug))
    if not form.is_valid():
        messages.error(request, _("Choose a group and a person."))
        return redirect("council", slug)
    with refusals.as_message(request):
        seat = services.seat(by=request.user, at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("%s has a seat.") % seat.person)
    return redirect("council", slug)


@require_POST
@guards.require("manage_councils")
def leave_seat(request: guards.OrganisationRequest, slug: str, id: int) -> HttpResponse:  # noqa: A002
    """Ends a term."""
    found = _council_or_404(request, slug)
    seat = selectors.seated(council=found, at=timezone.now()).filter(pk=id).first()
    if seat is None:
        raise Http404
    with refusals.as_message(request):
        services.unseat(seat=seat, by=request.user, at=timezone.now())
        messages.success(request, _("The term has ended. Votes that are open keep their electorate."))
    return redirect("council", slug)


def _council_or_404(request: guards.OrganisationRequest, slug: str) -> Council:
    found = selectors.get(organisation=request.organisation, slug=slug)
    if found is None:
        raise Http404
    return found


def _seat_form(request: guards.OrganisationRequest, council: Council) -> forms.NewSeat:
    people = Person.objects.filter(memberships__organisation=request.organisation).distinct()
    seated = selectors.seated(council=council, at=timezone.now()).values("person")
    return forms.NewSeat(
        request.POST or None,
        groups=selectors.constituencies(council=council, at=timezone.now()),
        people=people.exclude(pk__in=seated).order_by("username"),
    )
