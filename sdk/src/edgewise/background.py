"""Threads that are started without waiting for them, and tried again where the system has none to give."""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable

Work = Callable[[], None]


class Background:
    """The threads of one process: one for each piece of work. `trouble` says why they cannot be started, if so.

    `Thread.start` waits for the thread, and at the end of the interpreter one thread cannot start another (from
    Python 3.12 on); here the caller starts them all, at once and itself.
    """

    def __init__(self, *works: Work) -> None:
        self.trouble = ""
        self._waiting = list(works)
        self._ended: dict[Work, threading.Event] = {}
        self._starting = threading.Lock()
        self._process = 0

    @property
    def runs(self) -> bool:
        """Whether all of them run, in this process."""
        return self._process == os.getpid()

    def start(self) -> bool:
        """Start those that do not run yet; whether that failed for none of them."""
        if self._process != os.getpid() and self._starting.acquire(blocking=False):
            try:
                self._start()
            finally:
                self._starting.release()
        return not self.trouble

    def has_started(self, work: Work) -> bool:
        """Whether there is, or was, a thread for it."""
        return work in self._ended

    def wait_for(self, work: Work, seconds: float) -> bool:
        """Whether it has ended within some seconds, or never began."""
        ended = self._ended.get(work)
        return ended is None or ended.wait(max(0.0, seconds))

    def _start(self) -> None:
        try:
            while self._waiting:
                ended = threading.Event()
                _thread.start_new_thread(_run, (self._waiting[0], ended))
                self._ended[self._waiting.pop(0)] = ended
        except RuntimeError as problem:  # too many threads, or the interpreter ends
            self.trouble = f"no thread can be started: {problem}"
        else:
            self._process, self.trouble = os.getpid(), ""


def do_aside(work: Work) -> None:
    """Do something short in a thread of its own; in this one, if there is none to be had."""
    try:
        _thread.start_new_thread(_run, (work, threading.Event()))
    except RuntimeError:
        work()


def _run(work: Work, ended: threading.Event) -> None:
    try:
        work()
    finally:
        ended.set()
