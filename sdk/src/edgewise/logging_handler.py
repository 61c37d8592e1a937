"""The logging hook: decisions given to Python's `logging` reach the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from edgewise.recording import Recorder


class DecisionHandler(logging.Handler):
    """Logs the decision that a log record carries: `logger.info("…", extra={"decision": {…}})`.

    Records without one pass by. Like `Client.log`, it never blocks and never raises.
    """

    def __init__(self, client: Recorder, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._client = client

    def emit(self, record: logging.LogRecord) -> None:
        """Put the decision into the buffer."""
        decision = getattr(record, "decision", None)
        if isinstance(decision, Mapping):
            self._client.record(decision)

    def flush(self) -> None:
        """Nothing: the client sends by itself, and `logging.shutdown` must not wait for a server."""
