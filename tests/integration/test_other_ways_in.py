"""Decisions that come as CloudEvents or as OpenTelemetry logs: the same checks, the same log."""

import gzip
import json
import uuid

import pytest
from django.utils import timezone
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from audits.decisions import cloudevents, intake, otlp, streaming, throttling
from audits.decisions.models import Decision
from audits.ledger import selectors as ledger
from governance.access import services as access
from tests.unit.audits.decisions import worlds
from tests.unit.audits.decisions.test_otlp import log_record, message, packed_message

TRACE = 0x0AF7651916CD43DD8448EB211C80319C
SPAN = 0xB7AD6B7169203331


@pytest.fixture
def world(db):
    return worlds.make()


def event(world, number=1, **changes):
    record = world.record()
    identity, moment = record.pop("id"), record.pop("occurred_at")
    made = {"specversion": "1.0", "id": identity, "time": moment, "source": f"/models/{number}"}
    return {**made, "type": cloudevents.TYPE, "data": record, **changes}


def test_one_event_is_logged_like_one_record(client, world):
    sent = event(world)
    answer = world.post(client, sent, content_type=f"{cloudevents.STRUCTURED}; charset=utf-8")
    (item,) = answer.json()["items"]
    assert (answer.status_code, item["id"], item["status"]) == (201, sent["id"], "logged")
    assert item["entry"]
    plain = {**sent["data"], "id": sent["id"], "occurred_at": sent["time"]}
    again = world.post(client, plain).json()["items"][0]
    assert (again["status"], again["index"], again["entry"]) == ("duplicate", item["index"], item["entry"])


def test_a_batch_of_events_is_answered_one_by_one(client, world):
    events = [event(world), event(world, type="com.example.order"), event(world, id="order-7")]
    events.append(event(world, data={**events[0]["data"], "policy": {"version": 99, "digest": "00"}}))
    answer = world.post(client, events, content_type=cloudevents.BATCHED)
    items = answer.json()["items"]
    assert answer.status_code == 207
    assert [item["status"] for item in items] == ["logged", "rejected", "logged", "rejected"]
    assert [item["error"]["code"] for item in items[1::2]] == ["not_a_decision", "unknown_policy"]
    again = world.post(client, events[2:3], content_type=cloudevents.BATCHED).json()["items"][0]
    assert (again["status"], again["id"]) == ("duplicate", items[2]["id"])


def test_an_event_in_headers_is_logged(client, world):
    sent = event(world)
    names = ("specversion", "type", "source", "id", "time")
    headers = {f"HTTP_CE_{name.upper()}": sent[name] for name in names}
    answer = world.post(client, sent["data"], **headers)
    assert (answer.status_code, answer.json()["items"][0]["id"]) == (201, sent["id"])
    more = {"id": str(uuid.uuid4()), "occurred_at": sent["time"]}
    several = sent["data"] | more
    for body, kind in (([several], "application/json"), (json.dumps(several).encode(), streaming.NDJSON)):
        answer = world.post(client, body, content_type=kind, **headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
        assert cloudevents.BATCHED in answer.json()["detail"]
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("kind", cloudevents.MODES)
def test_an_event_in_the_wrong_mode_is_malformed(client, world, kind):
    body = [event(world)] if kind == cloudevents.STRUCTURED else event(world)
    answer = world.post(client, body, content_type=kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert Decision.objects.count() == 0


def export(client, world, body, kind=otlp.PROTOBUF, **extra):
    """POST /v1/logs; the message of the answer."""
    headers = {**world.bearer, **extra}
    return client.post("/v1/logs", body, content_type=kind, **headers)


def packed(*records):
    return packed_message(json.dumps(message(*records)).encode())


@pytest.mark.parametrize("kind", [otlp.PROTOBUF, otlp.JSON])
def test_log_records_are_logged_and_the_rest_is_counted(client, world, kind):
    records = [
        log_record(world.record()),
        log_record("hello", eventName=""),
        log_record(world.record(chosen="ban")),
    ]
    body = packed(*records) if kind == otlp.PROTOBUF else json.dumps(message(*records)).encode()
    answer = export(client, world, gzip.compress(body), kind, HTTP_CONTENT_ENCODING="gzip")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    if kind == otlp.PROTOBUF:
        partial = ExportLogsServiceResponse.FromString(answer.content).partial_success
        rejected, reasons = partial.rejected_log_records, partial.error_message
    else:
        partial = answer.json()["partialSuccess"]
        rejected, reasons = int(partial["rejectedLogRecords"]), partial["errorMessage"]
    assert rejected == 2
    assert "1 x not_a_decision" in reasons
    assert "1 x chosen_not_an_option: /chosen" in reasons
    assert Decision.objects.count() == 1


def test_sending_again_logs_nothing_twice_and_rejects_nothing(client, world):
    body = packed(log_record(world.record()))
    assert [export(client, world, body).content for _ in range(2)] == [b"", b""]
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"body": b"\xff"}, 400, 3),
        ({"body": b"not gzip", "HTTP_CONTENT_ENCODING": "gzip"}, 400, 3),
        ({"body": b" " * (intake.MAX_BYTES + 1)}, 413, 3),
        ({"HTTP_CONTENT_ENCODING": "br"}, 415, 3),
        ({"HTTP_AUTHORIZATION": "Bearer ew_wrong"}, 401, 16),
    ],
)
def test_a_request_that_cannot_be_taken_is_answered_with_a_status(client, world, changes, status, code):
    answer = export(client, world, changes.pop("body", packed()), **changes)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, otlp.PROTOBUF)
    found = Status.FromString(answer.content)
    assert found.code == code
    assert ": " in found.message


def test_other_encodings_and_keys_without_the_scope_are_refused(client, world):
    assert export(client, world, b"", "text/csv").status_code == 415
    _key, secret = access.create_api_key(
        system=world.system, label="reads", scopes=("policy:read",), by=None, at=timezone.now()
    )
    answer = export(client, world, b"{}", otlp.JSON, HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert (answer.status_code, answer.json()["code"]) == (403, 7)


@pytest.mark.parametrize("accept", ["application/x-protobuf", "text/html", "nonsense"])
def test_the_answer_is_in_the_encoding_of_the_request_whatever_is_accepted(client, world, accept):
    answer = export(client, world, packed(log_record(world.record())), HTTP_ACCEPT=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, otlp.PROTOBUF)
    assert export(client, world, b"\xff", HTTP_ACCEPT=accept).status_code == 400


def test_more_log_records_than_a_request_may_carry(client, world, monkeypatch):
    monkeypatch.setattr(intake, "MAX_RECORDS", 1)
    assert export(client, world, packed(log_record({}), log_record({}))).status_code == 413
    assert Decision.objects.count() == 0


def test_who_exports_too_often_is_told_when_to_come_back(client, world, monkeypatch):
    monkeypatch.setattr(throttling, "RATE", 1.0)
    throttling._buckets.clear()
    answers = [export(client, world, packed()) for _ in range(3)]
    throttling._buckets.clear()
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert Status.FromString(answers[-1].content).code == 8


def test_the_exporter_of_opentelemetry_is_understood(live_edgewise):
    world = worlds.make("exporting")
    headers = {"Authorization": f"Bearer {world.secret}"}
    exporter = OTLPLogExporter(
        endpoint=f"{live_edgewise.url}/v1/logs", headers=headers, compression=Compression.Gzip
    )
    provider = LoggerProvider(Resource({"service.version": "3.1"}), shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    record = {
        name: value for name, value in world.record().items() if name not in ("model_version", "occurred_at")
    }
    for body in (record, {**record, "chosen": "ban"}):
        moment = int(timezone.now().timestamp() * 1e9)
        sent = LogRecord(timestamp=moment, event_name=otlp.EVENT, body=body, trace_id=TRACE, span_id=SPAN)
        provider.get_logger("models").emit(sent)
    provider.shutdown()
    logged = Decision.objects.get(system=world.system)
    assert (str(logged.uuid), logged.model_version) == (record["id"], "3.1")
    entry = ledger.entry(
        log=ledger.log_of(organisation=world.organisation, system=world.system), index=logged.index
    )
    assert json.loads(entry)["record"]["trace_id"] == f"{TRACE:032x}"
