"""The character NUL in addresses and forms: no text has it and PostgreSQL keeps none, so it is refused at the door."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.views import defaults

from governance.access import problems

NUL = "\0"
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def refuse_nul(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: 400 for NUL in the path, the query or a form, and a refusal for a form that does not come whole.

    The body of an API request is not touched.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        api = request.path.startswith(problems.API)
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
