"""Posting decision records: what is answered is what is in the log."""

import base64
import gzip
import io
import json
import uuid

import pytest
import zstandard
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from django.utils import timezone
from edgewise import record as sdk
from edgewise import sealing

from audits.decisions import api, opening, tasks
from audits.decisions.models import Decision, DecisionId
from audits.ledger import sealing as keys
from audits.ledger import selectors as ledger
from audits.ledger import services as ledger_services
from audits.ledger import verification
from audits.ledger.models import DataKey
from tests.unit.audits.decisions import worlds

pytestmark = pytest.mark.django_db
# What differs from row to row.
OWN = {"pk", "index", "uuid", "logged_at", "sealed", "occurred_at"}


@pytest.fixture
def world(db):
    return worlds.make()


def entry_of(world, index):
    log = ledger.log_of(organisation=world.organisation, system=world.system)
    return ledger.entry(log=log, index=index)


def test_a_record_posted_is_in_the_log_and_its_commitments_open(client, world):
    record = world.record(
        subject={"ref": "user-1", "groups": {"age_band": "18-24"}},
        rationale="It is rude, not harmful.",
        options=[
            worlds.option("label", (0.7, 0.8, 0.9), label="Label it"),
            worlds.option("remove", (0.9, 0.8, 0.1)),
        ],
    )
    response = world.post(client, record)
    assert response.status_code == 201
    (item,) = response.json()["items"]
    assert (item["status"], item["id"]) == ("logged", record["id"])
    entry = base64.b64decode(item["entry"])
    assert entry == entry_of(world, item["index"])
    assert set(item["salts"]) == {"/subject", "/input", "/rationale", "/options/0/label"}
    sealing.verify_covers(sdk.loads(entry), record, item["salts"])
    assert not any(secret in entry for secret in (b"user-1", b"rude", b"Label it"))


def test_a_few_records_are_stored_as_many_are(client, world):
    """A few go by INSERT, many by COPY: the rows are the same but for place, time and ciphertext."""

    def record(number):
        return world.record(
            id=str(uuid.UUID(int=number)),
            subject={"ref": "user-1", "groups": {"age_band": "18-24"}} if number % 2 else None,
            weights={"safety": 0.5, "privacy": 0.25, "expression": 0.25} if number % 3 else None,
            chosen=None if number % 5 == 0 else "label",
            disposition="refused" if number % 5 == 0 else "answered",
            context={"community": "de", "note": 'ä "quoted", {braces} and \\'},
        )

    def stored(numbers):
        assert world.post(client, [record(number) for number in numbers]).status_code == 201
        found = Decision.objects.filter(uuid__in=[uuid.UUID(int=number) for number in numbers])
        names = [f.name for f in Decision._meta.concrete_fields if f.name not in OWN]
        return [tuple(getattr(each, name) for name in names) for each in found.order_by("index")], found

    few, _rows = stored(range(1, 31))
    many, rows = stored(range(901, 901 + ledger_services.MOST_IN_ONE_STATEMENT + 8))
    assert few == many[:30]
    assert [len(bytes(each.sealed)) > 0 for each in rows] == [True] * len(many)
    log = ledger.log_of(organisation=world.organisation, system=world.system)
    assert verification.verify(log=log).size == rows.order_by("-index").first().index + 1
    ids = DecisionId.objects.filter(uuid__in=[uuid.UUID(int=number) for number in range(1, 31)])
    assert {len(bytes(each.fingerprint)) for each in ids} == {32}
    assert {each.index for each in ids} == set(range(ids.order_by("index").first().index, rows.first().index))


def test_reposting_returns_the_original_receipt(client, world):
    record = world.record(rationale="Because.")
    first = world.post(client, record).json()["items"][0]
    again = world.post(client, record)
    assert again.status_code == 201
    assert again.json()["items"][0] == {**first, "status": "duplicate"}


def test_the_same_id_with_other_content_is_a_conflict(client, world):
    record = world.record()
    world.post(client, record)
    response = world.post(client, {**record, "model_version": "2.0"})
    assert response.status_code == 409
    (item,) = response.json()["items"]
    assert (item["status"], item["error"]["code"]) == ("rejected", "conflicting_duplicate")


def test_one_bad_record_never_costs_the_good_ones_beside_it(client, world):
    twice = world.record()
    batch = [twice, world.record(system="other"), twice, {**twice, "chosen": "remove"}, world.record()]
    response = world.post(client, batch)
    assert response.status_code == 207
    items = response.json()["items"]
    assert [item["status"] for item in items] == ["logged", "rejected", "duplicate", "rejected", "logged"]
    assert items[0]["index"] == items[2]["index"]
    assert items[1]["error"]["code"] == "wrong_system"
    assert items[3]["error"]["code"] == "conflicting_duplicate"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bodies_may_be_compressed(client, world, encoding):
    data = json.dumps([world.record(), world.record()]).encode()
    packed = gzip.compress(data) if encoding == "gzip" else zstandard.compress(data)
    response = world.post(client, packed, HTTP_CONTENT_ENCODING=encoding)
    assert response.status_code == 201
    assert len(response.json()["items"]) == 2


def test_brief_leaves_out_entry_and_salts(client, world):
    (item,) = world.post(client, world.record(), query="?brief=1").json()["items"]
    assert set(item) == {"id", "status", "index", "leaf_hash"}


def test_a_body_of_no_stated_length_is_read_to_its_end(world):
    """Chunked bodies have no Content-Length; Django alone would take them for empty."""
    data = "\n".join(json.dumps(world.record()) for _ in range(3)).encode()
    request = RequestFactory().post(
        "/api/v1/decisions",
        data,
        content_type="application/x-ndjson",
        HTTP_AUTHORIZATION=f"Bearer {world.secret}",
    )
    del request.META["CONTENT_LENGTH"]
    request.META["wsgi.input"] = io.BytesIO(data)
    response = api.Decisions.as_view()(request)
    assert response.status_code == 201
    assert len(response.content.splitlines()) == 3


def test_the_command_logs_a_file_and_says_what_was_refused(world, tmp_path, capsys):
    path = tmp_path / "records.ndjson"
    records = [world.record(), world.record(), world.record(system="other")]
    path.write_text("\n".join(json.dumps(record) for record in records))
    options = {"organisation": "north", "system": "assistant"}
    with pytest.raises(CommandError, match="1 records were rejected"):
        call_command("ingest", path, **options)
    assert "2 logged, 0 duplicate, 1 rejected" in capsys.readouterr().out
    path.write_text(json.dumps(records[0]))
    call_command("ingest", path, **options)
    assert "0 logged, 1 duplicate" in capsys.readouterr().out


def test_what_was_logged_is_assessed_and_replayed_from_the_command_line(world, client, capsys):
    world.post(client, [world.record(), world.record()])
    assert tasks.assess_decisions() == 2
    weights = ["safety=9/10", "privacy=1/20", "expression=1/20"]
    call_command("replay", *weights, organisation="north", system="assistant")
    assert json.loads(capsys.readouterr().out)["flips"] == 2


def test_a_record_of_an_erased_subject_is_refused_and_others_are_kept(client, world):
    record = world.record(subject={"ref": "user-9"})
    world.post(client, record)
    key = keys.find(organisation=world.organisation, reference=opening.reference(world.system, "user-9"))
    DataKey.objects.filter(pk=key.pk).update(wrapped=None, destroyed_at=timezone.now())
    items = world.post(client, [world.record(subject={"ref": "user-9"}), world.record()]).json()["items"]
    assert [item["status"] for item in items] == ["rejected", "logged"]
    assert items[0]["error"]["code"] == "erased"
    assert "Drop the record" in items[0]["error"]["detail"]
    (again,) = world.post(client, record).json()["items"]
    assert (again["status"], again["salts"]) == ("duplicate", {})
