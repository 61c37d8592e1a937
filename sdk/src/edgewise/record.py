"""The decision record, schema `edgewise.decision/1`: its fields, its structural check, its log entry."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from edgewise import record_options, record_parts
from edgewise.problems import (
    MAX_TEXT_CHARACTERS,
    Found,
    Problem,
    check_object,
    check_text,
    escape,
    malformed,
    missing_fields,
    unknown_fields,
)
from edgewise.sealing import SEALED, SEALED_IN_OPTION, Sealed, commitment, open_commitment, seal
from edgewise.strict_json import MalformedJSONError, canonical, is_deeper, loads

__all__ = [
    "MAX_TEXT_CHARACTERS",
    "SCHEMA",
    "SEALED",
    "SEALED_IN_OPTION",
    "MalformedJSONError",
    "Problem",
    "Sealed",
    "canonical",
    "check",
    "commitment",
    "entry_bytes",
    "loads",
    "open_commitment",
    "seal",
]

SCHEMA = "edgewise.decision/1"
DISPOSITIONS = ("answered", "clarified", "escalated", "refused")
KINDS = ("choice", "assessment")
REQUIRED = (
    "id", "system", "model_version", "occurred_at", "context", "input", "policy", "options", "disposition",
)  # fmt: skip
OPTIONAL = (
    "subject", "weights", "kind", "chosen", "scorer", "clarification", "trace_id", "span_id", "parent",
    "sampling", "rationale", "input_counterfactuals", "masked",
)  # fmt: skip
FIELDS = frozenset(REQUIRED + OPTIONAL)

MAX_ENTRY_BYTES = 48 * 1024
MAX_OPTIONS = record_options.MAX_OPTIONS
MAX_UNCERTAINTY = record_options.MAX_UNCERTAINTY
MAX_NESTING = 32  # objects and lists in one another, the record among them
MAX_CONTEXT_KEYS = 16
MAX_CONTEXT_CHARACTERS = 256
MAX_RATIONALE_CHARACTERS = 2_000
MAX_SEALING_BYTES = 4_096  # more than commitments can add to a record
CLOCK_TOLERANCE = timedelta(minutes=5)

# Whole texts match these. They are written in what every dialect of regular expressions reads alike.
UUID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TIME = re.compile(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def entry_bytes(sealed: Mapping[str, Any]) -> bytes:
    """Log entry of a sealed record."""
    return canonical({"type": "decision", "schema": SCHEMA, "record": sealed})


def check(
    record: object,
    edges: Collection[str],
    *,
    system: str | None = None,
    now: datetime | None = None,
) -> list[Problem]:
    """Find everything that is wrong with the structure of a record, as parsed from JSON.

    `edges` are the slugs of the system's leaf edges. With `system`, the record must be that system's; with
    `now`, it must not lie in the future. What only the server can know (policies, duplicates) is not checked.
    """
    if not isinstance(record, Mapping):
        return [Problem("malformed", "", "A record is a JSON object.", "Send an object.")]
    if is_deeper(record, MAX_NESTING):  # said alone: to compare or show what is nested deeper may fail
        detail = f"The record is nested more than {MAX_NESTING} deep."
        return [malformed("", detail, "Send fewer objects and lists in one another.")]
    problems = [*_fields(record), *_identity(record, system), *_time(record, now), *_context(record)]
    problems += [*_objects(record), *record_parts.check(record, edges), *record_options.check(record, edges)]
    problems += _choice(record)
    return problems or list(_size(record))


def _fields(record: Mapping[str, Any]) -> Found:
    yield from unknown_fields(record, FIELDS, "")
    yield from missing_fields(record, REQUIRED, "")


def _identity(record: Mapping[str, Any], system: str | None) -> Found:
    identity = record.get("id")
    if identity is not None and not (isinstance(identity, str) and UUID.fullmatch(identity)):
        yield malformed("/id", "The id is not a UUID.", "Use a UUID, best version 7.")
    for name in ("system", "model_version", "clarification", "trace_id", "span_id", "parent"):
        yield from check_text(record.get(name), f"/{name}")
    if system is not None and isinstance(record.get("system"), str) and record["system"] != system:
        yield Problem("wrong_system", "/system", "The key belongs to another AI system.", f"Send {system!r}.")
    yield from check_text(record.get("rationale"), "/rationale", MAX_RATIONALE_CHARACTERS)


def _time(record: Mapping[str, Any], now: datetime | None) -> Found:
    text = record.get("occurred_at")
    if text is None:
        return
    moment = parse_time(text)
    if moment is None:
        yield malformed(
            "/occurred_at", "The time is not RFC 3339 with an offset.", "Write 2026-01-31T12:00:00Z."
        )
    elif now is not None and moment > now + CLOCK_TOLERANCE:
        yield Problem(
            "occurred_in_future", "/occurred_at", "The decision lies more than 5 minutes ahead of the server.",
            "Set the clock of the machine that logs.",
        )  # fmt: skip


def parse_time(text: object) -> datetime | None:
    """Read an RFC 3339 time with offset, as UTC; None if it is not one, or lies outside the years 1 to 9999.

    In UTC, since PostgreSQL reads no offset of 16 hours or more, and RFC 3339 has offsets up to 23:59.
    """
    if not isinstance(text, str) or not TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _context(record: Mapping[str, Any]) -> Found:
    context = record.get("context")
    if context is None:
        return
    if not isinstance(context, Mapping):
        yield malformed("/context", "The context is not an object.", "Send names with texts.")
        return
    if len(context) > MAX_CONTEXT_KEYS:
        yield Problem(
            "context_too_large", "/context", f"The context has more than {MAX_CONTEXT_KEYS} keys.",
            "Keep the few facts that policies and slices need.",
        )  # fmt: skip
    for name, value in context.items():
        pointer = f"/context/{escape(name)}"
        if not isinstance(value, str):
            yield malformed(pointer, "A fact of the context is not a text.", "Write it as a text.")
        elif len(value) > MAX_CONTEXT_CHARACTERS or len(name) > MAX_CONTEXT_CHARACTERS:
            yield Problem("context_too_large", pointer, "A fact of the context is too long.", "Shorten it.")


def _objects(record: Mapping[str, Any]) -> Found:
    yield from check_object(record, "policy", ("version", "digest"))
    yield from check_object(record, "subject", ("ref",), ("groups",))
    yield from check_object(record, "input", ("digest",), ("text",))
    yield from check_object(record, "sampling", ("rate", "method"))


def _choice(record: Mapping[str, Any]) -> Found:
    kind, disposition, chosen = record.get("kind"), record.get("disposition"), record.get("chosen")
    if kind is not None and kind not in KINDS:
        yield malformed("/kind", f"{kind!r} is not a kind.", f"Send one of {', '.join(KINDS)}.")
    if disposition is not None and disposition not in DISPOSITIONS:
        yield malformed(
            "/disposition",
            f"{disposition!r} is not a disposition.",
            f"Send one of {', '.join(DISPOSITIONS)}.",
        )
    if chosen is None:
        if disposition == "answered":
            yield Problem(
                "chosen_missing", "/chosen", "An answered decision names the option chosen.",
                "Send the option's id, or another disposition.",
            )  # fmt: skip
        return
    options = record.get("options")
    if not isinstance(options, list) or not options:
        return
    if chosen not in [option.get("id") for option in options if isinstance(option, Mapping)]:
        yield Problem(
            "chosen_not_an_option",
            "/chosen",
            f"{chosen!r} is not the id of an option.",
            "Send an option's id.",
        )


def _size(record: Mapping[str, Any]) -> Found:
    """Only for a record with no other problem: its texts are texts."""
    try:
        written = canonical(record)
        size = len(written)
        if MAX_ENTRY_BYTES - MAX_SEALING_BYTES < size <= MAX_ENTRY_BYTES:
            size = len(entry_bytes(seal(record).record))
    except UnicodeEncodeError:
        yield malformed("", "A text has half of a surrogate pair.", "Send valid Unicode.")
        return
    except (TypeError, ValueError, RecursionError):
        yield malformed("", "The record has a value that JSON has not.", "Send JSON values.")
        return
    if b"\\u0000" in written and _has_nul(record):
        yield malformed("", "A text has the character NUL, which no database keeps.", "Leave it out.")
        return
    if size > MAX_ENTRY_BYTES:
        yield Problem(
            "too_large", "", f"The record takes more than {MAX_ENTRY_BYTES} bytes.",
            "Send fewer options or shorter texts.",
        )  # fmt: skip


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_nul(name) or _has_nul(each) for name, each in value.items())
    return isinstance(value, list | tuple) and any(_has_nul(each) for each in value)
