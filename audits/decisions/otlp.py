"""OpenTelemetry log records that carry decisions (docs/otlp.md), and the messages of OTLP/HTTP in both encodings.

A log record named ``edgewise.decision`` carries one. Its record is the body, a map or its JSON; attributes
``edgewise.<field>`` and what OpenTelemetry knows anyway (time, trace, span, service version) fill what the body lacks.
Source: OTLP 1.x, https://opentelemetry.io/docs/specs/otlp/#otlphttp.
"""

import base64
import datetime as dt
import itertools
import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from edgewise import record as sdk
from edgewise.problems import malformed
from edgewise.record import Problem
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from audits.decisions import otlp_wire, wrapping
from audits.decisions.wrapping import Unwrapped

PROTOBUF, JSON = "application/x-protobuf", "application/json"
EVENT = "edgewise.decision"
LOST = "edgewise.lost"
PREFIX = "edgewise."
# Codes of google.rpc.Code for the HTTP statuses that are answered; anything else is UNKNOWN.
_CODES = {400: 3, 401: 16, 403: 7, 408: 4, 413: 3, 415: 3, 429: 8, 503: 14}
_UNKNOWN = 2
_DEEPEST = 32


class Lost(NamedTuple):
    """A report, as it stands: how many decisions a process of the model has lost so far."""

    process: str
    total: str


class Origin(NamedTuple):
    """What a resource says of all its log records: the model's version, and the process."""

    version: str | None
    process: str | None


class Unreadable(Exception):
    """The body is no ExportLogsServiceRequest."""


def records(body: bytes, kind: str, *, system: str, largest: int) -> Iterator[Unwrapped | Lost]:
    """The decision of each log record, in order, or a report of lost ones, or why it carries neither.

    ``system`` is the one that posts.

    Unreadable, at the first of them or later, if the body is no ExportLogsServiceRequest. Unknown fields are ignored,
    as OTLP asks. A log record of more than ``largest`` bytes is refused unread.
    """
    try:
        for origin, record in _split(body, largest) if kind == PROTOBUF else _parsed(body):
            if record is None:
                yield Problem(
                    "too_large", "", f"The log record has over {largest} bytes.", "Send less in it."
                )
            else:
                yield _unwrapped(record, origin, system)
    except (DecodeError, json_format.ParseError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def _split(body: bytes, largest: int) -> Iterator[tuple[Origin, LogRecord | None]]:
    for resource, pairs in itertools.groupby(otlp_wire.split(body), operator.itemgetter(0)):
        if len(resource) > largest:
            raise Unreadable(f"a resource has over {largest} bytes")
        origin = _origin(Resource.FromString(resource))
        for _resource, record in pairs:
            yield origin, LogRecord.FromString(record) if len(record) <= largest else None


def _parsed(body: bytes) -> Iterator[tuple[Origin, LogRecord]]:
    given = _with_bytes(sdk.loads(body))
    found = json_format.ParseDict(given, ExportLogsServiceRequest(), ignore_unknown_fields=True)
    for resource_logs in found.resource_logs:
        origin = _origin(resource_logs.resource)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                yield origin, record


def _origin(resource: Resource) -> Origin:
    """Read once for all log records of the resource: either may be large, or many."""
    attributes = resource.attributes
    return Origin(_stated(attributes, "service.version"), _stated(attributes, "service.instance.id"))


def _with_bytes(found: Any) -> Any:
    """OTLP writes trace and span ids in hex, where JSON of protobuf has base64."""
    if not isinstance(found, dict):
        raise Unreadable("not an object")
    for record in _each(found, ("resourceLogs", "scopeLogs", "logRecords")):
        for name in ("traceId", "spanId"):
            if isinstance(record.get(name), str):
                record[name] = _base64_of_hex(record[name], name)
    return found


def _each(holder: Mapping[str, Any], path: Sequence[str]) -> Iterator[dict[str, Any]]:
    inner = holder.get(path[0])
    for item in inner if isinstance(inner, list) else []:
        if isinstance(item, dict):
            yield from _each(item, path[1:]) if path[1:] else [item]


def _base64_of_hex(text: str, name: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(text)).decode()
    except ValueError:
        raise Unreadable(f"{name} is not hexadecimal") from None


def _stated(resource: Iterable[KeyValue], name: str) -> str | None:
    """The text of a resource's attribute."""
    return next((pair.value.string_value for pair in resource if pair.key == name), None) or None


def _unwrapped(record: LogRecord, origin: Origin, system: str) -> Unwrapped | Lost:
    try:
        attributes = _map(record.attributes, 0)
        events = (record.event_name, attributes.get("event.name"))
        if LOST in events:
            return _lost(attributes, origin)
        if EVENT not in events:
            return wrapping.no_decision(
                f"The log record's event name is not {EVENT}.", "Export only decisions here."
            )
        found = _attributes(attributes) | _body(record)
    except sdk.MalformedJSONError as error:
        return malformed("", f"The log record holds no record: {error}.", "See docs/otlp.md.")
    uid = attributes.get("log.record.uid")
    known = {
        "id": wrapping.identifier("", uid) if isinstance(uid, str) and uid else None,
        "occurred_at": _moment(record.time_unix_nano or record.observed_time_unix_nano),
        "system": system,
        "model_version": origin.version,
    }
    return wrapping.completed(found, known, trace=(_id(record.trace_id, 16), _id(record.span_id, 8)))


def _lost(attributes: Mapping[str, Any], origin: Origin) -> Lost:
    process = attributes.get("edgewise.process") or origin.process or ""
    return Lost(str(process), str(attributes.get("edgewise.lost_total", "")))


def _id(given: bytes, length: int) -> str | None:
    """In hex; one of another length or of zeros alone is invalid, and counts as absent."""
    return given.hex() if len(given) == length and any(given) else None


def _body(record: LogRecord) -> dict[str, Any]:
    """The body as a map; MalformedJSONError unless it is one, its JSON, or absent."""
    value = _value(record.body, 0)
    if isinstance(value, str) and value:
        value = sdk.loads(value)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise sdk.MalformedJSONError("the body is neither a map nor its JSON")
    return value


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Fields from ``edgewise.*``. What is structured may come as JSON, ``edgewise.context.<key>`` is one fact."""
    found: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for name, value in attributes.items():
        field = name.removeprefix(PREFIX)
        if field == name:
            continue
        if field.startswith("context."):
            facts[field.removeprefix("context.")] = value
        else:
            structured = isinstance(value, str) and value[:1] in ("{", "[") and field != "rationale"
            found[field] = sdk.loads(value) if structured else value
    if facts and isinstance(found.get("context", {}), dict):
        found["context"] = facts | found.get("context", {})
    return found


def _map(pairs: Sequence[KeyValue], depth: int) -> dict[str, Any]:
    found = {pair.key: _value(pair.value, depth + 1) for pair in pairs}
    if len(found) != len(pairs):
        raise sdk.MalformedJSONError("a key stands twice")
    return found


def _value(value: AnyValue, depth: int) -> Any:
    if depth > _DEEPEST:
        raise sdk.MalformedJSONError("nested too deeply")
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return _map(value.kvlist_value.values, depth)
    if kind == "array_value":
        return [_value(each, depth + 1) for each in value.array_value.values]
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return getattr(value, kind) if kind else None


def _moment(nanoseconds: int) -> str | None:
    """RFC 3339 to the microsecond; None if it is not known, or beyond the calendar."""
    if not nanoseconds:
        return None
    try:
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=nanoseconds // 1_000)
    except OverflowError:
        return None
    return moment.isoformat(timespec="microseconds")


def response(problems: Sequence[Problem]) -> ExportLogsServiceResponse:
    """Full success without ``problems``, else partial success: how many were rejected, and each reason once."""
    found = ExportLogsServiceResponse()
    if problems:
        found.partial_success.rejected_log_records = len(problems)
        found.partial_success.error_message = _reasons(problems)
    return found


def _reasons(problems: Sequence[Problem]) -> str:
    """One sentence per code, with the first that had it."""
    first = {problem.code: problem for problem in reversed(problems)}
    return " ".join(
        f"{count} x {code}: {first[code].pointer} {first[code].detail} {first[code].remedy}".replace(
            ":  ", ": "
        )
        for code, count in Counter(problem.code for problem in problems).most_common()
    )


def status(http: int, code: str, detail: str) -> Message:
    """The error of a whole request, as google.rpc.Status."""
    return Status(code=_CODES.get(http, _UNKNOWN), message=f"{code}: {detail}")


def encoded(message: Message, kind: str) -> bytes:
    """A message in the encoding that the request had."""
    text: bytes | str = (
        message.SerializeToString() if kind == PROTOBUF else json_format.MessageToJson(message, indent=None)
    )
    return text.encode() if isinstance(text, str) else text
