"""Errors of the API as problem documents (RFC 9457), each with a stable ``code``."""

import http
import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import is_valid_path
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from governance.access import outages
from governance.errors import DomainError

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
API = "/api/"
CODES = {
    exceptions.NotAuthenticated: "unauthenticated",
    exceptions.AuthenticationFailed: "unauthenticated",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.ParseError: "malformed",
    exceptions.Throttled: "rate_limited",
    exceptions.ValidationError: "invalid",
}


class TooSlow(DomainError):
    """The body did not arrive in time (governance.config.bridge)."""

    code = "too_slow"
    status = 408

    def __init__(self) -> None:
        detail = _("The body comes too slowly: it has %d seconds, and one more for each KiB.")
        super().__init__(detail % settings.EDGEWISE_BODY_SECONDS)


class CutOff(DomainError):
    """The body ended before its end: the client left, or its chunks are not what they say."""

    code = "cut_off"
    status = 400

    def __init__(self) -> None:
        super().__init__(
            _("The body ends before its end. Send it again: what was logged counts as a duplicate.")
        )


class TooLarge(DomainError):
    """The body is longer than any form or API request needs to be; what takes more, decisions, is read otherwise."""

    code = "too_large"
    status = 413

    def __init__(self) -> None:
        super().__init__(_("A body has at most %d bytes here.") % settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def unread(error: OSError) -> DomainError:
    """The refusal of a body that ``error`` kept from being read; Django has wrapped it, or not."""
    late = any(isinstance(each, TimeoutError) for each in (error, error.__cause__))
    return TooSlow() if late else CutOff()


class Problem(serializers.Serializer[Any]):
    """RFC 9457; some problems have further members, such as ``field``, ``errors`` or ``byte``."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="stable: part of the contract")
    detail = serializers.CharField(help_text="what to do")


def may_be(*statuses: int) -> dict[tuple[int, str], type[Problem]]:
    """For ``extend_schema``: problems that an operation may answer beside those that any may."""
    return {(status, CONTENT_TYPE): Problem for status in statuses}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The problem document of ``error``, or None for what is a defect and not a refusal."""
    if isinstance(error, DatabaseError) and (outage := outages.of(error)) is not None:
        logger.error("The database refused: %s", error)
        error = outage
    if isinstance(error, UnreadablePostError):
        error = unread(error)
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if isinstance(error, DomainError):
        return of(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error)
    return None


def of(error: DomainError) -> Response:
    """The problem document of a refusal."""
    response = problem(error.status, error.code, error.detail, field=error.field, **error.extra)
    if isinstance(error, outages.Outage):
        response["Retry-After"] = str(error.retry_after)
    return response


def problem(status: int, code: str, detail: str, *, field: str | None = None, **extra: Any) -> Response:
    """A problem document. ``code`` is part of the public contract; ``detail`` says what to do."""
    body = {"type": "about:blank", "title": http.HTTPStatus(status).phrase, "status": status, "code": code}
    body |= {"detail": detail} | ({"field": field} if field else {}) | extra
    return Response(body, status=status, content_type=CONTENT_TYPE)


def _of_api_exception(error: exceptions.APIException) -> Response:
    code = next((code for kind, code in CODES.items() if isinstance(error, kind)), "refused")
    extra: dict[str, Any] = {}
    detail = str(error.detail)
    if isinstance(error, exceptions.ValidationError):
        extra, detail = {"errors": error.detail}, "Some fields are missing or out of range; see errors."
    response = problem(error.status_code, code, detail, **extra)
    wait = getattr(error, "wait", None)
    if wait is not None:
        response["Retry-After"] = str(max(1, round(wait)))
    challenge = getattr(error, "auth_header", None)
    if challenge:
        response["WWW-Authenticate"] = challenge
    return response


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: a problem document below the API's prefix and for who sends a key, a page elsewhere.

    For a host that is not this deployment's, the operator's setting is named, and nothing that it holds.
    """
    is_host = isinstance(exception, DisallowedHost)
    if not _wants_problem(request):
        return defaults.bad_request(request, exception, "400_host.html" if is_host else "400.html")
    if is_host:
        detail = _(
            "This server does not answer under the host name of the request. Who operates it lists the names that "
            "it answers under in EDGEWISE_HOSTS. Nothing was changed."
        )
        return as_json(problem(400, "unknown_host", detail))
    return as_json(problem(400, "malformed", _("The request is not understood. Nothing was changed.")))


def no_such_address(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: a problem document below the API's prefix and for who sends a key, a page elsewhere."""
    if not _wants_problem(request):
        return defaults.page_not_found(request, exception)
    plain = request.path_info.removesuffix("/")
    remedy = f" Did you mean {plain}?" if is_valid_path(plain) else ""
    return as_json(problem(404, "not_found", f"There is nothing at this address.{remedy}"))


def _wants_problem(request: HttpRequest) -> bool:
    return request.path.startswith(API) or "Authorization" in request.headers


def defect(request: HttpRequest) -> HttpResponse:
    """500, likewise."""
    if not request.path.startswith(API):
        return defaults.server_error(request)
    return as_json(
        problem(500, "defect", "Edgewise made a mistake; its log says which. Send it again later.")
    )


def as_json(answer: Response) -> HttpResponse:
    """A problem document where no view has been reached."""
    return JsonResponse(answer.data, status=answer.status_code, content_type=CONTENT_TYPE)
