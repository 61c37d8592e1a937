"""Whatever arrives, the readers of the wire answer with a record, a problem or their own refusal, and nothing else."""

import contextlib
import gzip
import io
import json
import tracemalloc

import pytest
import zstandard
from edgewise.record import Problem
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.decisions import cloudevents, intake, otlp
from tests.unit.audits.decisions.test_cloudevents import event
from tests.unit.audits.decisions.test_otlp import log_record, message, packed_message

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
NAMES = st.sampled_from(["specversion", "id", "source", "type", "time", "traceparent", "data", "data_base64"])
OTLP_NAMES = st.sampled_from(
    ["eventName", "body", "attributes", "traceId", "spanId", "timeUnixNano", "flags"]
)
BODY = b'{"id": 1}\n' * 3_000


def damaged(data: bytes, draw) -> bytes:
    """Cut, flipped, doubled or spliced."""
    place = draw(st.integers(0, len(data) - 1))
    return {
        "cut": data[:place],
        "flip": data[:place] + bytes([data[place] ^ draw(st.integers(1, 255))]) + data[place + 1 :],
        "twice": data + data,
        "spliced": data[:place] + draw(st.binary(max_size=40)) + data[place:],
    }[draw(st.sampled_from(["cut", "flip", "twice", "spliced"]))]


@given(st.data(), st.sampled_from(["gzip", "zstd"]))
def test_a_damaged_stream_is_refused_or_read(data, encoding):
    packed = gzip.compress(BODY) if encoding == "gzip" else zstandard.compress(BODY)
    with contextlib.suppress(intake.Malformed):
        for group in intake.line_batches(
            intake.pieces(io.BytesIO(damaged(packed, data.draw)).read, encoding)
        ):
            assert len(group) <= intake.LINES_PER_COMMIT


@given(st.binary(max_size=2_000), st.sampled_from(["", "gzip", "zstd"]))
def test_any_bytes_are_refused_or_cut_into_records(body, encoding):
    with contextlib.suppress(intake.Malformed):
        intake.records(intake.pieces(io.BytesIO(body).read, encoding))


@given(st.binary(max_size=300) | JSON.map(lambda found: json.dumps(found).encode()))
def test_any_bytes_are_an_event_or_a_problem(body):
    assert isinstance(cloudevents.unwrapped(body, system="s", largest=1_000), bytes | Problem)
    assert isinstance(
        cloudevents.binary({"ce-specversion": "1.0"}, body, system="s", largest=1_000), bytes | Problem
    )


@given(st.dictionaries(NAMES, JSON | st.text(), max_size=3))
def test_any_attributes_make_an_event_or_a_problem(changes):
    body = json.dumps(event(**changes)).encode()
    assert isinstance(cloudevents.unwrapped(body, system="s", largest=1_000), bytes | Problem)


def _unwrapped(body: bytes, kind: str) -> None:
    try:
        found = list(otlp.records(body, kind, system="s", largest=1_000))
    except otlp.Unreadable:
        return
    assert all(isinstance(each, bytes | Problem) for each in found)


@given(st.data())
def test_a_damaged_otlp_message_is_refused_or_read(data):
    text = json.dumps(message(log_record({"id": "x", "options": [1, None, {"a": 0.5}]}))).encode()
    packed = packed_message(text)
    _unwrapped(damaged(packed, data.draw), otlp.PROTOBUF)
    _unwrapped(damaged(text, data.draw), otlp.JSON)


@given(st.dictionaries(OTLP_NAMES, JSON, max_size=3))
def test_any_log_record_is_refused_or_read(changes):
    _unwrapped(json.dumps(message({**log_record({"id": "x"}), **changes})).encode(), otlp.JSON)


@pytest.mark.parametrize("depth", [40, 90, 200, 5_000])
def test_a_deep_value_is_refused(depth):
    body = '{"arrayValue": {"values": [' * depth + '{"intValue": "1"}' + "]}}" * depth
    text = json.dumps(message({"eventName": otlp.EVENT, "body": "deep"})).replace('"deep"', body)
    _unwrapped(text.encode(), otlp.JSON)
    _unwrapped(b"[" * depth + b"]" * depth, otlp.JSON)
    assert isinstance(
        cloudevents.unwrapped(b"[" * depth + b"]" * depth, system="s", largest=1_000_000), Problem
    )


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(["gzip", "zstd"]), st.integers(1, 40))
def test_memory_is_bounded_however_much_unpacks(encoding, mebibytes):
    whole = b"\0" * (mebibytes * 1024 * 1024) + b"\n"
    packed = gzip.compress(whole, 1) if encoding == "gzip" else zstandard.compress(whole)
    del whole
    tracemalloc.start()
    try:
        groups = intake.line_batches(intake.pieces(io.BytesIO(packed).read, encoding))
        if mebibytes * 1024 * 1024 < intake.MAX_BYTES:
            assert list(groups) == [[None]]
        else:
            with pytest.raises(intake.TooLarge):
                list(groups)
        assert tracemalloc.get_traced_memory()[1] < 24 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_group_of_long_lines_is_committed_before_it_is_large():
    line = b"x" * (intake.MAX_LINE_BYTES - 1)
    sizes = [sum(map(len, group)) for group in intake.line_batches(iter([line + b"\n"] * 200))]
    assert max(sizes) < intake.BYTES_PER_COMMIT + intake.MAX_LINE_BYTES
    assert len(sizes) > 5
