"""The form in which an event of the audit trail enters a log."""

import datetime as dt
import os
from typing import Any

from edgewise import sealing as commitments
from edgewise.encoding import to_base64
from edgewise.strict_json import canonical, loads

from governance import trail

Secrets = dict[str, dict[str, str]]


def entry_of(event: trail.Event) -> tuple[bytes, Secrets]:
    """The event's entry, and for each sealed fact its value and salt (Base64), which stay outside the log.

    ``{"at", "by", "facts", "sealed", "subject", "type"}``; a sealed fact is ``{"commitment"}`` to its canonical JSON.
    """
    secrets: Secrets = {}
    stated: dict[str, Any] = {}
    for name, value in event.sealed.items():
        salt = os.urandom(commitments.SALT_BYTES)
        secrets[name] = {"value": value, "salt": to_base64(salt)}
        stated[name] = commitments.commitment(canonical(value), salt)
    entry = {"type": event.type, "at": moment(event.at), "by": event.by, "facts": event.facts}
    if event.subject:
        entry["subject"] = event.subject
    if stated:
        entry["sealed"] = stated
    return canonical(entry), secrets


def binding(origin: str, index: int) -> bytes:
    """What the encrypted secrets of an event are bound to: its place, so that no blob passes for another's."""
    return f"event {origin} {index}".encode()


def parse(entry: bytes) -> dict[str, Any]:
    """An entry's JSON object."""
    parsed: dict[str, Any] = loads(entry)
    return parsed


def moment(at: dt.datetime) -> str:
    """RFC 3339 in UTC."""
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
