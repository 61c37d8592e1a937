"""Two who act at once: one of them in a thread with a connection of its own, held up by a lock of this transaction."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future

from django.db import connection

PATIENCE_SECONDS = 60
_HOLDS_UP = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"


def held_up(pool: Executor, act: Callable[[], object]) -> "Future[object]":
    """``act``, begun and come to a lock that this transaction holds; or done, if there was none on its way."""
    other = pool.submit(apart, act)
    until = time.monotonic() + PATIENCE_SECONDS
    while not (other.done() or _holds_up_somebody()):
        assert time.monotonic() < until
        time.sleep(0.01)
    return other


def apart(act: Callable[[], object]) -> object:
    """What ``act`` returns; this thread's connection is closed after it."""
    try:
        return act()
    finally:
        connection.close()


def _holds_up_somebody() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_HOLDS_UP)
        return bool(cursor.fetchone()[0])
