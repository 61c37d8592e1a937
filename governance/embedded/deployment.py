"""Everything one command needs, started in order and taken down whatever happens.

`DATABASE_URL` in the environment replaces the embedded PostgreSQL, `BROKER_URL` the broker in the home's files.
"""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

from governance import variables
from governance.embedded import children, commands
from governance.embedded.cluster import Cluster
from governance.embedded.home import CannotStartError, Home, Lock
from governance.embedded.supervisor import Supervisor
from governance.embedded.watchdog import Watchdog, ask

READY_SECONDS = 180
COMMAND_SECONDS = 15
MARK = "EDGEWISE_SUPERVISED"
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def say(text: str) -> None:
    """One line of progress to the person."""
    print(f"  {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def timed(text: str) -> Iterator[None]:
    """Say what was done and how long it took."""
    start = time.monotonic()
    yield
    say(f"{text} ({time.monotonic() - start:.1f} s)")


class Deployment:
    """A context manager: the home is locked on entry; on exit nothing started in between is left."""

    def __init__(self, home: Home, environment: Mapping[str, str], *, command: str) -> None:
        self.home = home
        self.lock = Lock(home, command)
        self.supervisor = Supervisor(say)
        self.cluster: Cluster | None = None
        self.watchdog: Watchdog | None = None
        self.mark = f"{MARK}={home.root}"
        self.environment = {
            **environment,
            MARK: str(home.root),
            "EDGEWISE_HOME": str(home.root),
            "DJANGO_SETTINGS_MODULE": "governance.config.settings",
            "PYTHONUNBUFFERED": "1",
        }

    def __enter__(self) -> "Deployment":
        self.lock.take()
        children.end_orphans(self.mark)
        for death in ENDING:
            signal.signal(death, signal.default_int_handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for death in ENDING:
            signal.signal(death, signal.SIG_IGN)
        for name in ("environment", "address"):
            self.home.note(name).forget()
        if self.watchdog is not None:
            self.watchdog.stop()
        self.supervisor.stop()
        if self.cluster is not None:
            self.cluster.stop()
        self.lock.release()

    def refuse_taken_port(self) -> None:
        """Raise CannotStartError when something else listens where the web server will."""
        host, port = commands.address(self.environment)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                remedy = f"choose another, for example: PORT={port + 1} {self.lock.command}"
                raise CannotStartError(f"Port {port} is taken; {remedy} ({error})") from None

    def start_database(self) -> None:
        """The embedded PostgreSQL, unless the environment names another server."""
        if self.environment.get("DATABASE_URL"):
            if not self.environment.get("DATABASE_OWNER_URL"):
                raise CannotStartError(
                    "DATABASE_URL is set, DATABASE_OWNER_URL is not; see docs/operations.md"
                )
            return
        with timed("PostgreSQL is ready"):
            self.cluster = Cluster(self.home)
            self.cluster.start()
        self.supervisor.add(self.cluster.child)
        self.environment |= self.cluster.urls()
        self.home.note("environment").write(self.cluster.urls())

    def migrate(self) -> None:
        """Bring the database to this version of the code."""
        with timed("The database is up to date"):
            self._manage("prepare_database", "--verbosity", "0")

    def _manage(self, *arguments: str) -> None:
        command = commands.manage(*arguments)
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotStartError(f"`manage.py {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}")

    def start_processes(self) -> None:
        """Web server, worker and beat; returns when the web server answers."""
        with timed(f"The web server answers at {self.url}"):
            started = {
                name: self._child(name, line(self.environment)) for name, line in commands.PROCESSES.items()
            }
            for child in started.values():
                self.supervisor.start(child)
            if not self.supervisor.watch(self.answers, seconds=READY_SECONDS):
                log = self.home.log("web")
                raise CannotStartError(f"The web server did not answer in {READY_SECONDS} s; see {log}")
        self.home.note("address").write(self.address)
        patience = variables.number("EDGEWISE_FROZEN_SECONDS", self.environment)
        self.watchdog = Watchdog(self.url, lambda: started["web"].pid, say, patience)
        self.watchdog.start()

    def _child(self, name: str, command: Sequence[str]) -> children.Child:
        return children.Child(
            name=f"The {name} process" if name != "web" else "The web server",
            command=command,
            log=self.home.log(name),
            environment=self.environment,
            folder=commands.ROOT,
        )

    @property
    def url(self) -> str:
        """Where people find it."""
        host, port = commands.address(self.environment)
        return f"http://{host}:{port}"

    @property
    def address(self) -> str:
        """What links and documents say, as in the settings; the demo's tour reads it from the home's note."""
        port = variables.whole("PORT", self.environment)
        return (self.environment.get("EDGEWISE_BASE_URL") or f"http://127.0.0.1:{port}").rstrip("/")

    def answers(self) -> bool:
        """Whether the web server is alive."""
        return ask(self.url) is not None

    def run(self, command: Sequence[str]) -> int:
        """Run a command in the foreground while looking after the rest; its exit status."""
        process = subprocess.Popen(command, env=self.environment)
        try:
            self.supervisor.watch(lambda: process.poll() is not None)
        finally:
            end(process)
        return process.returncode

    def wait(self) -> None:
        """Look after everything until the person ends it."""
        self.supervisor.watch(lambda: False)


def end(process: subprocess.Popen[bytes]) -> None:
    """See that a foreground command is over."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(COMMAND_SECONDS)
        process.kill()
    process.wait()
