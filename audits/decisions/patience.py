"""How long a body may take to arrive: half a minute, and a second more for each KiB that has come.

The web server waits for a body without end, in the thread that reads it. Most bodies are there when they are asked
for and are read as they are. One that is long, or comes while others are being waited for, is read by a thread of its
own that can be left waiting; the server ends that wait when the request is answered.
"""

import threading
import time
from collections.abc import Callable

from django.conf import settings

GRACE = settings.EDGEWISE_BODY_SECONDS
BYTES_A_SECOND = 1_024
SHORT = 65_536
READ_AS_THEY_ARE = 2

_lock = threading.Lock()
_waiting = 0


class TooSlow(Exception):
    """The body stopped coming, or comes too slowly."""


def reading(read: Callable[[int], bytes], length: int | None) -> Callable[[int], bytes]:
    """``read`` that raises TooSlow in time; ``length`` is the body's, if it is known."""
    began, got = time.monotonic(), 0

    def patient(size: int) -> bytes:
        nonlocal got
        left = began + GRACE + got / BYTES_A_SECOND - time.monotonic()
        piece = _one(read, size, left, short=length is not None and length <= SHORT)
        got += len(piece)
        return piece

    return patient


def _one(read: Callable[[int], bytes], size: int, left: float, *, short: bool) -> bytes:
    global _waiting  # noqa: PLW0603
    with _lock:
        alone = short and _waiting < READ_AS_THEY_ARE
        _waiting += 1
    try:
        return read(size) if alone else _in_time(read, size, left)
    finally:
        with _lock:
            _waiting -= 1


def _in_time(read: Callable[[int], bytes], size: int, left: float) -> bytes:
    found: list[bytes | BaseException] = []

    def fetch() -> None:
        try:
            found.append(read(size))
        except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
            found.append(error)

    thread = threading.Thread(target=fetch, name="body", daemon=True)
    thread.start()
    thread.join(max(0.0, left))
    if not found:
        raise TooSlow
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]
