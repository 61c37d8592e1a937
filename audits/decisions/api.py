"""The decisions API."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits.decisions import admission, cloudevents, intake, reading, schema, searching, streaming, throttling
from audits.decisions.services import Outcome
from audits.losses import hearing
from governance.access import problems
from governance.access.api import Requires, SystemScope, key_of, system_of

JSON = "application/json"
MayLog, MaySearch = SystemScope("decisions:write"), Requires("view_decisions")
_encode = msgspec.json.Encoder().encode
_BRIEF = OpenApiParameter("brief", bool, description="1 leaves out entry and salts.")

_FILTERS = [
    *(
        OpenApiParameter(name, float if name == "margin_below" else str, description=told)
        for name, told in searching.OFFERED.items()
    ),
    OpenApiParameter("after", str), OpenApiParameter("before", str),
]  # fmt: skip


class Decisions(APIView):
    """POST logs records; GET searches them."""

    for_machines = True

    def get_permissions(self) -> list[Any]:
        return [MayLog() if self.request.method == "POST" else MaySearch()]

    def get_throttles(self) -> list[Any]:
        return [throttling.PerKey()] if self.request.method == "POST" else []

    @extend_schema(
        request=schema.BODIES,
        responses={
            **dict.fromkeys((201, 207, 409, 422), schema.Items),
            **dict.fromkeys([(status, streaming.NDJSON) for status in (201, 207, 422)], schema.Item),
            **problems.may_be(408, 413),
        },
        parameters=[_BRIEF, *schema.LOSS_HEADERS],
        examples=schema.EXAMPLES,
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Log one record (an object), a batch (an array), a stream (NDJSON) or CloudEvents."""
        kind = media_type(request, (JSON, streaming.NDJSON, *cloudevents.MODES))
        place = admission.gate.enter(intake.weight(request.headers))
        try:
            answer = self._logged(request, kind, place)
            hearing.hear(request.META, key=key_of(request), at=timezone.now())
        except BaseException as error:
            place.leave(error)
            raise
        if not answer.streaming:
            place.leave()
        return answer

    def _logged(self, request: Request, kind: str, place: admission.Place) -> HttpResponseBase:
        """A streamed answer leaves its ``place`` when it ends."""
        system, brief = system_of(request), request.query_params.get("brief") == "1"
        body = intake.pieces(reader(request), request.headers.get("Content-Encoding", ""))
        if kind == streaming.NDJSON:
            intake.refuse_event(request.headers)
            return streaming.answer(system, body, brief=brief, place=place)
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


class Limits(APIView):
    """The limits in force, so that a client can split before it sends."""

    for_machines = True
    permission_classes = (MayLog,)

    @extend_schema(responses=schema.Limits)
    def get(self, request: Request) -> Response:
        """What one request may carry, and how often one may come."""
        return Response(schema.limits())
