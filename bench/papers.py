"""Making PDFs: evidence queries, layout and repair, in this process."""

import time

from django.utils import timezone

from audits.decisions.models import Decision
from audits.reports import documents, gathering
from audits.reports.models import Report
from bench.measures import Measure
from bench.setting import Target
from governance.organisations.models import Person
from modelcards.cards import freezing
from modelcards.cards import services as cards


def card(target: Target, owner: Person) -> Measure:
    """A model card of the system that was posted to; the second of two, so that fonts are loaded."""
    version = cards.draft(system=target.system, by=owner, at=timezone.now())
    seconds = 0.0
    for _ in range(2):
        began = time.perf_counter()
        manifest, evidence = freezing.freeze(version, at=timezone.now())
        content = documents.pdf(
            freezing.TEMPLATE, manifest, evidence=evidence, cut=timezone.now().replace(microsecond=0)
        )
        seconds = time.perf_counter() - began
    return Measure("card_pdf_s", seconds, "s", at_most=6, note=f"{len(content) / 1024:,.0f} KiB")


def explanation(target: Target, owner: Person) -> Measure:
    """The explanation of one decision."""
    decision = Decision.objects.filter(system=target.system).order_by("pk").first()
    assert decision is not None, "decisions were logged before"
    report = Report(
        organisation=target.system.organisation,
        number=1,
        kind=Report.Kind.EXPLANATION,
        system=target.system,
        subject=str(decision.uuid),
        requested_by=owner,
        requested_at=timezone.now(),
    )
    seconds = 0.0
    for _ in range(2):
        began = time.perf_counter()
        cut = timezone.now().replace(microsecond=0)
        frozen = gathering.freeze(report, cut=cut)
        documents.pdf(frozen.template, frozen.manifest, evidence=frozen.evidence, cut=cut)
        seconds = time.perf_counter() - began
    return Measure("explanation_pdf_s", seconds, "s", at_most=1.5, note="one decision, one page")
