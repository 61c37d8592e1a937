"""A request becomes a frozen manifest: what is asked of the floors at the data cut, once, for each kind of document."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from audits.reports import (
    compliance,
    controls,
    evidence,
    exhibits,
    explaining,
    manifest,
    minuting,
    soundness,
    tables,
)
from audits.reports.manifest import Json
from audits.reports.models import Report
from governance.organisations.models import Organisation

CLASSIFICATION = "Confidential: auditor and operator"


@dataclass(frozen=True)
class Frozen:
    """A document ready to render: its template, manifest and evidence."""

    template: str
    manifest: Json
    evidence: bytes
    cut: dt.datetime


def about(report: Report, *, title: str, subtitle: str, facts: list[list[str]], cut: dt.datetime) -> Json:
    """What a document says about itself on its cover and in its margins."""
    requester = str(report.requested_by) if report.requested_by else "an operator's command"
    shared = [["Data cut", tables.minute(cut)], ["Asked for by", requester], ["Report", report.reference]]
    return {
        "id": str(report.pk),
        "reference": report.reference,
        "title": title,
        "subtitle": subtitle,
        "facts": [*facts, *shared],
        "foot": f"Edgewise {title[0].lower()}{title[1:]} {report.reference}",
        "classification": CLASSIFICATION,
        "data_cut": cut.isoformat(timespec="seconds"),
        "data_cut_text": tables.minute(cut),
        "verify_url": f"{settings.EDGEWISE_BASE_URL}/verify/{report.pk}/",
    }


def freeze(report: Report, *, cut: dt.datetime) -> Frozen:
    """Asks every question of the report's kind and freezes the answers."""
    return KINDS[report.kind](report, cut)


def _compliance(report: Report, cut: dt.datetime) -> Frozen:
    system, start, end = report.system, report.window_start, report.window_end
    if system is None or start is None or end is None:
        raise ValueError("A compliance report without system or window; a database constraint holds that.")
    scope = evidence.Scope(system, start, end, cut)
    chosen = [controls.frameworks()[name] for name in report.frameworks]
    answers = {query: ask(scope) for query, ask in evidence.QUERIES.items()}
    record = {
        "position": system.position,
        "risk_class": system.risk_class,
        "risk_reasoning": system.risk_reasoning,
    }
    body = compliance.body(
        chosen,
        answers,
        system=record,
        cut=cut.date(),
        exhibits=exhibits.of(answers),
        charts=exhibits.charts(answers),
        indices=exhibits.failure_modes(answers["failure_modes"]),
    )
    records = tables.figure(answers["log_coverage"].values()["records"])
    window = f"{tables.minute(start)} to {tables.minute(end)}"
    facts = [["System", system.name], ["Organisation", str(report.organisation)], ["Window", window]]
    facts += [["Model versions", _versions(report)], ["Frameworks", ", ".join(each.title for each in chosen)]]
    stated = about(report, title="Compliance report", subtitle=system.name, facts=facts, cut=cut)
    days = f"{tables.day(start)} to {tables.day(end - dt.timedelta(microseconds=1))}"
    stated["strip"] = [["Report", report.reference], ["Window", days], ["Data cut", tables.minute(cut)]]
    stated["strip"].append(["Decisions", f"{records}, all counted"])
    (log,) = exhibits.of_kind(answers["log_coverage"], "log")
    frozen, lines = manifest.freeze(
        kind="compliance",
        about=stated,
        evidences=list(answers.values()),
        body=body,
        checkpoint=soundness.quoted(log),
    )
    return Frozen("audits/reports/compliance.html", frozen, lines, cut)


def _versions(report: Report) -> str:
    assert report.system is not None
    names = report.system.versions.order_by("released_at").values_list("name", flat=True)
    return ", ".join(names) or "Not stated"


def _explanation(report: Report, cut: dt.datetime) -> Frozen:
    decision = explaining.find(organisation=report.organisation, subject=report.subject)
    answer, body = explaining.explain(decision)
    stated = about(
        report, title="Explanation of a decision", subtitle=decision.system.name, facts=[], cut=cut
    )
    stated["classification"] = "Personal: for the person concerned"
    stated["decision"], stated["organisation"] = str(decision.uuid), report.organisation.name
    sealed = soundness.sealed(organisation=report.organisation, system=decision.system)
    frozen, lines = manifest.freeze(
        kind="explanation", about=stated, evidences=[answer], body=body, checkpoint=sealed
    )
    return Frozen("audits/reports/explanation.html", frozen, lines, cut)


def _minutes(report: Report, cut: dt.datetime) -> Frozen:
    source: Callable[..., Json] = import_string(settings.AUDITS_MINUTES_SOURCE)
    record = source(organisation=report.organisation, proposal=report.subject)
    answer = minuting.evidence(record)
    subtitle = f"Proposal {record['proposal']}: {record['title']}"
    stated = about(report, title="Minutes", subtitle=subtitle, facts=[], cut=cut)
    stated["classification"] = "Council and organisation"
    body = minuting.body(record, answer)
    sealed = soundness.sealed(organisation=report.organisation)
    frozen, lines = manifest.freeze(
        kind="minutes", about=stated, evidences=[answer], body=body, checkpoint=sealed
    )
    return Frozen("audits/reports/minutes.html", frozen, lines, cut)


def require_subject(*, organisation: Organisation, kind: str, subject: str) -> None:
    """Raises DomainError unless the organisation has the decision, or the counted proposal, a document is about."""
    if kind == Report.Kind.EXPLANATION:
        explaining.find(organisation=organisation, subject=subject)
    if kind == Report.Kind.MINUTES:
        import_string(settings.AUDITS_MINUTES_SOURCE)(organisation=organisation, proposal=subject)


KINDS: Mapping[str, Callable[[Report, dt.datetime], Frozen]] = {
    Report.Kind.COMPLIANCE: _compliance,
    Report.Kind.EXPLANATION: _explanation,
    Report.Kind.MINUTES: _minutes,
}
