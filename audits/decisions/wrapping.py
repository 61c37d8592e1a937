"""Records that come inside something else (CloudEvents, OpenTelemetry): what the wrapping adds to a record."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from edgewise.problems import malformed
from edgewise.record import SCHEMA, UUID, Problem

# Of decisions that come under a name which is not a UUID (RFC 9562, section 5.5).
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, SCHEMA)

Unwrapped = bytes | Problem
"""A record as JSON, or why there is none."""


def identifier(source: str, name: str) -> str:
    """The record id for what ``source`` calls ``name``: itself if it is a UUID, else a UUIDv5 of both.

    The same source and name give the same id, so that sending again is recognised.
    """
    if UUID.fullmatch(name):
        return name
    return str(uuid.uuid5(NAMESPACE, json.dumps([source, name])))


def completed(
    record: Mapping[str, Any],
    known: Mapping[str, Any],
    *,
    trace: tuple[str | None, str | None] = (None, None),
) -> Unwrapped:
    """The record as JSON; what it lacks is taken from ``known`` and ``trace``, and what it says itself stands.

    A trace and a span belong together: a record that names one of them gets none of the two.
    """
    if record.get("trace_id") is None and record.get("span_id") is None:
        known = {**known, "trace_id": trace[0], "span_id": trace[1]}
    found = dict(record)
    for name, value in known.items():
        if value is not None and found.get(name) is None:
            found[name] = value
    try:
        return json.dumps(found).encode()
    except RecursionError:
        return malformed("", "The record is nested too deeply.", "Send a record as documented.")


def no_decision(detail: str, remedy: str, pointer: str = "") -> Problem:
    """What was sent is well-formed, but no decision record."""
    return Problem("not_a_decision", pointer, detail, remedy)
