"""CloudEvents: what the event adds to the record, and why an event is refused."""

import base64
import json
import uuid

import pytest
from edgewise.record import SCHEMA, Problem

from audits.decisions import cloudevents

IDENTITY = "0190d1c2-7b1f-7cc3-9a51-0d5c5f5a6b7c"
READ = {"system": "assistant", "largest": 10_000}
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def event(**changes):
    made = {"specversion": "1.0", "id": IDENTITY, "source": "/models/a", "type": cloudevents.TYPE, "data": {}}
    return {name: value for name, value in {**made, **changes}.items() if value != "gone"}


def unwrapped(**changes):
    found = cloudevents.unwrapped(json.dumps(event(**changes)).encode(), **READ)
    return found if isinstance(found, Problem) else json.loads(found)


def test_what_the_record_lacks_comes_from_the_event():
    found = unwrapped(time="2026-11-02T12:00:00Z", traceparent=TRACEPARENT)
    assert found == {
        "id": IDENTITY,
        "occurred_at": "2026-11-02T12:00:00Z",
        "system": "assistant",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
    }


def test_what_the_record_says_stands():
    said = {"id": "x", "occurred_at": "then", "system": "other", "span_id": "mine", "chosen": None}
    assert unwrapped(time="2026-11-02T12:00:00Z", traceparent=TRACEPARENT, data=said) == said


def test_an_id_that_is_no_uuid_becomes_one_that_anybody_can_compute():
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, SCHEMA)
    assert unwrapped(id="42")["id"] == str(uuid.uuid5(namespace, '["/models/a", "42"]'))
    assert unwrapped(id="42")["id"] != unwrapped(id="42", source="/models/b")["id"]


def test_data_may_come_in_base64():
    packed = base64.b64encode(b'{"chosen": "a"}').decode()
    assert unwrapped(data="gone", data_base64=packed)["chosen"] == "a"


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"specversion": "0.3"}, "malformed", "/specversion"),
        ({"id": "gone"}, "malformed", "/id"),
        ({"source": ""}, "malformed", "/source"),
        ({"type": 1}, "malformed", "/type"),
        ({"type": "com.example.order"}, "not_a_decision", "/type"),
        ({"time": 5}, "malformed", "/time"),
        ({"datacontenttype": "text/xml"}, "malformed", "/datacontenttype"),
        ({"data": "gone"}, "malformed", "/data"),
        ({"data": [1]}, "malformed", "/data"),
        ({"data_base64": "%"}, "malformed", ""),
        ({"data_base64": 7}, "malformed", ""),
    ],
)
def test_an_event_that_is_refused_says_where(changes, code, pointer):
    found = unwrapped(**changes)
    assert (found.code, found.pointer) == (code, pointer)
    assert found.detail


HALF_A_PAIR = event(data="gone", data_base64=base64.b64encode(b'{"id": "\\ud800"}').decode())


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"id": 1, "id": 2}', b"[" * 9_999, json.dumps(HALF_A_PAIR).encode()]
)
def test_what_is_no_event_is_malformed(body):
    assert cloudevents.unwrapped(body, **READ).code == "malformed"


def test_binary_mode_has_its_attributes_in_headers():
    headers = {
        f"ce-{name}": value for name, value in event(source="/a%20b", id="7").items() if name != "data"
    }
    found = json.loads(cloudevents.binary(headers, b'{"chosen": "a"}', **READ))
    assert found["chosen"] == "a"
    assert found["id"] == unwrapped(id="7", source="/a b")["id"]
    assert cloudevents.binary({"ce-specversion": "1.0"}, b"{}", **READ).pointer == "/id"


def test_an_event_far_too_large_is_refused_unread():
    """In either mode: a record of so many bytes, or of so many keys, would not be logged anyway."""
    body = b'{"a": 1, "a": "' + b"x" * 10_000 + b'"}'
    assert cloudevents.unwrapped(body, **READ).code == "too_large"
    assert cloudevents.binary({}, body, **READ).code == "too_large"
