"""The page of a proposal, and the ballot: fill in, review, cast, receipt."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from councils.deliberation import forms as deliberation_forms
from councils.deliberation import lookup
from councils.deliberation import selectors as deliberation
from councils.deliberation.models import Proposal
from councils.membership import rules
from councils.voting import ballot_form, lifecycle, pages, selectors, services
from councils.voting.ballot_form import BallotForm
from governance import refusals
from governance.access import guards
from governance.errors import DomainError


@require_safe
@guards.require("view_governed")
def proposal(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """What would change, what it would have changed, how far the vote is, and the reader's next step."""
    found = lookup.proposal_or_404(organisation=request.organisation, id=id)
    threads = deliberation.threads(proposal=found)
    context = {
        **pages.common(proposal=found),
        **pages.suggestion(proposal=found),
        "impact": pages.impact(proposal=found),
        "threads": threads[-3:],
        "more_threads": len(threads) > 3,
        "vote": pages.vote_of(proposal=found, person=request.user, at=timezone.now()),
        "quorum": pages.quorum(proposal=found) if found.is_open_for_votes else None,
        "missed": pages.missed(found.council),
        "participation": selectors.participation(proposal=found),
        "opened": pages.logged(proposal=found, kind="voting.opened"),
        "may_manage": guards.allows(request, "manage_councils"),
        "waiting": rules.lasting(found.council.timelock_seconds),
    }
    return render(request, "councils/voting/proposal.html", context)


@guards.require("take_part")
def ballot(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """Step 1, fill in; a POST leads to step 2, review, and from there to "Cast vote" or back."""
    found = lookup.proposal_or_404(organisation=request.organisation, id=id)
    vote = pages.vote_of(proposal=found, person=request.user, at=timezone.now())
    if not vote.may_vote:
        context = {**pages.common(proposal=found), "vote": vote}
        status = 409 if request.method == "POST" else 200
        return render(request, "councils/voting/no_ballot.html", context, status=status)
    if request.method != "POST":
        return _fill_in(request, found, vote, _beginning(request, found, vote))
    form = ballot_form.posted(found, selectors.edges_of(proposal=found), request.POST)
    services.keep_draft(proposal=found, person=request.user, content=form.content(), at=timezone.now())
    step = request.POST.get("step", "review")
    if step == "back" or not form.check():
        return _fill_in(request, found, vote, form)
    return _cast(request, found, vote, form) if step == "cast" else _review(request, found, vote, form)


def _beginning(request: guards.OrganisationRequest, proposal: Proposal, vote: pages.Vote) -> BallotForm:
    """What the fields hold at first: what the member starts from, else the draft, else nothing."""
    edges = selectors.edges_of(proposal=proposal)
    chosen = ballot_form.started(proposal, edges, request.GET.get("from", ""), vote.ballot)
    draft = selectors.draft_of(proposal=proposal, person=request.user)
    if chosen is not None:
        return chosen
    return ballot_form.kept(proposal, edges, draft.content) if draft else ballot_form.blank(proposal, edges)


def _context(proposal: Proposal, vote: pages.Vote, form: BallotForm) -> dict[str, Any]:
    rows = [
        {
            "edge": edge,
            "slot": place % 8 + 1,
            "value": form.points.get(edge.slug, ""),
            "error": form.errors.get(f"points-{edge.slug}", ""),
            "in_force": proposal.before_exact.get(edge.slug),
            "suggested": proposal.suggestion.get(edge.slug),
            "floor": proposal.floors.get(edge.slug, 0),
        }
        for place, edge in enumerate(form.edges)
    ]
    return {**pages.common(proposal=proposal), "vote": vote, "form": form, "rows": rows}


def _fill_in(
    request: guards.OrganisationRequest, proposal: Proposal, vote: pages.Vote, form: BallotForm
) -> HttpResponse:
    context = {
        **_context(proposal, vote, form),
        "draft": selectors.draft_of(proposal=proposal, person=request.user),
        "needed": pages.quorum(proposal=proposal).needed,
        "stances": _stances(pages.quorum(proposal=proposal).needed, proposal),
    }
    return render(request, "councils/voting/ballot.html", context, status=422 if form.errors else 200)


def _stances(needed: int, proposal: Proposal) -> list[tuple[str, str, str]]:
    abstain = _("Counts neither for nor against.")
    if proposal.council.abstentions_count:
        abstain = _("Counts towards the %d votes that are needed, but neither for nor against.") % needed
    return [
        ("agree", _("Agree"), _("Counts towards the %d votes that are needed.") % needed),
        ("abstain", _("Abstain"), abstain),
        ("disagree", _("Disagree"), _("Keep the weights in force.")),
        ("object", _("Object"), _("Disagree, and publish the reason below with the outcome.")),
    ]


def _review(
    request: guards.OrganisationRequest, proposal: Proposal, vote: pages.Vote, form: BallotForm
) -> HttpResponse:
    context = {
        **_context(proposal, vote, form),
        "stance_label": {key: label for key, label, _text in _stances(0, proposal)}[form.stance],
        "shares": {edge: points / 100 for edge, points in form.values.items()},
    }
    return render(request, "councils/voting/review.html", context)


def _cast(
    request: guards.OrganisationRequest, proposal: Proposal, vote: pages.Vote, form: BallotForm
) -> HttpResponse:
    try:
        services.cast(
            proposal=proposal,
            person=request.user,
            points=form.values,
            stance=form.stance,
            reason=form.reason,
            by=request.user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        form.refuse(refusal)
        return _fill_in(request, proposal, vote, form)
    return redirect("ballot_receipt", proposal.pk)


@require_safe
@guards.require("take_part")
def receipt(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """What was cast and until when it may be changed; the tracker to keep."""
    found = lookup.proposal_or_404(organisation=request.organisation, id=id)
    vote = pages.vote_of(proposal=found, person=request.user, at=timezone.now())
    if vote.ballot is None:
        return redirect("proposal", id)
    return render(request, "councils/voting/receipt.html", {**pages.common(proposal=found), "vote": vote})


@guards.require("take_part")
def stand_aside(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """Declares a conflict of interest, with its reason."""
    found = lookup.proposal_or_404(organisation=request.organisation, id=id)
    form = deliberation_forms.Because(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            services.stand_aside(
                proposal=found,
                person=request.user,
                why=form.cleaned_data["because"],
                by=request.user,
                at=timezone.now(),
            )
            messages.success(request, _("You stand aside from this proposal. No ballot of yours counts."))
            return redirect("proposal", id)
    context = {**pages.common(proposal=found), "form": form}
    return render(request, "councils/voting/stand_aside.html", context, status=422 if form.errors else 200)


@guards.require("view_governed")
def veto(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """For the person whom the charter lets veto."""
    found = lookup.proposal_or_404(organisation=request.organisation, id=id)
    form = deliberation_forms.Because(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            lifecycle.veto(
                proposal=found, because=form.cleaned_data["because"], by=request.user, at=timezone.now()
            )
            return redirect("results", id)
    context = {**pages.common(proposal=found), "form": form}
    return render(request, "councils/voting/veto.html", context, status=422 if form.errors else 200)
