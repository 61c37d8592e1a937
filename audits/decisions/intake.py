"""The HTTP shape of posting decisions: bodies in, results per item out. No rule of the domain is decided here."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _
from edgewise.record import Problem
from rest_framework.exceptions import UnsupportedMediaType

from audits.decisions import services, streams
from audits.decisions.services import Outcome
from governance.errors import DomainError
from governance.systems.models import AISystem

MAX_BYTES = getattr(settings, "EDGEWISE_MAX_BATCH_BYTES", 8 * 1024 * 1024)
MAX_RECORDS = getattr(settings, "EDGEWISE_MAX_BATCH_RECORDS", 5_000)
LINES_PER_COMMIT = 500
MAX_LINE_BYTES = 1024 * 1024
_RAW = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Malformed(DomainError):
    """The body as a whole is not JSON."""

    code = "malformed"
    status = 400


class TooLarge(DomainError):
    """More than one request may carry."""

    code = "too_large"
    status = 413


class Error(msgspec.Struct):
    code: str
    detail: str
    pointer: str
    retryable: bool


class Item(msgspec.Struct, omit_defaults=True):
    id: str | None
    status: str
    index: int | None = None
    leaf_hash: str | None = None
    entry: bytes | None = None
    salts: dict[str, str] | None = None
    error: Error | None = None


def pieces(read: Callable[[int], bytes], encoding: str) -> Iterator[bytes]:
    """The decompressed body; 415 for an encoding that is not understood, 400 for a damaged one."""
    try:
        return _refusing(streams.chunks(read, encoding))
    except streams.UnknownEncoding:
        raise UnsupportedMediaType(encoding, _("Content-Encoding is gzip or zstd, or left out.")) from None


def _refusing(found: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from found
    except streams.Undecodable as error:
        raise Malformed(_("The body does not unpack: %s.") % error) from None


def records(body: Iterator[bytes]) -> tuple[list[bytes], bool]:
    """The records of a JSON body, each as its bytes, and whether it was an array."""
    try:
        whole = streams.whole(body, MAX_BYTES)
    except streams.TooLong:
        raise TooLarge(
            _("A body has at most %d bytes, unpacked; send NDJSON or split it.") % MAX_BYTES
        ) from None
    if not whole.lstrip(b" \t\r\n").startswith(b"["):
        _check_syntax(whole)
        return [whole], False
    try:
        found = _RAW(whole)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(whole, error) from None
    if len(found) > MAX_RECORDS:
        raise TooLarge(_("An array has at most %d records; send NDJSON or split it.") % MAX_RECORDS)
    return [bytes(raw) for raw in found], True


def _check_syntax(whole: bytes) -> None:
    try:
        msgspec.json.decode(whole, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(whole, error) from None


def _malformed(whole: bytes, error: Exception) -> Malformed:
    """Names the byte at which the body stops being JSON, where the decoder says it."""
    _before, found, after = str(error).partition("(byte ")
    byte = int(after.rstrip(")")) if found else len(whole)
    return Malformed(_("The body is not JSON: %s.") % error, byte=byte)


def line_batches(body: Iterator[bytes]) -> Iterator[list[bytes | None]]:
    """Lines of NDJSON in groups that are committed together; None for a line that is too long to be a record."""
    group: list[bytes | None] = []
    for line in streams.lines(body, MAX_LINE_BYTES):
        group.append(line)
        if len(group) == LINES_PER_COMMIT:
            yield group
            group = []
    if group:
        yield group


def log_lines(system: AISystem, lines: Sequence[bytes | None], at: dt.datetime) -> list[Outcome]:
    """Logs the lines that can be records; the others are refused, each in its place."""
    logged = iter(services.log(system=system, records=[line for line in lines if line is not None], at=at))
    return [_too_long() if line is None else next(logged) for line in lines]


def _too_long() -> Outcome:
    detail = _("The line is far over 48 KiB.")
    return Outcome("rejected", problem=Problem("too_large", "", detail))


def status(outcomes: Sequence[Outcome], *, single: bool) -> int:
    """201 all logged or duplicate, 207 mixed, 422 all rejected; a single record that conflicts: 409."""
    rejected = [outcome.problem for outcome in outcomes if outcome.problem is not None]
    if single and rejected and rejected[0].code == "conflicting_duplicate":
        return 409
    if not rejected:
        return 201
    return 422 if len(rejected) == len(outcomes) else 207


def item(outcome: Outcome, *, brief: bool) -> Item:
    """What is answered for one record."""
    problem = outcome.problem
    if problem is not None:
        detail = f"{problem.detail} {problem.remedy}".strip()
        error = Error(problem.code, detail, problem.pointer, problem.code in services.RETRYABLE)
        return Item(outcome.id, outcome.status, error=error)
    if brief:
        return Item(outcome.id, outcome.status, outcome.index, outcome.leaf_hash)
    return Item(outcome.id, outcome.status, outcome.index, outcome.leaf_hash, outcome.entry, outcome.salts)
