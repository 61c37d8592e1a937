"""Pages where proposals are found, made and talked over."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from councils.deliberation import forms, lookup, selectors, services, stages
from councils.deliberation.models import Proposal
from councils.membership import selectors as membership
from councils.membership.models import Council
from governance import refusals
from governance.access import guards
from governance.edges import selectors as edges

PAGE = 25


@require_safe
@guards.require("view_governed")
def proposals(request: guards.OrganisationRequest) -> HttpResponse:
    """Every proposal of the organisation, filterable."""
    councils = list(membership.visible_to(organisation=request.organisation))
    form = forms.Search(request.GET or None, councils=councils)
    found = selectors.search(organisation=request.organisation, **form.criteria())
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "rows": [
            {"proposal": proposal, "kind": stages.KINDS[Proposal.State(proposal.state)]} for proposal in page
        ],
        "previous": _query(request, page.previous_page_number()) if page.has_previous() else "",
        "next": _query(request, page.next_page_number()) if page.has_next() else "",
        "filtered": bool(request.GET),
        "may_propose": guards.allows(request, "manage_councils", "take_part"),
    }
    return render(request, "councils/deliberation/proposals.html", context)


def _query(request: guards.OrganisationRequest, page: int) -> str:
    """The filters as they are, for another page of the list."""
    query = request.GET.copy()
    query["page"] = str(page)
    return query.urlencode()


@guards.require("manage_councils", "take_part")
def new(request: guards.OrganisationRequest) -> HttpResponse:
    """The editor: which system, then title, text and a split whose sum is checked."""
    councils = _own_councils(request)
    wanted = request.POST.get("for") or request.GET.get("for", "")
    council, system, choices = forms.council_and_system(councils=councils, wanted=wanted)
    edge_set = edges.current_set(system=system) if system else None
    if council is None or system is None or edge_set is None:
        return render(request, "councils/deliberation/choose.html", {"choices": choices, "system": system})
    leaves = edges.leaves(edge_set=edge_set)
    form = forms.NewProposal(request.POST or None, edges=leaves)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            proposal = services.propose(
                council=council,
                system=system,
                title=form.cleaned_data["title"],
                summary=form.cleaned_data["summary"],
                suggestion=form.split("points"),
                floors=form.split("floor"),
                by=request.user,
                at=timezone.now(),
            )
            return redirect("proposal", proposal.pk)
    before = services.policy_before(council=council, system=system, at=timezone.now())
    context = {
        "form": form,
        "council": council,
        "system": system,
        "wanted": wanted or f"{council.slug}/{system.slug}",
        "before": before.weights_exact if before else {},
    }
    return render(request, "councils/deliberation/new.html", context, status=422 if form.errors else 200)


def _own_councils(request: guards.OrganisationRequest) -> list[Council]:
    """All councils for a chair; for members those where they have a seat."""
    every = list(membership.visible_to(organisation=request.organisation))
    if guards.allows(request, "manage_councils"):
        return every
    seats = membership.seats_of(person=request.user, at=timezone.now())
    seated = {seat.council_id for seat in seats}
    return [council for council in every if council.pk in seated]


@require_POST
@guards.require("manage_councils")
def open_deliberation(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    proposal = lookup.proposal_or_404(organisation=request.organisation, id=id)
    with refusals.as_message(request):
        services.open_deliberation(proposal=proposal, by=request.user, at=timezone.now())
        messages.success(request, _("Deliberation is open. Voting opens by itself at the deadline."))
    return redirect("proposal", id)


@guards.require("manage_councils")
def withdraw(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """Asks for the reason, then takes the proposal back."""
    proposal = lookup.proposal_or_404(organisation=request.organisation, id=id)
    form = forms.Because(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            services.withdraw(
                proposal=proposal, because=form.cleaned_data["because"], by=request.user, at=timezone.now()
            )
            return redirect("proposal", id)
    context = {"form": form, "proposal": proposal}
    return render(request, "councils/deliberation/withdraw.html", context, status=422 if form.errors else 200)


@guards.require("view_governed")
def deliberation(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """The reasons as threads; members add theirs."""
    proposal = lookup.proposal_or_404(organisation=request.organisation, id=id)
    leaves = edges.leaves(edge_set=proposal.edge_set)
    may_speak = guards.allows(request, "take_part") and (
        proposal.state == Proposal.State.DELIBERATION or proposal.is_open_for_votes
    )
    form = forms.NewReason(request.POST or None, edges=leaves)
    if request.method == "POST":
        if not guards.allows(request, "take_part"):
            raise PermissionDenied
        if form.is_valid():
            with refusals.beside(form):
                _give(request, proposal, form)
                return redirect("deliberation", id)
    threads = selectors.threads_by_edge(proposal=proposal)
    context = {
        "proposal": proposal,
        "council": proposal.council,
        "form": form,
        "may_speak": may_speak,
        "may_moderate": guards.allows(request, "manage_councils"),
        "about_all": threads.get("", []),
        "by_edge": [
            {"edge": edge, "slot": place % 8 + 1, "threads": threads.get(edge.slug, [])}
            for place, edge in enumerate(leaves)
        ],
        "state_kind": stages.KINDS[Proposal.State(proposal.state)],
    }
    return render(
        request, "councils/deliberation/deliberation.html", context, status=422 if form.errors else 200
    )


def _give(request: guards.OrganisationRequest, proposal: Proposal, form: forms.NewReason) -> None:
    parent = None
    if form.cleaned_data["parent"]:
        parent = selectors.reason(organisation=request.organisation, id=form.cleaned_data["parent"])
        if parent is None:
            raise Http404
    services.add_reason(
        proposal=proposal,
        text=form.cleaned_data["text"],
        edge=form.cleaned_data["edge"],
        parent=parent,
        by=request.user,
        at=timezone.now(),
    )


@require_POST
@guards.require("manage_councils")
def hide_reason(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """Moderation of one reason."""
    reason = selectors.reason(organisation=request.organisation, id=id)
    if reason is None:
        raise Http404
    with refusals.as_message(request):
        services.hide_reason(
            reason=reason, because=request.POST.get("because", ""), by=request.user, at=timezone.now()
        )
    return redirect("deliberation", reason.proposal_id)
