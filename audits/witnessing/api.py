"""The witness over HTTP: `add-checkpoint` as C2SP tlog-witness states it, and the lines by which others list it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from edgewise import submissions

from audits.witnessing import services
from governance.access import guards
from governance.errors import DomainError

TEXT = "text/plain; charset=utf-8"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@csrf_exempt
@require_POST
@guards.public
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """Cosigns a checkpoint of a log that the operator listed: whoever holds the log's signature may submit it."""
    try:
        lines = services.add_checkpoint(body=_body(request), at=timezone.now())
    except services.OtherSize as error:
        return HttpResponse(
            f"{error.size}\n", status=error.status, content_type=submissions.SIZE_TYPE, headers=HEADERS
        )
    except DomainError as error:
        return _answer(f"{error.detail}\n", error.status)
    return _answer(lines, 200)


@require_safe
@guards.public
def about(request: HttpRequest) -> HttpResponse:
    """Who this witness is, as lines of a tlog-policy; they say nothing about which logs it knows."""
    address = f"{settings.EDGEWISE_BASE_URL}/witness"
    keys = [signer.key for signer in services.signers(services.name())]
    lines = [f"witness {key.name}+{key.id.hex()} {key} {address}" for key in keys]
    return _answer("\n".join([*lines, ""]), 200)


def _body(request: HttpRequest) -> bytes:
    """The body, read only if its stated length is one that a submission can have."""
    if int(request.headers.get("Content-Length") or 0) > submissions.MAX_BYTES:
        raise services.Malformed(f"The submission is longer than {submissions.MAX_BYTES} bytes.")
    return request.read(submissions.MAX_BYTES + 1)


def _answer(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type=TEXT, headers=HEADERS)
