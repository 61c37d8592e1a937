"""OpenTelemetry log records: what becomes of them, in both encodings of OTLP."""

import json

import pytest
from edgewise.record import Problem
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

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


def packed_message(text):
    """The same request in protobuf; hexadecimal ids are what OTLP makes of base64."""
    found = otlp._with_bytes(json.loads(text))
    return json_format.ParseDict(
        found, ExportLogsServiceRequest(), ignore_unknown_fields=True
    ).SerializeToString()


def records(body, kind):
    return list(otlp.records(body, kind, system="assistant", largest=10_000))


def unwrapped(record):
    """What the record becomes, the same from both encodings."""
    text = json.dumps(message(record)).encode()
    one, other = records(text, otlp.JSON), records(packed_message(text), otlp.PROTOBUF)
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
        (log_record('{"id": "\\ud800"}'), "malformed"),
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
        records(body, kind)


def test_unknown_fields_are_ignored():
    text = json.dumps({"new": 1, **message(log_record(RECORD, future=True))}).encode()
    assert len(records(text, otlp.JSON)) == 1
    later = b"\x18\x05\x19" + bytes(8) + b"\x25" + bytes(4) + b"\x7a\x01x"
    assert len(records(later + packed_message(text) + later, otlp.PROTOBUF)) == 1


def test_a_resource_may_follow_its_records_and_come_in_parts():
    """Merging two parts of a message is appending their bytes, says the encoding."""
    record = LogRecord(event_name=otlp.EVENT, body=AnyValue(string_value=json.dumps(RECORD)))
    scope = b"\x12" + _sized(b"\x12" + _sized(record.SerializeToString()))
    pair = KeyValue(key="service.version", value=AnyValue(string_value="9"))
    parts = [Resource(dropped_attributes_count=1), Resource(attributes=[pair])]
    body = b"\x0a" + _sized(scope + b"".join(b"\x0a" + _sized(each.SerializeToString()) for each in parts))
    assert [json.loads(each)["model_version"] for each in records(body, otlp.PROTOBUF)] == ["9"]


@pytest.mark.parametrize("kind", [otlp.PROTOBUF, otlp.JSON])
def test_a_resource_is_read_once_and_not_for_each_of_its_log_records(monkeypatch, kind):
    """Of 39,000 attributes and 5,000 log records it took a processor for minutes, from three kilobytes packed."""
    asked, stated = [], otlp._stated
    monkeypatch.setattr(otlp, "_stated", lambda resource, name: asked.append(name) or stated(resource, name))
    text = json.dumps(message(*[log_record(RECORD)] * 50)).encode()
    found = records(packed_message(text) if kind == otlp.PROTOBUF else text, kind)
    assert {json.loads(each)["model_version"] for each in found} == {"2.1"}
    assert (len(found), len(asked)) == (50, 2)


def _sized(content):
    size, head = len(content), b""
    while size > 127:
        head += bytes([size & 127 | 128])
        size >>= 7
    return head + bytes([size]) + content


NOTHING = [b"\x0a\x00" * 200_000, b"\x0a" + _sized(b"\x12\x00" * 200_000)]
HALVES = [b"\x0a\x05", b"\x0b", b"\xff" * 12, b"\x08", b"\x0a"]


@pytest.mark.parametrize("body", NOTHING + HALVES)
def test_a_message_of_nothing_or_of_half_a_field_is_unreadable(body):
    with pytest.raises(otlp.Unreadable):
        records(body, otlp.PROTOBUF)


def test_a_log_record_far_too_large_is_refused_unread_and_costs_nobody_else():
    text = json.dumps(message(log_record("x" * 10_001), log_record(RECORD))).encode()
    one, other = records(packed_message(text), otlp.PROTOBUF)
    assert (one.code, json.loads(other)["id"]) == ("too_large", "x")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"edgewise.lost_total": 7, "edgewise.process": "p"}, ("p", "7")),
        ({"edgewise.lost_total": "7"}, ("pod-1", "7")),
        ({"edgewise.lost_total": True, "edgewise.process": ["p"]}, ("['p']", "True")),
        ({}, ("pod-1", "")),
    ],
)
def test_a_report_of_lost_decisions_is_read_as_it_stands(attributes, expected):
    sent = message({"eventName": otlp.LOST, "attributes": pairs(attributes)})
    resource = sent["resourceLogs"][0]["resource"]
    resource["attributes"] += pairs({"service.instance.id": "pod-1"})
    text = json.dumps(sent).encode()
    assert records(text, otlp.JSON) == records(packed_message(text), otlp.PROTOBUF) == [expected]


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
