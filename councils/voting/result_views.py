"""Pages of what came of a vote: results, outcome, and the published ballots."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from councils.deliberation import lookup
from councils.voting import pages, result_pages, selectors, services
from governance import refusals
from governance.access import guards


@require_safe
@guards.require("view_governed")
def results(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """How the result came about, by constituency, under other rules, and how to check it."""
    found = lookup.proposal_or_404(organisation=request.organisation, id=id)
    tally = selectors.tally_of(proposal=found)
    if tally is None:
        return render(request, "councils/voting/no_results.html", pages.common(proposal=found))
    context = {
        **pages.common(proposal=found),
        **result_pages.of(proposal=found, tally=tally, person=request.user),
    }
    return render(request, "councils/voting/results.html", context)


@require_safe
@guards.require("view_governed")
def outcome(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """The decision in one page: text, result, dissent, objections, when it takes effect."""
    found = lookup.proposal_or_404(organisation=request.organisation, id=id)
    tally = selectors.tally_of(proposal=found)
    if tally is None:
        return render(request, "councils/voting/no_results.html", pages.common(proposal=found))
    context = {
        **pages.common(proposal=found),
        **result_pages.of(proposal=found, tally=tally, person=request.user),
        "minutes": selectors.minutes(proposal=found),
        "may_export": guards.allows(request, "export_reports"),
        "moments": [{"what": what, "at": at} for what, at in selectors.moments(proposal=found)],
    }
    return render(request, "councils/voting/outcome.html", context)


@require_safe
@guards.require("view_governed")
def ballots_bundle(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    """The bundle as a file: inputs, anonymised ballots with trackers, result; one JSON document per line."""
    found = lookup.proposal_or_404(organisation=request.organisation, id=id)
    tally = selectors.tally_of(proposal=found)
    if tally is None:
        raise Http404
    response = HttpResponse(tally.bundle, content_type="application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="ballots-{found.pk}.ndjson"'
    return response


@require_POST
@guards.require("take_part")
def file_minority_report(request: guards.OrganisationRequest, id: int) -> HttpResponse:  # noqa: A002
    found = lookup.proposal_or_404(organisation=request.organisation, id=id)
    with refusals.as_message(request):
        services.file_minority_report(
            proposal=found, text=request.POST.get("text", ""), by=request.user, at=timezone.now()
        )
        messages.success(request, _("Your group's minority report is published."))
    return redirect("results", id)
