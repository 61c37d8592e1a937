"""Requests of AI systems, answered before sessions, languages, forms and pages are set up: they use none of it."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import translation

from governance.access import characters, selectors

_KEY = f"Bearer {selectors.KEY_PREFIX}"
View = Callable[[HttpRequest], HttpResponseBase]


def shortcut(get_response: View) -> View:
    """Middleware: a request with an API key goes straight to a view that says it is ``for_machines``.

    All other requests go on; what the view raises is answered as everywhere.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.META.get("HTTP_AUTHORIZATION", "").startswith(_KEY) or characters.has_nul(request):
            return get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return get_response(request)
        if not getattr(getattr(match.func, "cls", None), "for_machines", False):
            return get_response(request)
        request.get_host()  # refuses a host that is not this deployment's, as every view does
        request.resolver_match = match
        translation.activate(settings.LANGUAGE_CODE)  # a page before may have left another
        return _finished(match.func(request, *match.args, **match.kwargs))

    return middleware


def _finished(response: HttpResponseBase) -> HttpResponseBase:
    """Rendered, and with its length stated."""
    render = getattr(response, "render", None)
    if callable(render):
        response = render()
    if not response.streaming:
        response.headers.setdefault("Content-Length", str(len(response.content)))  # type: ignore[attr-defined]
    return response
