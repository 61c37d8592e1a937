"""The page that tells how a system has been deciding."""

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audits.decisions import basis, sentences
from audits.decisions import pages as decision_pages
from audits.decisions import selectors as decisions
from audits.ledger import selectors as ledger
from audits.monitoring import pages, selectors
from governance.access import guards
from governance.policies import selectors as policies
from governance.systems import lookup
from governance.systems.models import AISystem

WINDOW = dt.timedelta(days=90)


@require_safe
@guards.require("view_governed")
def decides(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """What counts, three ways it could go wrong, which edge decided, and what a single score would hide."""
    system = lookup.system_or_404(organisation=request.organisation, slug=slug)
    names = decision_pages.system_edge_names(system)
    end = timezone.now()
    context: dict[str, Any] = {
        "system": system,
        "names": names,
        "policy": policies.general(system=system),
        "logged": decisions.count(system=system),
        **_log(system),
    }
    if context["logged"]:
        context |= _measured(system, names, end - WINDOW, end)
    return render(request, "audits/monitoring/decides.html", context)


def _measured(
    system: AISystem, names: dict[str, str], start: dt.datetime, end: dt.datetime
) -> dict[str, Any]:
    window: dict[str, Any] = {"system": system, "start": start, "end": end}
    shares = selectors.driving_shares(**window)
    found = selectors.indices(**window)
    compared = selectors.discrepancies(**window)
    figures = pages.figures(found)
    sparks, top = pages.sparks(shares, names)
    rows, reach = pages.difference_rows(compared, names)
    return {
        "conformance": decisions.conformance(**window),
        "basis": basis.of_system(system=system),
        "verdict_names": sentences.VERDICTS,
        "weighted": sentences.WEIGHTED,
        "figures": figures,
        "above": [figure.title for figure in figures if figure.above],
        "indices": found,
        "shares": shares,
        "days": pages.days(shares["moments"]),
        "sparks": sparks,
        "top": top,
        "differences": rows,
        "reach": reach,
        "pairs": pages.pairs(compared),
    }


def _log(system: AISystem) -> dict[str, Any]:
    log = ledger.log_of(organisation=system.organisation, system=system)
    checkpoint = ledger.latest_checkpoint(log=log) if log is not None else None
    return {"checkpoint": checkpoint, "root": bytes(checkpoint.root).hex() if checkpoint is not None else ""}
