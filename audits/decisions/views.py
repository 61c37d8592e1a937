"""The pages of decisions."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audits.decisions import (
    basis,
    chart,
    disclosure,
    explaining,
    exploring,
    forms,
    listing,
    nearby,
    pages,
    searching,
    selectors,
    sentences,
)
from audits.decisions.models import Decision
from audits.ledger import selectors as ledger
from governance.access import guards
from governance.systems import selectors as systems
from governance.systems.models import AISystem


@require_safe
@guards.require("view_decisions")
def decisions(request: guards.OrganisationRequest) -> HttpResponse:
    """Search, newest first."""
    system = _chosen_system(request)
    given = request.GET.copy()
    given.setdefault("system", system.slug if system is not None else "")
    form = forms.Search(given, organisation=request.organisation, system=system)
    asked = form.query()
    page = exploring.search(
        organisation=request.organisation,
        filters=searching.filters(organisation=request.organisation, query=asked),
        **_cursors(request),
    )
    context = {
        "form": form,
        "rows": listing.rows(page.rows),
        "system": system,
        "logged": selectors.count(system=system) if system is not None else None,
        "waiting": selectors.waiting(system=system) if system is not None else 0,
        "next": _query(request, "after", page.next),
        "previous": _query(request, "before", page.previous),
        "searched_to": page.searched_to,
    }
    return render(request, "audits/decisions/decisions.html", context)


def _chosen_system(request: guards.OrganisationRequest) -> AISystem | None:
    """The system asked for; without a wish, the first that there is."""
    slug = request.GET.get("system")
    if slug is None:
        return systems.visible_to(organisation=request.organisation).first()
    return systems.get(organisation=request.organisation, slug=slug)


def _cursors(request: guards.OrganisationRequest) -> dict[str, Any]:
    try:
        return {name: searching.cursor(request.GET.dict(), name) for name in ("after", "before")}
    except searching.FilterUnreadable:
        raise Http404 from None


def _query(request: guards.OrganisationRequest, name: str, cursor: tuple[int, int] | None) -> str:
    if cursor is None:
        return ""
    kept = {
        key: value for key, value in request.GET.dict().items() if value and key not in ("after", "before")
    }
    return urlencode({**kept, name: searching.place(cursor)})


def decision_or_404(request: guards.OrganisationRequest, identity: uuid.UUID) -> Decision:
    """The organisation's decision; another organisation's is as unknown as one that never was."""
    found = selectors.get(organisation=request.organisation, id=identity)
    if found is None:
        raise Http404
    return found


def _disclosed(request: guards.OrganisationRequest, found: Decision) -> dict[str, Any]:
    return disclosure.disclose(decision=found, by=request.user, at=timezone.now())["values"]


@require_safe
@guards.require("view_decisions")
def decision(request: guards.OrganisationRequest, identity: uuid.UUID) -> HttpResponse:
    """One decision: what it could choose from, what tipped the balance, whether it followed the policy, its receipt."""
    found = decision_or_404(request, identity)
    explanation = explaining.explain(decision=found)
    values = pages.contributions(explanation)
    opens = guards.allows(request, "export_reports") and request.GET.get("open") == "1"
    context = {
        "explanation": explanation,
        "decision": found,
        "heading": pages.heading(explanation),
        "other": pages.other(explanation),
        "assessed": explaining.assessment_in_words(explanation) if explanation.is_assessment else [],
        "nearby": nearby.of(decision=found, record=explanation.record),
        "heads": pages.option_heads(explanation),
        "rows": pages.edge_rows(explanation),
        "totals": pages.totals(explanation),
        "norms": pages.norm_sentences(explanation),
        "deviation": pages.deviation_note(explanation),
        "values": values,
        "wide": chart.wide(values),
        "narrow": chart.narrow(values),
        "changes": pages.changes(explanation),
        "held_fixed": explaining.HELD_FIXED,
        "checks": pages.checks(explanation),
        "basis": basis.of_policy(system=found.system, policy=explanation.policy),
        "judged": pages.seconds_to_judge(explanation.assessment, found),
        "counterfactual": _counterfactual(explanation),
        "deviations": [sentences.VERDICTS[v] for v in explanation.assessment.verdicts]
        if explanation.assessment
        else [],
        "may_open": guards.allows(request, "export_reports"),
        "opened": _disclosed(request, found) if opens else None,
        **_receipt(found),
    }
    return render(request, "audits/decisions/decision.html", context)


def _counterfactual(explanation: explaining.Explanation) -> str:
    if explanation.sentence is None:
        return ""
    return explaining.counterfactual_in_words(explanation.sentence, explanation.names)


def _receipt(found: Decision) -> dict[str, Any]:
    """Where the entry stands under the latest sealed state, if one covers it yet."""
    log = ledger.log_of(organisation=found.system.organisation, system=found.system)
    checkpoint = ledger.latest_checkpoint(log=log) if log is not None else None
    covered = checkpoint is not None and found.index < checkpoint.size
    return {
        "checkpoint": checkpoint if covered else None,
        "root": bytes(checkpoint.root).hex() if checkpoint is not None and covered else "",
        "vkey": ledger.vkeys(log=log)[0] if log is not None else "",
    }


@require_safe
@guards.require("view_decisions")
def receipt(request: guards.OrganisationRequest, identity: uuid.UUID) -> HttpResponse:
    """The receipt as a file, to be verified offline."""
    found = decision_or_404(request, identity)
    log = ledger.log_of(organisation=found.system.organisation, system=found.system)
    if log is None:
        raise Http404
    try:
        text = ledger.receipt(log=log, index=found.index)
    except ledger.NotYetPublished as refusal:
        return HttpResponse(
            f"{refusal.detail}\n", status=404, content_type="text/plain", headers={"Retry-After": "1"}
        )
    name = f'attachment; filename="{found.uuid}.tlog-proof"'
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": name})


@require_safe
@guards.require("view_decisions")
def entry(request: guards.OrganisationRequest, identity: uuid.UUID) -> HttpResponse:
    """The entry's bytes as they were hashed."""
    found = decision_or_404(request, identity)
    log = ledger.log_of(organisation=found.system.organisation, system=found.system)
    if log is None:
        raise Http404
    name = f'attachment; filename="{found.uuid}.entry.json"'
    headers = {"Content-Disposition": name}
    return HttpResponse(
        ledger.entry(log=log, index=found.index), content_type="application/json", headers=headers
    )
