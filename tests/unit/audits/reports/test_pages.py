"""Pages and API of reports: who may, what they show, what they leave in the log."""

import json
import uuid

import pytest

from audits.ledger import selectors as ledger
from audits.reports import services, tasks
from audits.reports.models import Report
from governance.access import services as access
from governance.organisations import services as organisations
from tests.unit.audits.reports.conftest import AT, END, START


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Laying out is tested elsewhere; here a few bytes stand for the file."""
    monkeypatch.setattr(tasks.documents, "pdf", lambda *args, **options: b"%PDF-1.7")


@pytest.fixture
def made(report):
    tasks.render(str(report.job_id))
    report.refresh_from_db()
    return report


@pytest.fixture
def as_auditor(client, auditor):
    client.force_login(auditor, backend="django.contrib.auth.backends.ModelBackend")
    return client


def person(organisation, role, name="somebody"):
    return organisations.add_person(
        organisation=organisation, username=name, password=None, role=role, by=None, at=AT
    )


def test_asking_on_the_page_makes_a_report(as_auditor, system, django_capture_on_commit_callbacks):
    form = {"system": system.pk, "start": "2026-11-01", "end": "2026-11-07", "frameworks": ["eu-ai-act"]}
    answer = as_auditor.post("/reports/", form)
    report = Report.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/reports/{report.pk}/")
    assert (report.window_start, report.window_end) == (START, END)


def test_a_window_that_ends_before_it_begins_is_said_on_the_page(as_auditor, system):
    form = {"system": system.pk, "start": "2026-11-07", "end": "2026-11-01", "frameworks": ["eu-ai-act"]}
    answer = as_auditor.post("/reports/", form)
    assert answer.status_code == 422
    assert b"has to end after it begins" in answer.content


def test_the_page_shows_progress_then_the_hash(as_auditor, report):
    waiting = as_auditor.get(f"/reports/{report.pk}/").content.decode()
    assert 'hx-trigger="every 1s"' in waiting
    assert "hx-target" not in waiting  # inherited by the job's own request, it would empty the page
    tasks.render(str(report.job_id))
    report.refresh_from_db()
    shown = as_auditor.get(f"/reports/{report.pk}/").content.decode()
    assert f'data-copy="{report.pdf_sha256}"' in shown
    assert "report.finished" in shown


def test_the_download_is_the_file_and_an_entry(as_auditor, made, organisation):
    answer = as_auditor.get(f"/reports/{made.pk}/download/")
    assert answer["ETag"] == f'"{made.pdf_sha256}"'
    assert answer.content.startswith(b"%PDF")
    assert ledger.events(organisation=organisation, type="report.downloaded").count() == 1


@pytest.mark.parametrize("role", ["member", "chair", "admin"])
def test_only_who_may_export_sees_reports(client, made, organisation, role):
    client.force_login(person(organisation, role), backend="django.contrib.auth.backends.ModelBackend")
    for path in ("/reports/", f"/reports/{made.pk}/", f"/reports/{made.pk}/download/"):
        assert client.get(path).status_code == 403


def test_another_organisation_does_not_see_it(client, made):
    other = organisations.found(slug="south", name="South", at=AT)
    client.force_login(person(other, "auditor"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/reports/{made.pk}/").status_code == 404
    assert client.get(f"/reports/{made.pk}/download/").status_code == 404


def test_the_public_page_says_valid_then_superseded(client, made, organisation, system, auditor):
    assert b"This document is valid" in client.get(f"/verify/{made.pk}/").content
    again = services.request(
        organisation=organisation, kind="compliance", system=system, start=START, end=END,
        frameworks=["eu-ai-act"], by=auditor, at=AT,
    )  # fmt: skip
    tasks.render(str(again.job_id))
    assert b"replaced by a later one" in client.get(f"/verify/{made.pk}/").content


def test_the_public_page_knows_nothing_unfinished(client, report):
    assert client.get(f"/verify/{report.pk}/").status_code == 404
    assert client.get(f"/verify/{uuid.uuid4()}/").status_code == 404


def test_the_api_asks_shows_and_serves(client, organisation, auditor, system):
    _token, secret = access.create_personal_token(
        person=auditor, organisation=organisation, label="t", scopes=access.TOKEN_SCOPES, by=auditor, at=AT
    )
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    asked = {
        "system": system.slug,
        "start": START.isoformat(),
        "end": END.isoformat(),
        "frameworks": ["eu-ai-act"],
    }
    answer = client.post("/api/v1/reports", json.dumps(asked), content_type="application/json", **bearer)
    assert answer.status_code == 202
    report = Report.objects.get(pk=answer.json()["id"])
    tasks.render(str(report.job_id))
    shown = client.get(f"/api/v1/reports/{report.pk}", **bearer).json()
    assert (shown["state"], len(shown["pdf_sha256"])) == ("finished", 64)
    assert client.get(f"/api/v1/reports/{report.pk}/file", **bearer).content.startswith(b"%PDF")
    assert [each["id"] for each in client.get("/api/v1/reports", **bearer).json()["results"]] == [
        str(report.pk)
    ]


def test_the_api_refuses_with_a_code(client, organisation, auditor, system):
    _token, secret = access.create_personal_token(
        person=auditor, organisation=organisation, label="t", scopes=access.TOKEN_SCOPES, by=auditor, at=AT
    )
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    asked = {
        "system": system.slug,
        "start": END.isoformat(),
        "end": START.isoformat(),
        "frameworks": ["eu-ai-act"],
    }
    answer = client.post("/api/v1/reports", json.dumps(asked), content_type="application/json", **bearer)
    assert (answer.status_code, answer.json()["code"]) == (422, "window_empty")
