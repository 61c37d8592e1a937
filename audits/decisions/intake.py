"""The HTTP shape of posting decisions: bodies in, results per item out. No rule of the domain is decided here."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from django.utils.translation import gettext as _
from edgewise import record
from edgewise.record import Problem
from rest_framework.exceptions import UnsupportedMediaType

from audits.decisions import cloudevents, services, streams
from audits.decisions.services import Outcome
from audits.decisions.wrapping import Unwrapped
from governance.access.problems import unread
from governance.errors import DomainError
from governance.systems.models import AISystem

MAX_BYTES = 8 * 1024 * 1024
MAX_RECORDS = 5_000
LINES_PER_COMMIT = 500
MAX_LINE_BYTES = 4 * record.MAX_ENTRY_BYTES
BYTES_PER_COMMIT = 4 * 1024 * 1024
# A value in memory takes many times its bytes: a body of the least of them must not take a gigabyte. Records of the
# densest kind, scores of zero under names of one letter, stay below.
MAX_VALUES = MAX_BYTES // 6
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
    except OSError as error:
        raise unread(error) from None


def length(headers: Mapping[str, str]) -> int | None:
    """The length of the body, if it was stated."""
    stated = headers.get("Content-Length", "")
    return int(stated) if stated.isascii() and stated.isdigit() else None


def weight(headers: Mapping[str, str]) -> int:
    """The bytes that a request may hold in memory."""
    stated = length(headers)
    packed = headers.get("Content-Encoding", "identity").strip().lower() != "identity"
    return MAX_BYTES if stated is None or packed else min(stated, MAX_BYTES)


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
    check_values(whole)
    try:
        found = _RAW(whole)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(whole, error) from None
    if len(found) > MAX_RECORDS:
        raise TooLarge(_("An array has at most %d records; send NDJSON or split it.") % MAX_RECORDS)
    return [bytes(raw) for raw in found], True


def check_values(whole: bytes) -> None:
    """TooLarge for JSON of more values than records that fit could have."""
    if whole.count(b",") + whole.count(b"[") + whole.count(b"{") > MAX_VALUES:
        raise TooLarge(_("A body has at most %d values; send NDJSON or split it.") % MAX_VALUES)


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
    size = 0
    for line in _lines(body):
        group.append(line)
        size += len(line or b"")
        if len(group) == LINES_PER_COMMIT or size >= BYTES_PER_COMMIT:
            yield group
            group, size = [], 0
    if group:
        yield group


def _lines(body: Iterator[bytes]) -> Iterator[bytes | None]:
    try:
        yield from streams.lines(body, MAX_LINE_BYTES, MAX_BYTES)
    except streams.TooLong:
        raise TooLarge(_("%d bytes came without a line. Send one record on each line.") % MAX_BYTES) from None


def is_full(group: Sequence[bytes | None]) -> bool:
    """Whether more lines may follow: a group that is not full is the last."""
    return len(group) == LINES_PER_COMMIT or sum(len(line or b"") for line in group) >= BYTES_PER_COMMIT


def unwrapped(
    system: AISystem, kind: str, headers: Mapping[str, str], found: list[bytes], *, is_array: bool
) -> Sequence[Unwrapped]:
    """The records of what was posted as CloudEvents, in any of the three modes; others are records already."""
    if kind in (cloudevents.STRUCTURED, cloudevents.BATCHED):
        if is_array != (kind == cloudevents.BATCHED):
            raise Malformed(_("One event is an object (%s), a batch is an array (%s).") % cloudevents.MODES)
        return [cloudevents.unwrapped(each, system=system.slug, largest=MAX_LINE_BYTES) for each in found]
    if is_array:
        refuse_event(headers)
    if "ce-specversion" not in headers:
        return found
    return [cloudevents.binary(headers, found[0], system=system.slug, largest=MAX_LINE_BYTES)]


def refuse_event(headers: Mapping[str, str]) -> None:
    """Malformed when several records come with the attributes of one event."""
    if "ce-specversion" in headers:
        raise Malformed(_("With ce- headers the body is one record; a batch is %s.") % cloudevents.BATCHED)


def log_lines(system: AISystem, lines: Sequence[Unwrapped | None], at: dt.datetime) -> list[Outcome]:
    """Logs the lines that can be records; the others are refused, each in its place."""
    logged = iter(
        services.log(system=system, records=[line for line in lines if isinstance(line, bytes)], at=at)
    )
    return [next(logged) if isinstance(line, bytes) else _refused(line) for line in lines]


def _refused(line: Problem | None) -> Outcome:
    remedy = _("Send fewer options or shorter texts, one record on each line.")
    too_long = Problem("too_large", "", _("The line is far over 48 KiB."), remedy)
    return Outcome("rejected", problem=line or too_long)


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
    leaf_hash = outcome.leaf_hash.hex()
    if brief:
        return Item(outcome.id, outcome.status, outcome.index, leaf_hash)
    return Item(outcome.id, outcome.status, outcome.index, leaf_hash, outcome.entry, outcome.salts)
