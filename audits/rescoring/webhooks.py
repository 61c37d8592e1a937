"""Asking a scorer over HTTP: signed, bounded in size and time, never redirected.

Signed as the Standard Webhooks specification 1.0 says: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``,
"v1," and the base64 of HMAC-SHA-256 over "id.timestamp.body".
"""

import base64
import hashlib
import hmac
import http.client
import json
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_SECONDS = 20
MAX_REQUEST_BYTES = 2 * 1024 * 1024
MAX_ANSWER_BYTES = 1024 * 1024


class Unanswered(Exception):
    """The scorer did not answer as asked; the message says how."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


# No proxy from the environment, no redirect: the address configured is the address called.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def headers(*, secret: bytes, identity: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The signature headers of one message."""
    signed = hmac.digest(secret, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "User-Agent": "edgewise",
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def post(*, url: str, secret: bytes, identity: str, timestamp: int, message: dict[str, Any]) -> Any:
    """The parsed answer; raises Unanswered. The caller tries again later with the same ``identity``."""
    body = json.dumps(message, ensure_ascii=False).encode()
    if len(body) > MAX_REQUEST_BYTES:
        raise Unanswered(f"The request would take {len(body)} bytes; {MAX_REQUEST_BYTES} at most are sent.")
    signed = headers(secret=secret, identity=identity, timestamp=timestamp, body=body)
    request = urllib.request.Request(url, data=body, headers=signed, method="POST")  # noqa: S310  (checked by routes)
    try:
        with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as answer:
            status, text = answer.status, answer.read(MAX_ANSWER_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise Unanswered(f"The scorer answered with status {error.code}.") from None
    except (OSError, http.client.HTTPException) as error:
        raise Unanswered(f"The scorer could not be reached: {type(error).__name__}.") from None
    return _parsed(status, text)


def _parsed(status: int, text: bytes) -> Any:
    if status != http.HTTPStatus.OK:
        raise Unanswered(f"The scorer answered with status {status}.")
    if len(text) > MAX_ANSWER_BYTES:
        raise Unanswered(f"The scorer answered with more than {MAX_ANSWER_BYTES} bytes.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unanswered("The scorer's answer is not JSON.") from None
