"""The whole way: asked for, made by the worker's task, downloaded, recomputed."""

import json

import pytest
from edgewise import notes

from audits.ledger import selectors as ledger
from audits.ledger import signer
from audits.reports import gathering, services, tasks
from governance.jobs import services as jobs
from governance.jobs.models import Job
from tests.unit.audits.reports.conftest import AT
from tests.unit.audits.reports.recomputing import recompute


@pytest.fixture
def made(report, auditor):
    tasks.render(str(report.job_id))
    report.refresh_from_db()
    assert report.state == "finished", Job.objects.get(pk=report.job_id).error
    return services.download(report=report, by=auditor, at=AT)


def test_the_worker_makes_the_report(made, report):
    assert made.startswith(b"%PDF-1.7")
    assert Job.objects.get(pk=report.job_id).state == Job.State.DONE
    assert recompute(made) > 15


def test_the_five_controls_have_a_status_and_their_query(made, report):
    body = json.loads(report.manifest)["body"]
    rows = body["summary"]
    assert [row["status"] for row in rows] == [
        "no evidence",
        "no evidence",
        "no evidence",
        "no evidence",
        "partial",
    ]
    assert all(len(row["hash"]) == 9 for row in rows)
    weights = next(each for each in body["frameworks"][0]["controls"] if each["query"] == "weights_in_force")
    assert "set without a vote" in weights["finding"]


def test_its_manifest_holds_the_signed_state_that_its_pages_quote(report, system):
    """As the log signed it: an ML-DSA signature made again would be another."""
    assert gathering.freeze(report, cut=AT).manifest["checkpoint"] is None
    signer.publish_all(at=AT)
    frozen = gathering.freeze(report, cut=AT)
    log = ledger.log_of(organisation=report.organisation, system=system)
    quoted = frozen.manifest["checkpoint"]
    sealed = notes.open_checkpoint(quoted["note"], ledger.vkeys(log=log))
    assert sealed.root.hex() in json.dumps(frozen.manifest["body"])
    assert quoted == {
        "origin": sealed.origin,
        "size": sealed.size,
        "root": sealed.root.hex(),
        "note": ledger.latest_checkpoint(log=log).note,
    }


def test_its_hash_is_in_the_log(made, report, organisation):
    (event,) = ledger.events(organisation=organisation, subject=f"report:{report.pk}", type="report.finished")
    assert report.pdf_sha256.encode() in ledger.entry(log=event.log, index=event.index)


def test_a_job_that_keeps_failing_fails_the_report(report, monkeypatch):
    monkeypatch.setattr(tasks.gathering, "freeze", None)
    for _attempt in range(jobs.MAX_ATTEMPTS):
        tasks.render(str(report.job_id))
    report.refresh_from_db()
    assert (report.state, report.error.partition(":")[0]) == ("failed", "TypeError")
