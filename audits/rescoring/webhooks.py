"""Asking a scorer over HTTP: signed, bounded in size and time, never redirected.

Signed as the Standard Webhooks specification 1.0 says: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``,
"v1," and the base64 of HMAC-SHA-256 over "id.timestamp.body".
"""

import base64
import hashlib
import hmac
import http.client
import json
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from edgewise.errors import UnreachableError
from edgewise.transport import BROKEN, Answer, Transport

from governance.errors import DomainError

TIMEOUT_SECONDS = 20
MAX_REQUEST_BYTES = 2 * 1024 * 1024
MAX_ANSWER_BYTES = 1024 * 1024


class Unanswered(DomainError):
    """The scorer did not answer as asked; the message says how."""

    code = "scorer_unanswered"


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
    answer = _sent(url, body, signed)
    return _parsed(answer.status, answer.body)


def _sent(url: str, body: bytes, signed: dict[str, str]) -> Answer:
    """Over a connection of its own: no proxy from the environment, no redirect, the address configured is called."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    way = Transport(
        f"{parts.scheme}://{parts.netloc}", signed, timeout=TIMEOUT_SECONDS, max_body=MAX_ANSWER_BYTES
    )
    try:
        with closing(way):
            return way.once("POST", path, body=body, headers={"Connection": "close"})
    except UnreachableError as error:
        raise Unanswered(f"The scorer's answer is too long: {error}.") from None
    except (*BROKEN, ValueError) as error:
        raise Unanswered(f"The scorer could not be reached: {type(error).__name__}.") from None


def _parsed(status: int, text: bytes) -> Any:
    if status != http.HTTPStatus.OK:
        raise Unanswered(f"The scorer answered with status {status}.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unanswered("The scorer's answer is not JSON.") from None
