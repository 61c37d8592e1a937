"""Long-polling: how long a caller wants to wait, and how many may wait at once in one process."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MAX_WAITERS = 4
MAX_SECONDS = 30.0
POLL_SECONDS = 0.5
_places = threading.BoundedSemaphore(MAX_WAITERS)


def seconds(prefer: str) -> float:
    """The wait asked for in a ``Prefer`` header (RFC 7240), at most 30 s; 0 without one."""
    match = re.search(r"\bwait=(\d{1,4})\b", prefer)
    return min(float(match.group(1)), MAX_SECONDS) if match else 0.0


@contextmanager
def place() -> Iterator[bool]:
    """Whether this caller may wait: a fifth waiter is answered at once, so that waiting cannot use up the server."""
    granted = _places.acquire(blocking=False)
    try:
        yield granted
    finally:
        if granted:
            _places.release()
