"""CloudEvents 1.0 around decision records, in the JSON event format and in all three modes (docs/cloudevents.md).

An event is of type ``edgewise.decision.v1`` and its data are the record. What the record lacks is taken from the
event's attributes; the key that posts says which system it is.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from types import NoneType
from typing import Any
from urllib.parse import unquote

from edgewise import record as sdk
from edgewise.problems import malformed
from edgewise.record import Problem

from audits.decisions import wrapping
from audits.decisions.wrapping import Unwrapped

STRUCTURED, BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"
MODES = (STRUCTURED, BATCHED)
TYPE = "edgewise.decision.v1"
_JSON = re.compile(r"application/json|[^/;\s]+/[^/;\s]+\+json", re.IGNORECASE)
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?", re.ASCII)


def unwrapped(event: bytes, *, system: str, largest: int) -> Unwrapped:
    """The record of one event in the JSON format; ``system`` is the one that posts.

    An event of more than ``largest`` bytes is refused unread.
    """
    if len(event) > largest:
        return _too_large(largest)
    try:
        found = sdk.loads(event)
        if not isinstance(found, dict):
            return malformed("", "An event is not an object.", "Send CloudEvents 1.0 in the JSON format.")
        return _attributes_wrong(found) or _record(found, _data(found), system)
    except sdk.MalformedJSONError as error:
        return malformed("", f"This is not JSON: {error}.", "Mend it.")


def binary(headers: Mapping[str, str], body: bytes, *, system: str, largest: int) -> Unwrapped:
    """The record of one event in binary mode: its attributes are headers, its data the body."""
    if len(body) > largest:
        return _too_large(largest)
    names = ("specversion", "type", "source", "id", "time", "traceparent")
    event = {name: unquote(value) for name in names if (value := headers.get(f"ce-{name}")) is not None}
    try:
        return _attributes_wrong(event) or _record(event, sdk.loads(body), system)
    except sdk.MalformedJSONError as error:
        return malformed("", f"This is not JSON: {error}.", "Mend it.")


def _too_large(largest: int) -> Problem:
    return Problem("too_large", "", f"The event has over {largest} bytes.", "Send less in it.")


def _attributes_wrong(event: Mapping[str, Any]) -> Problem | None:
    if event.get("specversion") != "1.0":
        return malformed("/specversion", "The event's specversion is not 1.0.", 'Send "specversion": "1.0".')
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            return malformed(f"/{name}", f"The event has no {name}.", "CloudEvents 1.0 requires it.")
    for name in ("time", "datacontenttype", "traceparent"):
        if not isinstance(event.get(name, ""), str | NoneType):
            return malformed(f"/{name}", f"The event's {name} is not text.", "Send text, or leave it out.")
    if event["type"] != TYPE:
        return wrapping.no_decision(f"The event's type is not {TYPE}.", "Send only decisions here.", "/type")
    kind = event.get("datacontenttype") or "application/json"
    if not _JSON.fullmatch(kind.partition(";")[0].strip()):
        return malformed("/datacontenttype", "The event's data are not JSON.", "Send the record as JSON.")
    return None


def _data(event: Mapping[str, Any]) -> Any:
    """The data, as they are or in base64; MalformedJSONError if they are not JSON."""
    packed = event.get("data_base64")
    if packed is None:
        return event.get("data")
    try:
        return sdk.loads(base64.b64decode(packed, validate=True))
    except (TypeError, ValueError, binascii.Error) as error:
        if isinstance(error, sdk.MalformedJSONError):
            raise
        raise sdk.MalformedJSONError("data_base64 is not base64") from None


def _record(event: Mapping[str, Any], data: Any, system: str) -> Unwrapped:
    if not isinstance(data, dict):
        return malformed("/data", "The event's data are not a record.", "Send the record as an object.")
    known = {
        "id": wrapping.identifier(event["source"], event["id"]),
        "occurred_at": event.get("time"),
        "system": system,
    }
    trace = _TRACE.fullmatch(event.get("traceparent") or "")
    return wrapping.completed(data, known, trace=(trace[1], trace[2]) if trace else (None, None))
