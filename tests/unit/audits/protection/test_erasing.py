"""Erasure: what goes, what stays, what is told, and what is refused."""

import json

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from edgewise.encoding import to_base64

from audits.decisions import assessing, explaining, feedback, findings, opening, selectors
from audits.decisions import services as decisions
from audits.decisions.models import Assessment, Decision, DecisionId, Feedback, Finding
from audits.ledger import sealing, signer, verification
from audits.ledger import selectors as ledger
from audits.ledger.models import DataKey, SealedFacts
from audits.protection import destroying, erasing, erasure_list, subjects, tasks
from audits.protection.models import Erasure
from audits.reports import services as reports
from audits.reports import tasks as report_tasks
from audits.reports.models import Report
from governance.access.models import ApiKey
from governance.jobs.models import Job
from tests.unit.audits.decisions import worlds
from tests.unit.audits.protection.conftest import AT, about, log


def request(world, ref="ada"):
    return erasing.request(organisation=world.organisation, reference=ref, by=world.people["owner"], at=AT)


def erase(world, ref="ada"):
    return erasing.execute(erasure=request(world, ref), at=AT)


def entries(world, kind, *, system=None):
    found = ledger.events(organisation=world.organisation, system=system, type=kind)
    return [json.loads(ledger.entry(log=event.log, index=event.index)) for event in found]


def test_what_is_sealed_goes_and_the_rest_stays(world):
    ada, bob = log(world, about(world, "ada"), about(world, "bob"))
    erase(world)
    gone = Decision.objects.get(system=world.system, index=ada)
    assert (gone.sealed, gone.groups, gone.weights, gone.data_key_id) == (None,) * 4
    assert DecisionId.objects.get(system=world.system, uuid=gone.uuid).fingerprint is None
    assert (gone.chosen, gone.context) == ("label", {"community": "de"})
    assert opening.opened(system=world.system, decision=gone) == {"salts": {}, "values": {}}
    kept = selectors.at(system=world.system, index=bob)
    assert opening.opened(system=world.system, decision=kept)["values"]["/subject"]["ref"] == "bob"
    assert kept.groups == {"age_band": "18-24"}
    key = sealing.find(organisation=world.organisation, reference="subject:ada")
    assert (key.wrapped, key.destroyed_at) == (None, AT)


def test_the_log_still_verifies_and_tells_where_but_not_who(world):
    places = log(world, about(world, "ada"), about(world, "ada"), world.record(), about(world, "ada"))
    erasure = erase(world)
    (entry,) = entries(world, "erasure", system=world.system)
    assert entry["facts"] == {"records": 3, "entries": [[places[0], places[1]], [places[3], places[3]]]}
    assert entry["subject"] == f"erasure:{erasure.pk}"
    assert [entry["facts"] for entry in entries(world, "erasure.executed")] == [{"records": 3, "answers": []}]
    pseudonym = sealing.pseudonym(organisation=world.organisation, reference="subject:ada")
    for text in ("ada", pseudonym.hex(), to_base64(pseudonym)):
        assert not ledger.events(organisation=world.organisation, text=text)
        assert not ledger.events(organisation=world.organisation, system=world.system, text=text)
    signer.publish_all(at=AT)
    for each in ledger.logs(organisation=world.organisation):
        verification.verify(log=each)


def test_margins_under_a_persons_own_weights_go_with_the_weights(world):
    """From a margin and the scores somebody's weights can be computed; the verdicts stay."""
    ada, plain = log(world, about(world, "ada"), about(world, "eve", weights=None) | {"weights": None})
    assessing.catch_up(system=world.system, at=AT)
    before = Assessment.objects.get(system=world.system, index=ada)
    assert before.driving_edge == "expression"
    erase(world)
    after = Assessment.objects.get(system=world.system, index=ada)
    assert (after.margin, after.driving_edge, after.runner_up, after.confidence) == (None,) * 4
    assert after.verdicts == before.verdicts
    table = selectors.in_window(system=world.system)
    (row,) = [row for row in range(len(table)) if table.index[row] == ada]
    assert not table.driving[row].any()
    assert np.isnan(table.margin[row])
    (other,) = [row for row in range(len(table)) if table.index[row] == plain]
    assert table.driving[other].any()


def test_columns_without_the_subject_are_neither_read_nor_written(world, monkeypatch):
    """A long log has thousands of segments, megabytes each: one of the subject's is in memory at a time."""
    monkeypatch.setattr(assessing, "CHUNK", 3)
    people = ["ada", "bob", "bob"] + ["bob"] * 6 + ["bob", "ada", "ada"]
    places = log(world, *(about(world, ref) for ref in people))
    assessing.catch_up(system=world.system, at=AT)
    before = versions_of_segments(world)
    assert len(before) == 4
    with CaptureQueriesContext(connection) as asked:
        erase(world)
    changed = [first for first, version in versions_of_segments(world).items() if version != before[first]]
    assert changed == [places[0], places[9]]
    touching = [each["sql"] for each in asked if 'FROM "audits_segment"' in each["sql"]]
    assert [sql.count('"audits_segment"."data"') for sql in touching] == [0, 1, 1]
    table = selectors.in_window(system=world.system)
    assert list(table.index[np.isnan(table.margin)]) == [places[0], places[10], places[11]]


def versions_of_segments(world):
    """Which transaction wrote each segment, and where it stands in the file: both change with every write."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first, xmin::text, ctid::text FROM audits_segment WHERE system_id = %s ORDER BY first",
            [world.system.pk],
        )
        return {first: version for first, *version in cursor.fetchall()}


def test_an_explanation_does_not_pass_the_policys_weights_for_the_persons_own(world):
    (ada,) = log(world, about(world, "ada"))
    erase(world)
    told = explaining.explain(decision=selectors.at(system=world.system, index=ada))
    assert told.attribution is None
    assert "no longer kept" in explaining.in_words(told)


def test_what_is_not_assessed_yet_is_assessed_before_its_weights_go(world):
    """Judged under the policy's weights it would be a wrong choice, which it was not."""
    options = [worlds.option("label", (0.2, 0.8, 0.9)), worlds.option("remove", (0.9, 0.8, 0.4))]
    (ada,) = log(world, about(world, "ada", options=options))
    erase(world)
    assert "wrong_choice" not in Assessment.objects.get(system=world.system, index=ada).verdicts


def test_feedback_keeps_its_outcome_and_loses_its_group(world):
    (ada,) = log(world, about(world, "ada"))
    decision = selectors.at(system=world.system, index=ada)
    feedback.give(decision=decision, by=ApiKey.objects.get(), at=AT, satisfaction=0.5, group="young people")
    erase(world)
    row = Feedback.objects.get(system=world.system, index=ada)
    assert (row.satisfaction, row.group) == (0.5, "")


def test_an_answer_that_names_the_subject_is_emptied_and_others_are_kept(world):
    log(world, about(world, "ada-77"))
    answers = ["We wrote to ada-77.", "A rule was wrong."]
    made = [answered(world, answer) for answer in answers]
    assert SealedFacts.objects.count() == 2
    erase(world, "ada-77")
    assert "ada" not in Finding.objects.get(pk=made[0].pk).answer
    assert Finding.objects.get(pk=made[1].pk).answer == answers[1]
    (left,) = SealedFacts.objects.all()
    assert ledger.opened(log=left.log, index=left.index)["answer"]["value"] == answers[1]


def answered(world, answer):
    """A finding closed with this answer."""
    finding = Finding.objects.create(
        system=world.system, verdict="partial", due_on=AT.date(), decisions=1, first_index=0, last_index=0,
        opened_at=AT,
    )  # fmt: skip
    return findings.close(finding=finding, answer=answer, by=world.people["owner"], at=AT)


def replay_all(settings):
    """What a restore does with the list; how many subjects."""
    return sum(
        erasing.replay(erased=each, at=AT) is not None
        for each in erasure_list.standing(settings.EDGEWISE_ERASURE_LIST)
    )


@pytest.mark.parametrize("records", [1, 0])
def test_an_answer_that_names_the_subject_is_emptied_again_after_a_restore(world, settings, records):
    """The database is as it was before anybody asked, with or without the person's records; the list is of today."""
    finding, other = answered(world, "We wrote to ada-77."), answered(world, "A rule was wrong.")
    for _each in range(records):
        log(world, about(world, "ada-77"))
    with transaction.atomic():
        log(world, about(world, "ada-77"))
        erase(world, "ada-77")
        assert "ada" not in Finding.objects.get(pk=finding.pk).answer
        transaction.set_rollback(True)
    assert "ada" in Finding.objects.get(pk=finding.pk).answer
    assert replay_all(settings) == 1
    assert "ada" not in Finding.objects.get(pk=finding.pk).answer
    (left,) = SealedFacts.objects.all()
    assert ledger.opened(log=left.log, index=left.index)["answer"]["value"] == other.answer
    assert [entry["facts"]["records"] for entry in entries(world, "erasure.replayed")] == [records]
    assert replay_all(settings) == 0


def test_another_finding_with_the_number_of_an_emptied_one_keeps_its_answer(world, settings):
    """After a restore to before it was opened the number is given again."""
    finding = answered(world, "We wrote to ada-77.")
    with transaction.atomic():
        log(world, about(world, "ada-77"))
        erase(world, "ada-77")
        transaction.set_rollback(True)
    later = AT + worlds.dt.timedelta(days=1)
    Finding.objects.filter(pk=finding.pk).update(answer="A rule was wrong.", closed_at=later)
    assert replay_all(settings) == 0
    assert Finding.objects.get(pk=finding.pk).answer == "A rule was wrong."


def test_an_explanation_document_is_destroyed_and_its_hash_stays(world, django_capture_on_commit_callbacks):
    (ada,) = log(world, about(world, "ada"))
    decision = selectors.at(system=world.system, index=ada)
    report = reports.request(
        organisation=world.organisation, kind="explanation", subject=str(decision.uuid),
        by=world.people["auditor"], at=AT,
    )  # fmt: skip
    report_tasks.render(job_id=str(report.job_id))
    report = Report.objects.get(pk=report.pk)
    place = report.file.path
    assert report.state == "finished"
    assert "0.8" in report.manifest
    erase(world)
    after = Report.objects.get(pk=report.pk)
    assert (after.state, after.manifest, str(after.file)) == ("erased", "", "")
    assert after.pdf_sha256 == report.pdf_sha256
    assert not report.file.storage.exists(place)
    with pytest.raises(reports.ReportErased):
        reports.download(report=after, by=world.people["auditor"], at=AT)
    assert [entry["facts"] for entry in entries(world, "report.erased")] == [{"sha256": report.pdf_sha256}]
    again = reports.request(
        organisation=world.organisation, kind="explanation", subject=str(decision.uuid),
        by=world.people["auditor"], at=AT,
    )  # fmt: skip
    report_tasks.render(job_id=str(again.job_id))
    again = Report.objects.get(pk=again.pk)
    assert again.state == "finished"
    assert "no longer kept" in again.manifest


def test_a_document_that_is_being_made_is_begun_anew(world):
    """It may have read the weights before they went."""
    (ada,) = log(world, about(world, "ada"))
    decision = selectors.at(system=world.system, index=ada)
    report = reports.request(
        organisation=world.organisation, kind="explanation", subject=str(decision.uuid),
        by=world.people["auditor"], at=AT,
    )  # fmt: skip
    reports.begin(report=report, at=AT)
    erase(world)
    with pytest.raises(reports.NotRendering):
        reports.finish(report=report, manifest={"body": {}}, pdf=b"%PDF", at=AT)


def test_an_erased_id_is_a_duplicate_and_the_subject_takes_nothing_new(world):
    record = about(world, "ada")
    (place,) = log(world, record)
    erase(world)

    def post(each):
        raw = json.dumps(each).encode()
        (outcome,) = decisions.log(system=world.system, records=[raw], at=AT)
        return outcome

    again = post(record)
    assert (again.status, again.index, again.salts) == ("duplicate", place, {})
    changed = post({**record, "subject": {"ref": "somebody else"}})
    assert (changed.status, changed.index) == ("duplicate", place)
    assert post(about(world, "ada")).problem.code == "erased"
    assert post(world.record()).status == "logged"


def test_the_erasure_list_names_nobody_and_says_whose_key_it_was(world, settings):
    log(world, about(world, "ada"))
    erase(world)
    (line,) = erasure_list.read(settings.EDGEWISE_ERASURE_LIST)
    pseudonym = sealing.pseudonym(organisation=world.organisation, reference="subject:ada")
    assert line == erasure_list.Erased(AT, "north", pseudonym)
    assert "ada" not in settings.EDGEWISE_ERASURE_LIST.read_text()
    assert settings.EDGEWISE_ERASURE_LIST.stat().st_mode & 0o777 == 0o600


def test_the_erasure_list_says_which_answers_went_too(world, settings):
    log(world, about(world, "ada-77"))
    finding = answered(world, "We wrote to ada-77.")
    erase(world, "ada-77")
    (line,) = erasure_list.read(settings.EDGEWISE_ERASURE_LIST)
    assert line.answers == ((finding.pk, AT),)
    assert "ada" not in settings.EDGEWISE_ERASURE_LIST.read_text()


def test_nothing_is_erased_that_cannot_be_listed(world, settings, tmp_path):
    """A disk that is full: the erasure waits, whole."""
    (tmp_path / "file").write_text("in the way")
    settings.EDGEWISE_ERASURE_LIST = tmp_path / "file" / "list"
    (ada,) = log(world, about(world, "ada"))
    erasure = request(world)
    with pytest.raises(OSError, match="file"), transaction.atomic():
        erasing.execute(erasure=erasure, at=AT)
    assert Decision.objects.get(system=world.system, index=ada).sealed is not None
    assert Erasure.objects.get().state == Erasure.State.REQUESTED


def test_nothing_is_erased_when_the_trail_refuses(world, settings):
    (ada,) = log(world, about(world, "ada"))
    erasure = request(world)
    settings.GOVERNANCE_TRAIL = f"{__name__}.away"
    with pytest.raises(OSError, match="away"), transaction.atomic():
        erasing.execute(erasure=erasure, at=AT)
    assert Decision.objects.get(system=world.system, index=ada).sealed is not None
    assert Erasure.objects.get().state == Erasure.State.REQUESTED


def away(events):
    """A trail that is away."""
    raise OSError("the log is away")


def test_the_worker_executes_and_the_sweep_takes_up_what_was_left(world):
    log(world, about(world, "ada"))
    erasure = request(world)
    Job.objects.filter(pk=erasure.job_id).update(state=Job.State.FAILED)
    assert tasks.sweep() == 1
    again = Erasure.objects.get()
    assert again.job_id != erasure.job_id
    tasks.erase(job_id=str(again.job_id))
    assert Erasure.objects.get().state == Erasure.State.EXECUTED
    assert tasks.sweep() == 0


def test_executing_twice_erases_once(world):
    log(world, about(world, "ada"))
    erasure = request(world)
    erasing.execute(erasure=erasure, at=AT)
    erasing.execute(erasure=erasure, at=AT)
    assert len(entries(world, "erasure", system=world.system)) == 1


@pytest.mark.parametrize(
    ("ref", "refusal"),
    [("", subjects.SubjectMissing), ("  ", subjects.SubjectMissing), ("nobody", subjects.SubjectUnknown)],
)
def test_a_request_about_nobody_is_refused(world, ref, refusal):
    with pytest.raises(refusal):
        request(world, ref)
    assert not Erasure.objects.exists()


def test_a_subject_is_asked_for_once(world):
    log(world, about(world, "ada"))
    erasure = request(world)
    with pytest.raises(erasing.ErasureOpen):
        request(world)
    with pytest.raises(IntegrityError, match="subject_has_one_open_erasure"), transaction.atomic():
        Erasure.objects.create(
            organisation=world.organisation, pseudonym=erasure.pseudonym, requested_at=AT, due_on=AT.date()
        )
    erasing.execute(erasure=erasure, at=AT)
    with pytest.raises(subjects.AlreadyErased):
        request(world)


def test_an_executed_erasure_says_when_and_how_much(world):
    log(world, about(world, "ada"))
    erasure = request(world)
    with pytest.raises(IntegrityError, match="erasure_executed_says_when"), transaction.atomic():
        Erasure.objects.filter(pk=erasure.pk).update(state="executed")


def test_a_destroyed_key_is_never_put_back(world):
    log(world, about(world, "ada"))
    erase(world)
    with pytest.raises(IntegrityError, match="stays destroyed"), transaction.atomic():
        DataKey.objects.filter(wrapped__isnull=True).update(wrapped=b"key", destroyed_at=None)


def test_another_organisations_subject_of_the_same_name_is_untouched(world):
    other = worlds.make("south")
    (here,), (there,) = log(world, about(world, "ada")), log(other, about(other, "ada"))
    erase(world)
    assert Decision.objects.get(system=world.system, index=here).sealed is None
    assert Decision.objects.get(system=other.system, index=there).sealed is not None


def test_ranges_are_runs():
    assert list(destroying.ranges_of([1, 2, 3, 7, 9, 10])) == [[1, 3], [7, 7], [9, 10]]
    assert list(destroying.ranges_of([])) == []


def test_the_public_page_says_that_a_document_was_erased(world, client):
    (ada,) = log(world, about(world, "ada"))
    decision = selectors.at(system=world.system, index=ada)
    report = reports.request(
        organisation=world.organisation, kind="explanation", subject=str(decision.uuid),
        by=world.people["auditor"], at=AT,
    )  # fmt: skip
    report_tasks.render(job_id=str(report.job_id))
    erase(world)
    page = client.get(f"/verify/{report.pk}/")
    assert page.status_code == 200
    assert "was erased with the personal data it showed" in page.content.decode()


@pytest.mark.parametrize(("ref", "answer"), [("1", "We mended 118 records."), ("e", "A rule was wrong.")])
def test_an_answer_that_names_nobody_is_kept(world, ref, answer):
    """A short reference stands in many words."""
    log(world, about(world, ref))
    kept, named = answered(world, answer), answered(world, f"We wrote to {ref}.")
    erasure = erasing.request(organisation=world.organisation, reference=ref, by=world.people["owner"], at=AT)
    erasing.execute(erasure=erasure, at=AT)
    assert Finding.objects.get(pk=kept.pk).answer == answer
    assert ref not in Finding.objects.get(pk=named.pk).answer.split()
    (event,) = ledger.events(organisation=world.organisation, type="erasure.executed")
    assert f'"answers":[{named.pk}]' in ledger.entry(log=event.log, index=event.index).decode()


@pytest.mark.parametrize("form", ["{}", "urn:uuid:{}", "upper", "hex"])
def test_an_explanation_is_destroyed_however_its_decision_was_named(world, form):
    (ada,) = log(world, about(world, "ada"))
    identity = selectors.at(system=world.system, index=ada).uuid
    subject = {"upper": str(identity).upper(), "hex": identity.hex}.get(form) or form.format(identity)
    report = reports.request(
        organisation=world.organisation,
        kind="explanation",
        subject=subject,
        by=world.people["auditor"],
        at=AT,
    )
    report_tasks.render(job_id=str(report.job_id))
    erasure = erasing.request(
        organisation=world.organisation, reference="ada", by=world.people["owner"], at=AT
    )
    erasing.execute(erasure=erasure, at=AT)
    after = Report.objects.get(pk=report.pk)
    assert (after.state, after.manifest) == (Report.State.ERASED, "")
