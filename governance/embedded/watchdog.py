"""Ends a web process that lives and does not answer: stopped, or locked up. Its server then starts another.

Each process tells its id in the answer of /healthz; which of them answers a request is the kernel's choice. So one
that has answered before and is not heard of for `patience` seconds, while it was asked all the time, stands still.
"""

import contextlib
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ASKED_EACH_SECONDS = 1.0
ANSWER_SECONDS = 5
# A machine that slept has asked nobody meanwhile.
LEAST_QUESTIONS = 3


def ask(url: str) -> int | None:
    """The id of the process that answers at `url`; None when there is no answer in time."""
    proxied = {"X-Forwarded-Proto": "https"}  # with EDGEWISE_HTTPS, plain requests are redirected
    request = urllib.request.Request(f"{url}/healthz", headers=proxied)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310
            return int(response.headers["X-Edgewise-Process"]) if response.status == 200 else None
    except (OSError, TypeError, ValueError):
        return None


def parent(pid: int) -> int:
    """The id of the process that started `pid`; 0 when `pid` is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


@dataclass
class Watchdog:
    """`server` gives the id of the web server, whose children its processes are."""

    url: str
    server: Callable[[], int]
    say: Callable[[str], None]
    patience: float
    heard: dict[int, tuple[float, int]] = field(default_factory=dict)
    asked: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Watch in a thread, until `stop`."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self.over.set()

    def _watch(self) -> None:
        while not self.over.wait(ASKED_EACH_SECONDS):
            self.look(ask(self.url), time.monotonic())

    def look(self, answered: int | None, now: float) -> None:
        """Take note of who answered, and end who has not for too long."""
        self.asked += 1
        if answered is not None:
            self.heard[answered] = (now, self.asked)
        for process, (when, asked) in list(self.heard.items()):
            if parent(process) != self.server():
                del self.heard[process]
            elif now - when > self.patience and self.asked - asked >= LEAST_QUESTIONS:
                del self.heard[process]
                self.say(f"A web process ({process}) does not answer; another takes its place")
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
