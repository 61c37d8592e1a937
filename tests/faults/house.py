"""A `make run` of its own that may be killed in every part, its supervisor included, and started again."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psycopg

from governance.embedded import commands
from tests import live
from tests.faults.kept import System
from tests.serving import EMBEDDED, READY, environment

START_SECONDS = 180
STOP_SECONDS = 120
DATABASE_SECONDS = 150


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def children(pid: int) -> list[int]:
    folders = Path("/proc").glob("[0-9]*")
    return sorted(int(folder.name) for folder in folders if parent(int(folder.name)) == pid)


Answer = TypeVar("Answer")


def patiently(ask: Callable[[], Answer]) -> Answer:
    """The answer of a database that may be recovering, or on its way to another socket."""
    deadline = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            return ask()
        except (psycopg.OperationalError, FileNotFoundError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@dataclass
class House:
    """`extra` goes into the environment of all its processes."""

    home: Path
    port: int = field(default_factory=live.free_port)
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.home, self.port) | {"EDGEWISE_WORKER_PROCESSES": "1"} | self.extra

    @property
    def words(self) -> Path:
        """What the command tells the person."""
        return self.home.with_name(f"{self.home.name}-make-run.log")

    def start(self) -> None:
        """A second time when a machine that is busy otherwise let the first run out of time."""
        if not (self._start() or self._start()):
            raise AssertionError(f"make run did not start:\n{self.words.read_text()[-3000:]}")

    def _start(self) -> bool:
        self.home.parent.mkdir(parents=True, exist_ok=True)
        with self.words.open("a") as words:
            self.process = subprocess.Popen(
                [*EMBEDDED, "run"],
                env=self.environment,
                cwd=commands.ROOT,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
            )
        assert self.process.stdout is not None
        if READY in self.process.stdout.readline():
            return True
        with self.process:
            self.process.wait(STOP_SECONDS)
        return False

    def stop(self) -> int:
        """Ctrl-C, unless it is killed already; the exit status."""
        if self.process is None:
            return 0
        with self.process:
            self.process.send_signal(signal.SIGINT)
            status = self.process.wait(STOP_SECONDS)
        self.process = None
        return status

    def kill(self) -> None:
        """The supervisor itself, which can then tend nothing."""
        assert self.process is not None
        with self.process:
            self.process.kill()
        self.process = None

    def child(self, word: str) -> int:
        """The process that the supervisor started with `word` in its command; waits for it to be there."""
        found: list[int] = []

        def look() -> bool:
            assert self.process is not None
            found[:] = [pid for pid in children(self.process.pid) if word in line(pid)]
            return bool(found)

        live.wait_for(look, seconds=60)
        return found[0]

    def web_workers(self) -> list[int]:
        """The web server's own processes, without what only tracks their resources."""
        found: list[int] = []

        def look() -> bool:
            found[:] = [pid for pid in children(self.child("granian")) if not _is_tracker(pid)]
            return bool(found)

        live.wait_for(look, seconds=60)
        return found

    def postmaster(self) -> int:
        """The embedded PostgreSQL."""
        note = self.home / "postgres" / "postmaster.pid"
        found: list[int] = []

        def look() -> bool:
            try:
                found[:] = [int(note.read_text().split()[0])]
            except (OSError, ValueError, IndexError):
                return False
            return Path(f"/proc/{found[0]}").exists()

        live.wait_for(look, seconds=120)
        return found[0]

    @property
    def urls(self) -> dict[str, str]:
        if "DATABASE_URL" in self.extra:
            return self.extra
        found: dict[str, str] = json.loads((self.home / "run" / "environment.json").read_text())
        return found

    @property
    def url(self) -> str:
        """The database, as the application's role."""
        return self.urls["DATABASE_URL"]

    def connect(self) -> psycopg.Connection:
        """As soon as the database answers again."""
        return patiently(lambda: psycopg.connect(self.url, autocommit=True, connect_timeout=5))

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10):
                return True
        except OSError:
            return False

    def run(self, *command: str, seconds: float = 150) -> str:
        """What a command prints, run with this home's database; it must succeed."""
        own = self.environment | self.urls | {"DJANGO_SETTINGS_MODULE": "governance.config.settings"}
        done = subprocess.run(
            [sys.executable, *command],
            env=own,
            cwd=commands.ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout

    def make_world(self) -> list[System]:
        """Two organisations with a system each, whose logs anybody may read."""
        found = json.loads(self.run("-m", "tests.faults.world").splitlines()[-1])
        return [System(**each | {"vkeys": tuple(each["vkeys"])}) for each in found]


def _is_tracker(pid: int) -> bool:
    return any("resource_tracker" in word for word in line(pid))


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def kill_group(pid: int) -> None:
    os.killpg(pid, signal.SIGKILL)
