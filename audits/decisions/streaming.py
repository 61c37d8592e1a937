"""Answering NDJSON line by line while it is read."""

import logging
from collections.abc import Iterator

import msgspec
from django.db import Error as DatabaseTrouble
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from audits.decisions import admission, intake
from audits.decisions.services import Outcome
from governance.access import outages, problems
from governance.errors import DomainError
from governance.systems.models import AISystem

logger = logging.getLogger(__name__)
NDJSON = "application/x-ndjson"
# A client that only sends what is refused is told so once, not for gigabytes.
MAX_REJECTED_IN_A_ROW = 5_000
_PASSING = (problems.TooSlow, problems.CutOff, outages.Outage)
_encode = msgspec.json.Encoder().encode


class TooManyRejected(DomainError):
    """A stream of which nothing can be logged."""

    code = "too_many_rejected"


def answer(
    system: AISystem, body: Iterator[bytes], *, brief: bool, place: admission.Place
) -> HttpResponseBase:
    """One group of lines has the status of an array; a longer stream is answered 207 while it is read."""
    batches = intake.line_batches(body)
    lines = next(batches, [])
    first = intake.log_lines(system, lines, timezone.now())
    if not intake.is_full(lines):
        written = b"".join(_written(first, brief))
        return HttpResponse(written, status=intake.status(first, single=False), content_type=NDJSON)
    stream = admission.Streamed(_stream(system, first, batches, brief), place)
    return StreamingHttpResponse(stream, status=207, content_type=NDJSON)


def _stream(
    system: AISystem, first: list[Outcome], batches: Iterator[list[bytes | None]], brief: bool
) -> Iterator[bytes]:
    """Results of one group at a time, after their commit.

    What ends the stream early is its last line: the server ends the response in good order, so that a client could not
    tell a stream that was cut from one that was answered.
    """
    yield b"".join(_written(first, brief))
    rejected = _rejected_at_the_end(first, 0)
    try:
        for batch in batches:
            outcomes = intake.log_lines(system, batch, timezone.now())
            yield b"".join(_written(outcomes, brief))
            rejected = _rejected_at_the_end(outcomes, rejected)
            _check_some_are_logged(rejected)
    except DomainError as error:
        yield _last_line(error, retryable=isinstance(error, _PASSING))
    except DatabaseTrouble as trouble:
        logger.exception("A stream ends early.")
        detail = _("The database did not answer. Send the lines again that were not answered.")
        yield _last_line(outages.of(trouble) or outages.DatabaseAway(detail), retryable=True)


def _rejected_at_the_end(outcomes: list[Outcome], before: int) -> int:
    """How many lines in a row were rejected up to now."""
    for outcome in outcomes:
        before = before + 1 if outcome.problem is not None else 0
    return before


def _check_some_are_logged(rejected: int) -> None:
    if rejected >= MAX_REJECTED_IN_A_ROW:
        detail = _(
            "The last %d lines were all rejected; the rest of the stream is not read. Mend them first."
        )
        raise TooManyRejected(detail % rejected)


def _last_line(error: DomainError, *, retryable: bool) -> bytes:
    found = {"code": error.code, "detail": error.detail, "pointer": "", "retryable": retryable}
    return _encode({"id": None, "status": "rejected", "error": found}) + b"\n"


def _written(outcomes: list[Outcome], brief: bool) -> Iterator[bytes]:
    for outcome in outcomes:
        yield _encode(intake.item(outcome, brief=brief)) + b"\n"
