"""A real Edgewise for tests: the web server in processes of its own, the worker and the clock when asked for.

It serves a clone of the template database; Django in the test process is pointed at the same clone, so that a test
prepares rows through the services and looks at them through HTTP. Nothing is flushed: the clone is dropped.
"""

import contextlib
import os
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from governance.embedded import commands
from governance.embedded.children import Child
from tests import databases

READY_SECONDS = 180
# One process starts in half the time of two; where several are the subject, a test asks for them.
SMALL = {"EDGEWISE_WEB_WORKERS": "1", "EDGEWISE_WEB_THREADS": "8"}


@dataclass
class LiveEdgewise:
    """`url` is where the web server answers; `environment` is what every process of it was started with."""

    url: str
    database: str
    environment: dict[str, str]
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The home shared by the test process and the live one: keys, broker, logs."""
        return Path(self.environment["EDGEWISE_HOME"])

    def start(self, name: str, *options: str) -> Child:
        """Start `web`, `worker` or `beat` with the command people use, and `options` after it."""
        child = Child(
            name=name,
            command=[*commands.PROCESSES[name](self.environment), *options],
            log=self.home / f"{self.database}-{name}.log",
            environment=self.environment,
            folder=commands.ROOT,
        )
        child.start()
        self.children[name] = child
        return child

    def start_web(self) -> None:
        """Start the web server and wait until it answers."""
        child = self.start("web")
        wait_for(self.answers, seconds=READY_SECONDS, or_show=child)

    def start_worker(self, *options: str) -> None:
        """Start the worker and wait until it takes jobs."""
        child = self.start("worker", *options)
        wait_for(lambda: " ready." in child.last_words(200), seconds=READY_SECONDS, or_show=child)

    def start_beat(self) -> None:
        """Start the clock: deadlines and sweeps happen by themselves from now on."""
        self.start("beat")

    def answers(self) -> bool:
        """Whether the web server is alive."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """Stop everything, last started first."""
        for name in reversed(list(self.children)):
            self.children.pop(name).stop()


def wait_for(condition: Callable[[], bool], *, seconds: float, or_show: Child | None = None) -> None:
    """Until `condition()` holds; fails with the end of the child's log when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        shown = or_show.last_words(40) if or_show else ""
        assert or_show is None or or_show.alive, f"{or_show.name} ended: {or_show.ending}\n{shown}"
        assert time.monotonic() < deadline, f"not within {seconds} s\n{shown}"
        time.sleep(0.1)


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def edgewise(template: str, *, web: bool = True, **environment: str) -> Iterator[LiveEdgewise]:
    """A live Edgewise on a clone of `template`, its web server started unless told otherwise."""
    port = str(free_port())
    with databases.clone(template) as name:
        urls = {
            variable: databases.url(variable, name) for variable in ("DATABASE_URL", "DATABASE_OWNER_URL")
        }
        urls["EDGEWISE_ERASURE_LIST"] = str(databases.outside(name))
        own = {"PORT": port, "PYTHONUNBUFFERED": "1", **SMALL, **urls, **environment}
        live = LiveEdgewise(f"http://127.0.0.1:{port}", name, os.environ | own)
        before, settings.EDGEWISE_BASE_URL = settings.EDGEWISE_BASE_URL, live.url
        try:
            if web:
                live.start_web()
            yield live
        finally:
            live.stop()
            settings.EDGEWISE_BASE_URL = before
