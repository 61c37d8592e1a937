"""How often one API key may post: a token bucket per key and process, so that no shared store is asked.

It keeps a client that runs wild from starving the others; it is no quota. Several processes let through as many times
more, and never less, than the rate that is stated.
"""

import threading
import time

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from governance.access.models import ApiKey

RATE = settings.EDGEWISE_REQUESTS_PER_SECOND
_buckets: dict[int, tuple[float, float]] = {}
_lock = threading.Lock()


class PerKey(BaseThrottle):
    """At most RATE requests a second, and as many at once after a quiet second; one, if RATE is less."""

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            return True
        now, name, capacity = time.monotonic(), request.auth.pk, max(1.0, RATE)
        with _lock:
            left, since = _buckets.get(name, (capacity, now))
            left = min(capacity, left + (now - since) * RATE)
            allowed = left >= 1
            _buckets[name] = (left - 1 if allowed else left, now)
        self._wait = (1 - left) / RATE
        return allowed

    def wait(self) -> float:
        return self._wait
