"""The erasure list: what was erased, kept outside the database and its backups, so that a restore can erase it again.

One JSON object a line, only ever added to and on disk before the erasure commits: when, in which organisation, the
keyed pseudonym, and which answers to findings went too. No reference in clear, no record.

An erasure that did not come to its commit may be listed. A legal hold placed on those data then withdraws it, with a
line of its own.
"""

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.encoding import from_base64, to_base64
from edgewise.errors import VerificationError

from governance import durable
from governance.errors import DomainError


class ListDamaged(DomainError):
    """A line of the erasure list cannot be read; the message names it."""

    code = "erasure_list_damaged"


# A finding by its number and when it was closed: after a restore the number alone may be given a second time.
Answer = tuple[int, dt.datetime]


@dataclass(frozen=True)
class Erased:
    """One line: whose data were destroyed, and when; or, ``withdrawn``, that what was listed before did not happen."""

    at: dt.datetime
    organisation: str
    pseudonym: bytes
    answers: tuple[Answer, ...] = ()
    withdrawn: bool = False


def add(path: Path, erased: Erased) -> None:
    """Appends a line; when this returns it is on disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = json.dumps(_line(erased), sort_keys=True).encode() + b"\n"
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _write(descriptor, _after_a_cut(descriptor) + data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        durable.sync(path.parent)


def read(path: Path) -> Iterator[Erased]:
    """Every line, in order. A last line that was cut off while it was written belongs to no erasure: it is left out."""
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            yield _parse(line)
        except (ValueError, KeyError, TypeError, VerificationError):
            if _cut(line):
                continue
            raise ListDamaged(f"{path}, line {number}: this is not an erasure.") from None


def standing(path: Path) -> list[Erased]:
    """The lines that were not withdrawn later."""
    kept: dict[tuple[str, bytes], list[Erased]] = {}
    for erased in read(path):
        own = kept.setdefault((erased.organisation, erased.pseudonym), [])
        own[:] = [] if erased.withdrawn else [*own, erased]
    return [erased for own in kept.values() for erased in own]


def withdraw(path: Path, *, organisation: str, pseudonym: bytes, at: dt.datetime) -> None:
    """Takes back what is listed of a subject whose data are still there; no line if nothing is."""
    if any((each.organisation, each.pseudonym) == (organisation, pseudonym) for each in standing(path)):
        add(path, Erased(at, organisation, pseudonym, withdrawn=True))


def _line(erased: Erased) -> dict[str, Any]:
    """A part that says nothing is left out."""
    line: dict[str, Any] = {
        "at": erased.at.isoformat(),
        "organisation": erased.organisation,
        "pseudonym": to_base64(erased.pseudonym),
    }
    if erased.answers:
        line["answers"] = [[number, closed_at.isoformat()] for number, closed_at in erased.answers]
    if erased.withdrawn:
        line["withdrawn"] = True
    return line


def _parse(line: bytes) -> Erased:
    found = json.loads(line)
    at = dt.datetime.fromisoformat(found["at"])
    pseudonym = from_base64(found["pseudonym"], "the pseudonym")
    answers = tuple((int(number), dt.datetime.fromisoformat(at)) for number, at in found.get("answers", []))
    return Erased(at, str(found["organisation"]), pseudonym, answers, found.get("withdrawn", False) is True)


def _after_a_cut(descriptor: int) -> bytes:
    """A line end, if the last line has none: a process was killed while it wrote."""
    size = os.fstat(descriptor).st_size
    return b"" if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n" else b"\n"


def _cut(line: bytes) -> bool:
    """Whether a line is the beginning of one: it never got its closing brace."""
    return line.startswith(b"{") and not line.endswith(b"}")


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
