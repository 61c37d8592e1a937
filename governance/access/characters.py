"""What is refused at the door: the character NUL, which PostgreSQL does not keep; texts not in UTF-8; long forms."""

import re
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.views import defaults

from governance.access import problems

NUL = "\0"
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_UTF_8 = re.compile(r';\s*charset\s*=\s*("?)utf-?8\1\s*(?=;|$)', re.IGNORECASE)


def refuse_charsets(application: WSGIApplication) -> WSGIApplication:
    """The application, but 415 for a charset that is not UTF-8: Django would fail before it has a request to answer.

    Django reads addresses in any codec that Python has, those among them that are none of texts or hide a NUL, and
    Python keeps each name that is no codec in memory for ever. A parameter with an asterisk names one too (RFC 2231).
    """

    def guarded(asked: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        left = _UTF_8.sub("", asked.get("CONTENT_TYPE", "")).lower()
        if "charset" not in left and "*" not in left:
            return application(asked, start_response)
        told = "Texts are read in UTF-8 alone. Send them so, with charset=utf-8 or without a charset."
        answer = problems.as_json(problems.problem(415, "unsupported_media_type", told))
        headers = [*answer.items(), ("Content-Length", str(len(answer.content)))]
        start_response(f"{answer.status_code} {answer.reason_phrase}", headers)
        return [answer.content]

    return guarded


def refuse_nul(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: 400 for NUL in the path, the query or a form, 413 for a long form, a refusal for one that is cut.

    The body of an API request is not touched.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        api = request.path.startswith(problems.API)
        if _is_long_form(request):
            return problems.as_json(problems.of(problems.TooLarge()))
        try:
            if has_nul(request) or (not api and _in_form(request)):
                return _refusal(request, api=api)
        except UnreadablePostError as error:
            return problems.as_json(problems.of(problems.unread(error)))
        return get_response(request)

    return middleware


def has_nul(request: HttpRequest) -> bool:
    """Whether the address has one, in its path or its query."""
    return NUL in request.path or "%00" in request.META.get("QUERY_STRING", "")


def _is_long_form(request: HttpRequest) -> bool:
    """By its stated length, without which Django takes a body for empty: the files in a form have no other limit."""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    return request.content_type in FORMS and length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _in_form(request: HttpRequest) -> bool:
    if request.method != "POST" or request.content_type not in FORMS:
        return False
    return any(NUL in text for name, texts in request.POST.lists() for text in (name, *texts))


def _refusal(request: HttpRequest, *, api: bool) -> HttpResponse:
    """Answered and not raised: a traceback in the log for each would let anybody fill it."""
    if not api:
        return defaults.bad_request(request, BadRequest())
    answer = problems.problem(400, "malformed", "The character NUL (%00) cannot be asked for.")
    return problems.as_json(answer)
