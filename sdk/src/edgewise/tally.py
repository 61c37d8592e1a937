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

    def lose(self, count: int) -> None:
        """Count records that will never reach the server. `say_lost` warns: a log handler may be slow."""
        with self._lock:
            self.lost_total += count

    @property
    def lost_unsaid(self) -> bool:
        """Whether nobody has been warned yet that records are being lost."""
        return "lost" not in self._said

    def say_lost(self, why: str) -> None:
        """Warn of losses, once."""
        self.say_once("lost", f"decision records are being lost: {why} (counted in lost_total)")

    def reject(self, record: bytes, why: Logged) -> None:
        """Count a record that is refused, and tell the hook."""
        with self._lock:
            self.rejected_total += 1
        refusal = f"{why.code}: {why.detail} (counted in rejected_total)"
        self.say_once("rejected", f"a decision was rejected: {refusal}")
        try:
            if self._on_rejected:
                self._on_rejected(record, why)
        except Exception:
            logger.exception("on_rejected failed")

    def say_once(self, kind: str, warning: str) -> None:
        """Log a warning, unless one of that kind has been logged."""
        if kind not in self._said:
            self._said.add(kind)
            logger.warning("%s", warning)
