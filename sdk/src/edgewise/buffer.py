"""Records on their way: kept in memory, sent by a background thread, counted when lost."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial

logger = logging.getLogger("edgewise")

Send = Callable[[list[bytes]], None]
"""Sends encoded records; raises if they could not be delivered."""


class Buffer:
    """Collects encoded records and hands them to `send` in a thread of its own, soon and together.

    It never blocks and never raises into the code that adds. What cannot be kept or delivered is counted in
    `lost_total`, with one warning. `rescue` takes what is left unsent at the end.
    """

    def __init__(
        self,
        send: Send,
        *,
        rescue: Send | None = None,
        batch: int = 500,
        max_age: float = 0.5,
        capacity: int = 50_000,
    ) -> None:
        self._send = send
        self._rescue = rescue
        self._batch = batch
        self._max_age = max_age
        self._capacity = capacity
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._sending: list[bytes] = []
        self._closing = False
        self._flushing = False
        self._thread: threading.Thread | None = None
        self.lost_total = 0
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=partial(_start_afresh, weakref.ref(self)))

    def add(self, record: bytes) -> None:
        """Take a record; when full or closed, it is lost and counted."""
        with self._changed:
            if self._closing or len(self._waiting) >= self._capacity:
                self._lose(1, "the buffer is closed" if self._closing else "the buffer is full")
                return
            self._waiting.append(record)
            self._start()
            if len(self._waiting) in {1, self._batch}:
                self._changed.notify_all()

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait until everything added has been sent or lost; whether that happened in time."""
        with self._changed:
            self._flushing = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._waiting and not self._sending, timeout)
            self._flushing = False
            return done

    def close(self, timeout: float = 30.0) -> None:
        """Send what is left, then stop; what is not sent in time is lost and counted."""
        self.flush(timeout)
        with self._changed:
            self._closing = True
            self._save([*self._sending, *self._waiting])
            self._waiting.clear()
            self._changed.notify_all()

    def start_afresh(self) -> None:
        """Forget what the parent process will send; the thread did not live through the fork."""
        self._changed = threading.Condition()
        self._waiting.clear()
        self._sending = []
        self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="edgewise", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            batch = self._next()
            if batch is None:
                return
            try:
                self._send(batch)
            except Exception as problem:  # noqa: BLE001 - the thread has to outlive whatever a send raises
                with self._changed:
                    if not self._closing:
                        self._lose(len(batch), str(problem))
            with self._changed:
                self._sending = []
                self._changed.notify_all()

    def _next(self) -> list[bytes] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if not self._waiting:
                return None
            until = time.monotonic() + self._max_age
            self._changed.wait_for(self._is_due, max(0.0, until - time.monotonic()))
            batch = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            self._sending = batch
            return batch

    def _is_due(self) -> bool:
        return len(self._waiting) >= self._batch or self._closing or self._flushing

    def _save(self, left: list[bytes]) -> None:
        """At the end: what is left, and what is under way without an answer yet, is rescued or counted."""
        if not left:
            return
        try:
            if self._rescue is None:
                self._lose(len(left), "there was no time left to send")
            else:
                self._rescue(left)
        except OSError as problem:
            self._lose(len(left), str(problem))

    def _lose(self, count: int, why: str) -> None:
        if not self.lost_total:
            logger.warning("decision records are being lost: %s (counted in lost_total)", why)
        self.lost_total += count


def _start_afresh(buffer: weakref.ref[Buffer]) -> None:
    if alive := buffer():
        alive.start_afresh()
