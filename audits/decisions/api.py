"""The decisions API."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from django.db import Error as DatabaseTrouble
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits.decisions import cloudevents, intake, reading, schema, throttling
from audits.decisions.services import Outcome
from governance.access.api import Requires, SystemScope, system_of
from governance.errors import DomainError
from governance.systems.models import AISystem

logger = logging.getLogger(__name__)
JSON, NDJSON = "application/json", "application/x-ndjson"
_encode = msgspec.json.Encoder().encode
_BRIEF = OpenApiParameter("brief", bool, description="1 leaves out entry and salts.")

_FILTERS = [
    OpenApiParameter("system", str), OpenApiParameter("from", str), OpenApiParameter("to", str),
    OpenApiParameter("chosen", str), OpenApiParameter("driving_edge", str), OpenApiParameter("disposition", str),
    OpenApiParameter("verdict", str, description="a verdict, or any"), OpenApiParameter("model_version", str),
    OpenApiParameter("margin_below", float), OpenApiParameter("context.community", str, description="any context key"),
    OpenApiParameter("after", str), OpenApiParameter("before", str),
]  # fmt: skip


class Decisions(APIView):
    """POST logs records; GET searches them."""

    def get_permissions(self) -> list[Any]:
        wanted = (
            SystemScope("decisions:write") if self.request.method == "POST" else Requires("view_decisions")
        )
        return [wanted()]

    def get_throttles(self) -> list[Any]:
        return [throttling.PerKey()] if self.request.method == "POST" else []

    @extend_schema(
        request=schema.BODIES,
        responses={201: schema.Items, 207: schema.Items, 409: schema.Items, 422: schema.Items},
        parameters=[_BRIEF],
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Log one record (an object), a batch (an array), a stream (NDJSON) or CloudEvents."""
        kind = media_type(request, (JSON, NDJSON, *cloudevents.MODES))
        system, brief = system_of(request), request.query_params.get("brief") == "1"
        body = intake.pieces(reader(request), request.headers.get("Content-Encoding", ""))
        if kind == NDJSON:
            return _lines(system, body, brief)
        records, is_array = intake.records(body)
        found = intake.unwrapped(system, kind, request.headers, records, is_array=is_array)
        outcomes = intake.log_lines(system, found, timezone.now())
        return _answer(outcomes, intake.status(outcomes, single=not is_array), brief)

    @extend_schema(operation_id="decisions_list", responses=schema.Page, parameters=_FILTERS)
    def get(self, request: Request) -> Response:
        """Search decisions, newest first within each system."""
        return reading.listed(request)


def media_type(request: Request, known: Sequence[str]) -> str:
    """The Content-Type without its parameters; 415 unless it is one of ``known``."""
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind not in known:
        raise UnsupportedMediaType(kind)
    return kind


def reader(request: Request) -> Callable[[int], bytes]:
    """Reads the body as it arrives. Django takes a body of no stated length (chunked) for an empty one."""
    wire: HttpRequest = request._request  # noqa: SLF001  (the body must not be parsed by the framework)
    read: Callable[[int], bytes] = (
        wire.read if wire.META.get("CONTENT_LENGTH") else wire.META["wsgi.input"].read
    )
    return read


def _answer(outcomes: list[Outcome], status: int, brief: bool) -> HttpResponse:
    items = [intake.item(outcome, brief=brief) for outcome in outcomes]
    return HttpResponse(_encode({"items": items}), status=status, content_type=JSON)


def _lines(system: AISystem, body: Iterator[bytes], brief: bool) -> HttpResponseBase:
    """Up to 500 lines have the status of an array; a longer stream is answered 207 while it is read."""
    batches = intake.line_batches(body)
    first = intake.log_lines(system, next(batches, []), timezone.now())
    if len(first) < intake.LINES_PER_COMMIT:
        written = b"".join(_written(first, brief))
        return HttpResponse(written, status=intake.status(first, single=False), content_type=NDJSON)
    return StreamingHttpResponse(_stream(system, first, batches, brief), status=207, content_type=NDJSON)


def _stream(
    system: AISystem, first: list[Outcome], batches: Iterator[list[bytes | None]], brief: bool
) -> Iterator[bytes]:
    """Results of 500 lines at a time, after their commit.

    What ends the stream early is its last line: the server ends the response in good order, so that a client could not
    tell a stream that was cut from one that was answered.
    """
    yield b"".join(_written(first, brief))
    try:
        for batch in batches:
            yield b"".join(_written(intake.log_lines(system, batch, timezone.now()), brief))
    except DomainError as error:
        yield _last_line(error.code, error.detail, retryable=False)
    except DatabaseTrouble:
        logger.exception("A stream ends early.")
        detail = _("The database did not answer. Send the lines again that were not answered.")
        yield _last_line("database_away", detail, retryable=True)


def _last_line(code: str, detail: str, *, retryable: bool) -> bytes:
    error = {"code": code, "detail": detail, "pointer": "", "retryable": retryable}
    return _encode({"id": None, "status": "rejected", "error": error}) + b"\n"


def _written(outcomes: list[Outcome], brief: bool) -> Iterator[bytes]:
    for outcome in outcomes:
        yield _encode(intake.item(outcome, brief=brief)) + b"\n"


class Limits(APIView):
    """The limits in force, so that a client can split before it sends."""

    permission_classes = (SystemScope("decisions:write"),)

    @extend_schema(responses=schema.Limits)
    def get(self, request: Request) -> Response:
        """What one request may carry, and how often one may come."""
        return Response(schema.limits())
