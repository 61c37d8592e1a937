"""How long to wait before trying again: growing, jittered pauses, or the one that the server names."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 20.0
LONGEST_NAMED_PAUSE = 120.0
NO_HEADERS: Mapping[str, str] = {}


class Backoff:
    """The pauses between the attempts at one thing."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE

    def pause(self, headers: Mapping[str, str] = NO_HEADERS) -> float:
        """Seconds until the next attempt. A `Retry-After` is never undercut, up to two minutes."""
        own, self._next = self._next * random.uniform(0.5, 1.0), min(self._next * 2, LONGEST_PAUSE)  # noqa: S311
        named = named_pause(headers)
        return own if named is None else named + min(own, named / 4)


def named_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds named by a `Retry-After` (RFC 9110 section 10.2.3), a number or a date: at most two minutes."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_NAMED_PAUSE)
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(moment - time.time(), 0.0), LONGEST_NAMED_PAUSE)
