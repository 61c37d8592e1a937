"""Reports: requested, made, finished, downloaded; each step an entry in the organisation's log."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from audits.ledger import selectors as ledger
from audits.reports import services
from audits.reports.models import Report
from tests.unit.audits.reports.conftest import AT, END, START

MANIFEST = {"schema": "edgewise.document/1", "kind": "compliance"}


def types(organisation):
    return [event.type for event in ledger.events(organisation=organisation, type="report.")]


def finish(report, pdf=b"%PDF-1"):
    services.begin(report=report, at=AT)
    services.finish(report=report, manifest=MANIFEST, pdf=pdf, at=AT)
    report.refresh_from_db()
    return report


def test_a_request_is_numbered_logged_and_queued(report, organisation):
    assert report.reference == "R-2026-001"
    assert report.job.task == "reports.render"
    assert types(organisation) == ["report.requested"]


def test_a_finished_report_has_its_hash_in_the_log(report, organisation):
    finish(report)
    (event,) = ledger.events(organisation=organisation, type="report.finished", subject=f"report:{report.pk}")
    entry = ledger.entry(log=event.log, index=event.index).decode()
    assert report.pdf_sha256 in entry


def test_a_later_report_about_the_same_supersedes_the_earlier(report, organisation, system, auditor):
    first = finish(report)
    again = services.request(
        organisation=organisation, kind="compliance", system=system, start=START, end=END,
        frameworks=["eu-ai-act"], by=auditor, at=AT,
    )  # fmt: skip
    second = finish(again, b"%PDF-2")
    first.refresh_from_db()
    assert (first.superseded_by, second.superseded_by) == (second, None)


def test_a_download_is_an_entry(report, organisation, auditor):
    finish(report)
    assert services.download(report=report, by=auditor, at=AT) == b"%PDF-1"
    assert types(organisation)[0] == "report.downloaded"


def test_an_unfinished_report_cannot_be_downloaded(report, auditor):
    with pytest.raises(services.NotFinished):
        services.download(report=report, by=auditor, at=AT)


def test_a_report_is_finished_once(report):
    finish(report)
    with pytest.raises(services.NotRendering):
        services.finish(report=report, manifest=MANIFEST, pdf=b"x", at=AT)
    with pytest.raises(services.NotRendering):
        services.begin(report=report, at=AT)


def test_a_finished_report_is_immutable_in_the_database(report):
    finish(report)
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(pdf_sha256="0" * 64)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"system": None}, services.SystemMissing),
        ({"end": START}, services.WindowEmpty),
        ({"end": START - dt.timedelta(days=1)}, services.WindowEmpty),
        ({"frameworks": []}, services.FrameworkUnknown),
        ({"frameworks": ["gdpr-9999"]}, services.FrameworkUnknown),
        ({"kind": "minutes"}, services.SubjectMissing),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(organisation, system, auditor, change, refusal):
    asked = {"kind": "compliance", "system": system, "start": START, "end": END, "frameworks": ["eu-ai-act"]}
    with pytest.raises(refusal):
        services.request(**{**asked, **change}, organisation=organisation, by=auditor, at=AT)
    assert not Report.objects.exists()


def test_failing_keeps_the_reason_out_of_the_log(report, organisation):
    services.fail(report=report, error="ValueError: Jane Doe", at=AT)
    (event,) = ledger.events(organisation=organisation, type="report.failed")
    assert b"Jane" not in ledger.entry(log=event.log, index=event.index)


def test_nothing_changes_when_the_trail_refuses(report, settings):
    settings.GOVERNANCE_TRAIL = "tests.unit.audits.reports.test_services.out_of_order"
    with pytest.raises(OSError, match="away"):
        services.begin(report=report, at=AT)
    assert Report.objects.get(pk=report.pk).state == Report.State.REQUESTED


def out_of_order(events):
    """A trail that is away."""
    raise OSError("the log is away")


@pytest.mark.parametrize("given", [{"start": START, "end": END}, {"frameworks": ["x" * 41]}])
def test_minutes_have_no_window_and_no_frameworks(organisation, auditor, given):
    with pytest.raises(services.NotOfThisKind):
        services.request(organisation=organisation, kind="minutes", subject="1", by=auditor, at=AT, **given)


def test_a_decision_is_named_by_its_id(organisation, auditor):
    with pytest.raises(services.SubjectMissing):
        services.request(organisation=organisation, kind="explanation", subject="hers", by=auditor, at=AT)


def test_what_a_failed_commit_left_is_removed_by_the_next_try(report, tmp_path, settings):
    services.begin(report=report, at=AT)
    settings.GOVERNANCE_TRAIL = "tests.unit.governance.conftest.refuse"
    with pytest.raises(OSError, match="the log is away"):
        services.finish(report=report, manifest=MANIFEST, pdf=b"%PDF-lost", at=AT)
    settings.GOVERNANCE_TRAIL = "audits.ledger.services.append_events"
    finish(Report.objects.get(pk=report.pk))
    assert [path.read_bytes() for path in tmp_path.rglob("*.pdf")] == [b"%PDF-1"]
