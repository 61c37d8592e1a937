"""How the decisions API describes itself (OpenAPI). Records are read by ``wire``, not by these serializers."""

import copy
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter
from edgewise import problems, record
from rest_framework import serializers

from audits.decisions import admission, cloudevents, intake, record_schema, streaming, streams, throttling


class Record(serializers.Serializer[Any]):
    """A record as it is sent: ``wire`` reads it."""


class RecordExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = Record

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Its JSON Schema; a copy, for the generator changes what it is given."""
        return copy.deepcopy(record_schema.RECORD)


_RECORD = {"$ref": f"#/components/schemas/{Record.__name__}"}
RecordOrRecords = {"oneOf": [_RECORD, {"type": "array", "items": _RECORD, "maxItems": intake.MAX_RECORDS}]}
CloudEvent = {
    "type": "object",
    "description": "CloudEvents 1.0, JSON event format; see docs/cloudevents.md.",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"const": cloudevents.TYPE},
        "time": {"type": "string", "format": "date-time"},
        "traceparent": {"type": "string"},
        "data": {"type": "object"},
        "data_base64": {"type": "string"},
    },
}
BODIES = {
    "application/json": RecordOrRecords,
    "application/x-ndjson": Record,
    cloudevents.STRUCTURED: CloudEvent,
    cloudevents.BATCHED: {"type": "array", "items": CloudEvent, "maxItems": intake.MAX_RECORDS},
}
EXAMPLES = [
    OpenApiExample("record", record_schema.EXAMPLE, request_only=True, media_type="application/json"),
    OpenApiExample(
        "batch",
        [record_schema.EXAMPLE, record_schema.LEAST],
        request_only=True,
        media_type="application/json",
    ),
    OpenApiExample("line", record_schema.LEAST, request_only=True, media_type="application/x-ndjson"),
]
LOSS_HEADERS = [
    OpenApiParameter(
        "Edgewise-Lost-Total", int, OpenApiParameter.HEADER,
        description="Records that this process of the model has lost so far; only a rise is kept. Else passed over.",
    ),
    OpenApiParameter(
        "Edgewise-Process", str, OpenApiParameter.HEADER,
        description="A random name of the process that counts: up to 64 letters, digits, dots, dashes, underscores.",
    ),
]  # fmt: skip
LogsRequest = {"type": "object", "description": "ExportLogsServiceRequest of OTLP; see docs/otlp.md."}
LogsResponse = {
    "type": "object",
    "description": "ExportLogsServiceResponse of OTLP: empty when every log record was logged.",
    "properties": {
        "partialSuccess": {
            "type": "object",
            "properties": {"rejectedLogRecords": {"type": "string"}, "errorMessage": {"type": "string"}},
        }
    },
}


class RpcStatus(serializers.Serializer[Any]):
    """google.rpc.Status: why nothing of an OTLP request was taken; ``message`` begins with the stable code."""

    code = serializers.IntegerField()
    message = serializers.CharField()


class ItemError(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField()
    retryable = serializers.BooleanField()


class Item(serializers.Serializer[Any]):
    """Result of one record."""

    id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(["logged", "duplicate", "rejected"])
    index = serializers.IntegerField(required=False)
    leaf_hash = serializers.CharField(required=False, help_text="SHA-256(0x00, entry), hex")
    entry = serializers.CharField(required=False, help_text="the log entry, base64")
    salts = serializers.DictField(required=False, help_text="JSON pointer to base64 salt")
    error = ItemError(required=False)


class Items(serializers.Serializer[Any]):
    """Results in the order sent."""

    items = Item(many=True)


class Limits(serializers.Serializer[Any]):
    """The limits in force."""

    bytes = serializers.IntegerField(help_text="of one body, unpacked; of NDJSON, from one line to the next")
    records = serializers.IntegerField()
    values = serializers.IntegerField(help_text="in one JSON body that is not NDJSON")
    record_bytes = serializers.IntegerField()
    options = serializers.IntegerField()
    context_keys = serializers.IntegerField()
    text_characters = serializers.IntegerField()
    rationale_characters = serializers.IntegerField()
    nesting = serializers.IntegerField(help_text="objects and lists in one another, the record the first")
    line_bytes = serializers.IntegerField(help_text="of one line of NDJSON, one event, one log record")
    lines_rejected_in_a_row = serializers.IntegerField(help_text="then a stream of NDJSON is ended")
    seconds_for_a_body = serializers.FloatField(help_text="and one more for each KiB")
    requests_at_once = serializers.IntegerField(help_text="posting, of all keys, in one web process")
    requests_per_second = serializers.FloatField(help_text="of this key, in each web process")
    content_types = serializers.ListField(child=serializers.CharField())
    content_encodings = serializers.ListField(child=serializers.CharField())


def limits() -> dict[str, Any]:
    """Values of ``Limits``."""
    return {
        "bytes": intake.MAX_BYTES,
        "records": intake.MAX_RECORDS,
        "values": intake.MAX_VALUES,
        "record_bytes": record.MAX_ENTRY_BYTES,
        "options": record.MAX_OPTIONS,
        "context_keys": record.MAX_CONTEXT_KEYS,
        "text_characters": problems.MAX_TEXT_CHARACTERS,
        "rationale_characters": record.MAX_RATIONALE_CHARACTERS,
        "nesting": record.MAX_NESTING,
        "line_bytes": intake.MAX_LINE_BYTES,
        "lines_rejected_in_a_row": streaming.MAX_REJECTED_IN_A_ROW,
        "seconds_for_a_body": settings.EDGEWISE_BODY_SECONDS,
        "requests_at_once": admission.MOST,
        "requests_per_second": throttling.RATE,
        "content_types": list(BODIES),
        "content_encodings": ["identity", *streams.ENCODINGS],
    }


class Feedback(serializers.Serializer[Any]):
    """How a decision turned out: satisfaction, error, or both."""

    satisfaction = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    error = serializers.BooleanField(required=False, allow_null=True)
    group = serializers.CharField(required=False, allow_blank=True, max_length=256)


class Row(serializers.Serializer[Any]):
    """A decision in a search."""

    id = serializers.UUIDField()
    system = serializers.SlugField()
    index = serializers.IntegerField(help_text="place in the system's log")
    occurred_at = serializers.DateTimeField()
    logged_at = serializers.DateTimeField()
    model_version = serializers.CharField()
    # DRF has a `context` of its own, which its metaclass keeps apart from declared fields.
    context = serializers.DictField()  # type: ignore[assignment]
    chosen = serializers.CharField(allow_null=True)
    disposition = serializers.CharField()
    policy_version = serializers.IntegerField()
    options = serializers.IntegerField()
    kind = serializers.CharField(help_text="choice or assessment")
    assessment = serializers.DictField(allow_null=True)


class Page(serializers.Serializer[Any]):
    """Newest first within each system. ``searched_to`` is set where a search stopped before the page was full."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    searched_to = serializers.DateTimeField(allow_null=True)
    results = Row(many=True)


class Links(serializers.Serializer[Any]):
    """What a record ties itself to."""

    trace_id = serializers.CharField(allow_null=True)
    span_id = serializers.CharField(allow_null=True)
    # DRF's `parent` is the serializer that a field belongs to, which its metaclass keeps apart from declared fields.
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    clarification = serializers.CharField(allow_null=True)


class Decision(Row):
    """A decision in full."""

    sampling = serializers.DictField(allow_null=True, help_text="rate and method, where a share is logged")
    links = Links()
    following = serializers.ListField(
        child=serializers.UUIDField(), help_text="decisions that follow it, the newest 50"
    )
    record = serializers.DictField(help_text="as logged: sealed fields as commitments")
    leaf_hash = serializers.CharField()
    attribution = serializers.DictField(allow_null=True)
    feedback = Feedback(allow_null=True)
    opened = serializers.DictField(
        required=False, help_text="values and salts, with ?open=1 and the right to export"
    )


class Explanation(serializers.Serializer[Any]):
    """For the person a decision is about."""

    id = serializers.UUIDField()
    system = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    sentence = serializers.CharField()
    note = serializers.CharField()
    policy = serializers.DictField(allow_null=True)
    edges = serializers.DictField(help_text="names of the scored edges")
    options = serializers.ListField(
        help_text="id, edges and, where a score is missing, unscored with the reason"
    )
    attribution = serializers.DictField(allow_null=True)
    conformant = serializers.BooleanField(allow_null=True)
    basis = serializers.ChoiceField(["self_reported", "checked"])
