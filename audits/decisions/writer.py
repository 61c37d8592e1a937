"""The thread of a web process that commits decisions for all its requests."""

import threading
import time
from functools import partial

from django.db import close_old_connections, connection

from audits.decisions import admission, storing

NAME = "edgewise-writer"
LOOK_SECONDS = 1.0
_starting = threading.Lock()
_looked = 0.0


def start() -> None:
    """Starts the thread; a second call does nothing."""
    with _starting:
        if not any(thread.name == NAME for thread in threading.enumerate()):
            lead = partial(storing.group_commit.lead_for_good, _look_after_connection, admission.gate.lately)
            threading.Thread(target=lead, name=NAME, daemon=True).start()


def _look_after_connection() -> None:
    """Replaces the thread's connection when it is broken, or older than connections get."""
    global _looked  # noqa: PLW0603  (one thread a process)
    if connection.errors_occurred or time.monotonic() - _looked > LOOK_SECONDS:
        close_old_connections()
        _looked = time.monotonic()
