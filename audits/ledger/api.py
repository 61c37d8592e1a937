"""The logs over HTTP as C2SP tlog-tiles states: checkpoint, tiles, entry bundles, and the trust policy beside them.

Who may not read a log gets the same 404 as for a log that does not exist.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from edgewise import tiles
from edgewise.errors import VerificationError

from audits.ledger import confirmation, pages, readers, selectors, tile_queries
from audits.ledger.models import Log
from governance.access import guards

BYTES = "application/octet-stream"
BRIEFLY = "max-age=1"
FOR_EVER = "max-age=31536000, immutable"

FILE = re.compile(r"/log/(?P<organisation>[-\w]+)/(?P<log>[-\w]+)/(?P<path>tile/.+)", re.ASCII)

Answer = Callable[[Log, str], HttpResponse]
View = Callable[[HttpRequest], HttpResponseBase]


def shortcut(get_response: View) -> View:
    """Middleware: full tiles and bundles of public logs, answered before sessions, forms and pages are set up.

    Everything else goes on to the views below: logs that are private, what is partial, missing or malformed, and
    bundles for those who take them compressed.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        match = FILE.fullmatch(request.path_info) if request.method == "GET" else None
        return (match and _short_answer(request, match)) or get_response(request)

    return middleware


def _short_answer(request: HttpRequest, match: re.Match[str]) -> HttpResponse | None:
    request.get_host()  # refuses a host that is not this deployment's, as every view does
    if match["path"].startswith("tile/entries/") and "gzip" in request.headers.get("Accept-Encoding", ""):
        return None
    try:
        asked = tiles.parse_tile_path(match["path"])
    except VerificationError:
        return None
    found = tile_queries.public(organisation_slug=match["organisation"], slug=match["log"], asked=asked)
    return None if found is None else _answer(found, BYTES, f"public, {FOR_EVER}")


def _served(
    request: HttpRequest, organisation: str, log: str, answer: Answer, path: str = ""
) -> HttpResponse:
    """The answer for a log that the request may read, and plain 4xx for everything else."""
    found = selectors.by_path(organisation_slug=organisation, slug=log)
    if found is None or not readers.may_read(request=request, log=found, at=selectors.now()):
        return _refusal(404, "There is no such log, or it is not open to you.")
    try:
        response = answer(found, path)
    except VerificationError as error:
        return _refusal(400, str(error))
    except selectors.NotInLog as error:
        return _refusal(404, error.detail)
    shared = "public" if found.organisation.log_is_public else "private"
    response["Cache-Control"] = f"{shared}, {response['Cache-Control']}"
    return response


def _refusal(status: int, sentence: str) -> HttpResponse:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(f"{sentence}\n", status=status, content_type=pages.TEXT, headers=headers)


def _answer(content: str | bytes, content_type: str, caching: str) -> HttpResponse:
    """States its length itself: a short answer passes by the middleware that would."""
    headers = {"Cache-Control": caching, "X-Content-Type-Options": "nosniff"}
    response = HttpResponse(content, content_type=content_type, headers=headers)
    response["Content-Length"] = str(len(response.content))
    return response


@csrf_exempt
@require_safe
@guards.public
def checkpoint(request: HttpRequest, organisation: str, log: str) -> HttpResponse:
    """The latest signed state."""
    return _served(request, organisation, log, _checkpoint)


@csrf_exempt
@require_safe
@guards.public
def tile(request: HttpRequest, organisation: str, log: str, path: str) -> HttpResponse:
    """A hash tile, full or partial."""
    return _served(request, organisation, log, _tile, f"tile/{path}")


@csrf_exempt
@require_safe
@gzip_page
@guards.public
def bundle(request: HttpRequest, organisation: str, log: str, path: str) -> HttpResponse:
    """An entry bundle, full or partial; compressed for those who take it (hashes do not shrink, entries do)."""
    return _served(request, organisation, log, _tile, f"tile/entries/{path}")


@csrf_exempt
@require_safe
@guards.public
def policy(request: HttpRequest, organisation: str, log: str) -> HttpResponse:
    """The tlog-policy that a verifier needs for this log."""
    return _served(request, organisation, log, _policy)


def _checkpoint(log: Log, _path: str) -> HttpResponse:
    found = confirmation.served(log=log, at=selectors.now())
    if found is None:
        raise selectors.NotInLog("The log's first state is not signed yet.")
    return _answer(confirmation.note(found), pages.TEXT, BRIEFLY)


def _tile(log: Log, path: str) -> HttpResponse:
    asked = tiles.parse_tile_path(path)
    try:
        if asked.level is None:
            content = selectors.bundle(log=log, n=asked.n, width=asked.width)
        else:
            content = selectors.tile(log=log, level=asked.level, n=asked.n, width=asked.width)
    except selectors.Damaged as damage:
        return _answer(damage.left, BYTES, "no-store")
    return _answer(content, BYTES, FOR_EVER)


def _policy(log: Log, _path: str) -> HttpResponse:
    return _answer(selectors.policy_file(log=log, url=pages.url_of(log)), pages.TEXT, "max-age=60")
