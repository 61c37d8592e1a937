"""The pages of the log, for auditors first."""

import json
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from edgewise import merkle

from audits.ledger import disclosure, forms, pages, sealing, selectors, sentences
from audits.ledger import events as entries_of_events
from audits.ledger.models import Log
from governance.access import guards

PAGE = 50
RECENT = 10


@require_safe
@guards.require("view_log")
def logs(request: guards.OrganisationRequest) -> HttpResponse:
    """The state of every log, how to verify it, and what was written last."""
    recent = list(selectors.events(organisation=request.organisation)[:RECENT])
    states = pages.states(organisation=request.organisation)
    context = {
        "states": states,
        "rows": pages.rows(recent),
    }
    return render(request, "audits/ledger/logs.html", context)


@require_safe
@guards.require("view_log")
def events(request: guards.OrganisationRequest) -> HttpResponse:
    """Search of the organisation's own log."""
    form = forms.Search(request.GET, types=selectors.event_types(organisation=request.organisation))
    found = selectors.events(
        organisation=request.organisation,
        type=form.wanted("type"),
        subject=form.wanted("subject"),
        text=form.wanted("text"),
    )
    page = list(found.filter(index__lt=form.before())[: PAGE + 1] if form.before() else found[: PAGE + 1])
    further = form.further(page[PAGE - 1].index) if len(page) > PAGE else ""
    context = {"form": form, "rows": pages.rows(page[:PAGE]), "further": further}
    return render(request, "audits/ledger/events.html", context)


@require_safe
@guards.require("view_log")
def entry(request: guards.OrganisationRequest, organisation: str, log: str, index: int) -> HttpResponse:
    """One entry as it stands in the log, and the hash by which it is known."""
    found = _log_or_404(request, organisation, log)
    data = _entry_or_404(found, index)
    parsed = entries_of_events.parse(data)
    context = {
        "log": found,
        "log_name": pages.name(found),
        "index": index,
        "sentence": sentences.sentence(parsed, pages.names_in([parsed])),
        "text": json.dumps(parsed, indent=2, ensure_ascii=False, sort_keys=True),
        "leaf_hash": merkle.leaf_hash(data).hex(),
        "published": index < selectors.published_size(log=found),
        "receipt_url": pages.place("log_receipt", found, index),
        **_sealed(request, found, index, parsed),
    }
    return render(request, "audits/ledger/entry.html", context)


def _sealed(
    request: guards.OrganisationRequest, log: Log, index: int, parsed: dict[str, Any]
) -> dict[str, Any]:
    """Whether the person may open what the entry seals, and once asked for the values; none if they were erased."""
    may_open = disclosure.is_opened(parsed) and guards.allows(request, "export_reports")
    if not may_open or request.GET.get("open") != "1":
        return {"may_open": may_open, "opened": None}
    try:
        shown = disclosure.disclose(log=log, index=index, by=request.user, at=timezone.now())
    except sealing.Erased:
        return {"may_open": True, "opened": {}}
    return {"may_open": True, "opened": shown.values}


@require_safe
@guards.require("view_log")
def receipt(request: guards.OrganisationRequest, organisation: str, log: str, index: int) -> HttpResponse:
    """The entry's receipt as a file; until a checkpoint covers it, 404 with the advice to come back."""
    found = _log_or_404(request, organisation, log)
    try:
        text = selectors.receipt(log=found, index=index)
    except selectors.NotInLog:
        raise Http404 from None
    except selectors.NotYetPublished as error:
        return HttpResponse(error.detail, status=404, headers={"Retry-After": "1"})
    name = f"{found.slug}-{index}.tlog-proof"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type=pages.TEXT, headers=headers)


def _log_or_404(request: guards.OrganisationRequest, organisation: str, slug: str) -> Log:
    found = selectors.by_path(organisation_slug=organisation, slug=slug)
    if found is None or found.organisation_id != request.organisation.pk:
        raise Http404
    return found


def _entry_or_404(log: Log, index: int) -> bytes:
    try:
        return selectors.entry(log=log, index=index)
    except selectors.NotInLog:
        raise Http404 from None
