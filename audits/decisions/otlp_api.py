"""OTLP/HTTP for logs: OpenTelemetry exporters and collectors post decisions to ``/v1/logs``."""

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from edgewise.record import Problem
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from audits.decisions import admission, api, intake, otlp, schema, streams, throttling
from audits.decisions.wrapping import Unwrapped
from audits.losses import reporting
from governance.access.api import SystemScope, key_of, system_of
from governance.systems.models import AISystem

_KINDS = (otlp.PROTOBUF, otlp.JSON)
_REFUSALS = (400, 401, 403, 408, 413, 415, 429, 503)
_BINARY = dict.fromkeys((otlp.PROTOBUF,), OpenApiTypes.BINARY)


class AsAsked(DefaultContentNegotiation):
    """The answer is in the encoding of the request, as OTLP says, whatever else would be accepted."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first; it renders nothing, since views and refusals here encode themselves."""
        first = next(iter(renderers))
        return first, first.media_type


class Logs(APIView):
    """Log records that carry decisions, as docs/otlp.md says."""

    for_machines = True
    permission_classes = (SystemScope("decisions:write"),)
    throttle_classes = (throttling.PerKey,)
    content_negotiation_class = AsAsked
    refuses_with_problems = False

    @extend_schema(
        operation_id="otlp_logs",
        request={otlp.JSON: schema.LogsRequest, **_BINARY},
        responses={
            (200, otlp.JSON): schema.LogsResponse,
            **dict.fromkeys([(status, otlp.JSON) for status in _REFUSALS], schema.RpcStatus),
            **dict.fromkeys([(status, otlp.PROTOBUF) for status in (200, *_REFUSALS)], OpenApiTypes.BINARY),
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Log the decisions of an ExportLogsServiceRequest; what is rejected is counted, with the reasons."""
        kind, system = api.media_type(request, _KINDS), system_of(request)
        with admission.gate.enter(intake.weight(request.headers)):
            return self._logged(_whole(request), kind, system)

    def _logged(self, body: bytes, kind: str, system: AISystem) -> HttpResponse:
        try:
            if kind == otlp.JSON:
                intake.check_values(body)
            each = otlp.records(body, kind, system=system.slug, largest=intake.MAX_LINE_BYTES)
            found = list(itertools.islice(each, intake.MAX_RECORDS + 1))
        except otlp.Unreadable as error:
            raise intake.Malformed(_("The body is no ExportLogsServiceRequest: %s.") % error) from None
        if len(found) > intake.MAX_RECORDS:
            raise intake.TooLarge(_("At most %d log records are taken at once.") % intake.MAX_RECORDS)
        problems = self._taken(found, timezone.now())
        answer = otlp.response(problems)
        return HttpResponse(otlp.encoded(answer, kind), content_type=kind)

    def _taken(self, found: Sequence[Unwrapped | otlp.Lost], at: dt.datetime) -> list[Problem]:
        """Reports of lost records first: they can be taken again when the request is sent again."""
        losses = [each for each in found if isinstance(each, otlp.Lost)]
        refused = reporting.take(losses, key=key_of(self.request), at=at)
        decisions = [each for each in found if not isinstance(each, otlp.Lost)]
        outcomes = intake.log_lines(system_of(self.request), decisions, at)
        return [outcome.problem for outcome in outcomes if outcome.problem is not None] + refused

    def handle_exception(self, exc: Exception) -> Any:
        """Errors are google.rpc.Status, in the encoding of the request."""
        problem = super().handle_exception(exc)
        kind = self.request.content_type.partition(";")[0].strip().lower()
        kind = kind if kind in _KINDS else otlp.JSON
        status = otlp.status(problem.status_code, problem.data["code"], problem.data["detail"])
        answer = HttpResponse(otlp.encoded(status, kind), status=problem.status_code, content_type=kind)
        for name in ("Retry-After", "WWW-Authenticate", "Allow"):
            if name in problem.headers:
                answer[name] = problem.headers[name]
        return answer


def _whole(request: Request) -> bytes:
    pieces = intake.pieces(api.reader(request), request.headers.get("Content-Encoding", ""))
    try:
        return streams.whole(pieces, intake.MAX_BYTES)
    except streams.TooLong:
        raise intake.TooLarge(_("A request has at most %d bytes, unpacked.") % intake.MAX_BYTES) from None
