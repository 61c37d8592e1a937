"""What became of records that did not reach the log: counted, with one warning for each kind."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable

from edgewise.batches import Logged

logger = logging.getLogger("edgewise")

OnRejected = Callable[[bytes, Logged], None]


class Tally:
    """Counts losses and refusals of one process, under a random name. Threads may share it."""

    def __init__(self, on_rejected: OnRejected | None = None) -> None:
        self._on_rejected = on_rejected
        self.forget()

    def forget(self) -> None:
        """Begin at nothing, as a forked process does."""
        self.process = secrets.token_hex(8)
        self.lost_total = 0
        self.rejected_total = 0
        self._said: set[str] = set()
        self._lock = threading.Lock()

    def lose(self, count: int) -> bool:
        """Count records that will never reach the server; whether that is to be said: nobody has been warned yet.

        `say_lost` warns: a log handler may be slow.
        """
        with self._lock:
            self.lost_total += count
        return self._claim("lost")

    def say_lost(self, why: str) -> None:
        """Warn of losses."""
        logger.warning("decision records are being lost: %s (counted in lost_total)", why)

    def count_rejected(self) -> None:
        """Count a record that is refused, where there is no time to tell the hook."""
        with self._lock:
            self.rejected_total += 1

    def reject(self, record: bytes, why: Logged) -> None:
        """Count a record that is refused, and tell the hook."""
        self.count_rejected()
        refusal = f"{why.code}: {why.detail} (counted in rejected_total)"
        self.say_once("rejected", f"a decision was rejected: {refusal}")
        try:
            if self._on_rejected:
                self._on_rejected(record, why)
        except Exception:
            logger.exception("on_rejected failed")

    def say_once(self, kind: str, warning: str) -> None:
        """Log a warning, unless one of that kind has been logged."""
        if self._claim(kind):
            logger.warning("%s", warning)

    def _claim(self, kind: str) -> bool:
        """Whether nothing of a kind has been said yet; from now on it has."""
        with self._lock:
            is_first = kind not in self._said
            self._said.add(kind)
        return is_first
