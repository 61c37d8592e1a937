"""OpenTelemetry log records: what becomes of them, in both encodings of OTLP."""

import json

import pytest
from edgewise.record import Problem
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from audits.decisions import otlp

NANO = 1_793_620_800_123_456_789
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def value(found):
    """An AnyValue in OTLP/JSON."""
    if found is None:
        return {}
    if isinstance(found, bool):
        return {"boolValue": found}
    if isinstance(found, int):
        return {"intValue": str(found)}
    if isinstance(found, float):
        return {"doubleValue": found}
    if isinstance(found, str):
        return {"stringValue": found}
    if isinstance(found, list):
        return {"arrayValue": {"values": [value(each) for each in found]}}
    return {"kvlistValue": {"values": pairs(found)}}


def pairs(found):
    return [{"key": name, "value": value(each)} for name, each in found.items()]


def log_record(body=None, attributes=None, **fields):
    more = {"body": value(body)} if body is not None else {}
    return {"eventName": otlp.EVENT, "attributes": pairs(attributes or {}), **more, **fields}


def message(*records, version="2.1"):
    resource = {"attributes": pairs({"service.name": "moderation", "service.version": version})}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": list(records)}]}]}


def unwrapped(record):
    """What the record becomes, the same from both encodings."""
    from_json = otlp.request(json.dumps(message(record)).encode(), otlp.JSON)
    from_protobuf = otlp.request(from_json.SerializeToString(), otlp.PROTOBUF)
    one, other = (list(otlp.records(each, system="assistant")) for each in (from_json, from_protobuf))
    assert one == other
    return one[0] if isinstance(one[0], Problem) else json.loads(one[0])


RECORD = {"id": "x", "chosen": None, "options": [{"id": "a", "edges": {"safety": 0.7, "privacy": 1}}]}


@pytest.mark.parametrize("body", [RECORD, json.dumps(RECORD)])
def test_the_body_is_the_record_as_a_map_or_as_json(body):
    found = unwrapped(log_record(body, timeUnixNano=str(NANO), traceId=TRACE, spanId=SPAN))
    assert found == {
        **RECORD,
        "system": "assistant",
        "model_version": "2.1",
        "occurred_at": "2026-11-02T12:00:00.123456+00:00",
        "trace_id": TRACE,
        "span_id": SPAN,
    }


def test_attributes_fill_what_the_body_lacks():
    attributes = {
        "edgewise.id": "from attributes",
        "edgewise.disposition": "answered",
        "edgewise.policy": '{"version": 1, "digest": "00"}',
        "edgewise.context.community": "de",
        "edgewise.rationale": "{not json",
        "log.record.uid": "0190d1c2-7b1f-7cc3-9a51-0d5c5f5a6b7c",
        "service.other": "left out",
    }
    found = unwrapped(log_record({"id": "x"}, attributes))
    assert found["id"] == "x"
    assert found["disposition"] == "answered"
    assert found["policy"] == {"version": 1, "digest": "00"}
    assert found["context"] == {"community": "de"}
    assert found["rationale"] == "{not json"
    assert unwrapped(log_record({}, attributes | {"edgewise.id": ""}))["id"] == ""
    del attributes["edgewise.id"]
    assert unwrapped(log_record({}, attributes))["id"] == attributes["log.record.uid"]


def test_an_older_exporter_names_the_event_in_an_attribute():
    record = log_record(RECORD, {"event.name": otlp.EVENT}, eventName="")
    assert unwrapped(record)["id"] == "x"


def test_ids_of_no_use_count_as_absent():
    found = unwrapped(log_record(RECORD, traceId="0" * 32, spanId="ab"))
    assert "trace_id" not in found
    assert "span_id" not in found


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (log_record(RECORD, eventName="user.login"), "not_a_decision"),
        (log_record(RECORD, eventName=""), "not_a_decision"),
        (log_record("plain words"), "malformed"),
        (log_record("[1]"), "malformed"),
        (log_record([1]), "malformed"),
        (log_record(RECORD, {"edgewise.policy": "{broken"}), "malformed"),
        (
            {"eventName": otlp.EVENT, "body": {"kvlistValue": {"values": [{"key": "a"}, {"key": "a"}]}}},
            "malformed",
        ),
    ],
)
def test_a_log_record_without_a_decision_is_refused(record, code):
    found = unwrapped(record)
    assert found.code == code
    assert found.detail


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xff", otlp.PROTOBUF),
        (b"{}", otlp.PROTOBUF),
        (b"{", otlp.JSON),
        (b"[]", otlp.JSON),
        (b'{"resourceLogs": 5}', otlp.JSON),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"traceId": "xyz"}]}]}]}', otlp.JSON),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "-1"}]}]}]}', otlp.JSON),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"eventName": "\\ud800"}]}]}]}', otlp.JSON),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": "\\ud800"}]}]}]}', otlp.JSON),
    ],
)
def test_what_is_no_request_is_unreadable(body, kind):
    with pytest.raises(otlp.Unreadable):
        otlp.request(body, kind)


def test_unknown_fields_are_ignored():
    found = otlp.request(
        json.dumps({"new": 1, **message(log_record(RECORD, future=True))}).encode(), otlp.JSON
    )
    assert len(list(otlp.records(found, system="assistant"))) == 1


def test_what_was_rejected_is_counted_with_each_reason_once():
    problems = [Problem("missing_field", "/id", "It is missing.", "Add it.")] * 2
    problems.append(Problem("not_a_decision", "", "No decision."))
    found = json.loads(otlp.encoded(otlp.response(problems), otlp.JSON))["partialSuccess"]
    assert found["rejectedLogRecords"] == "3"
    assert "2 x missing_field: /id It is missing. Add it." in found["errorMessage"]
    assert "1 x not_a_decision: No decision." in found["errorMessage"]
    assert otlp.encoded(otlp.response([]), otlp.PROTOBUF) == b""


def test_an_error_is_a_status_in_the_encoding_of_the_request():
    made = otlp.status(503, "busy", "Come back.")
    read = Status.FromString(otlp.encoded(made, otlp.PROTOBUF))
    assert (read.code, read.message) == (14, "busy: Come back.")
    assert json.loads(otlp.encoded(made, otlp.JSON)) == {"code": 14, "message": "busy: Come back."}
    assert json_format.Parse("{}", ExportLogsServiceResponse()) == otlp.response([])
