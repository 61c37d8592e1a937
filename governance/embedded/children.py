"""One child process: started so that it cannot outlive this one, watched, restarted, stopped.

A child is told by the kernel when its parent dies (PR_SET_PDEATHSIG, prctl(2)), so even `kill -9` of the parent
stops it. What ignores that is found by the next command through a mark in its environment.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from governance.embedded.account import Identity

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass
class Child:
    """What to run and how; `stop_signal` ends it in order, `patience` seconds later SIGKILL ends its session."""

    name: str
    command: Sequence[str | Path]
    log: Path
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 15
    identity: Identity = field(default_factory=Identity)
    descriptors: tuple[int, ...] = ()
    folder: Path = Path("/")
    before: Callable[[], None] | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the command that people started.

        Of an earlier run nothing is left beside it: a killed web server leaves workers that would go on serving.
        """
        if self.process is not None:
            kill_session(self.pid)
        if self.before is not None:
            self.before()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=self.folder,
                start_new_session=True,
                pass_fds=self.descriptors,
                preexec_fn=_dies_with(os.getpid(), self.stop_signal),  # noqa: PLW1509
                **self.identity,
            )
        self.started = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id; 0 when it was never started."""
        return self.process.pid if self.process is not None else 0

    @property
    def ending(self) -> str:
        """How it ended: its exit status, or the signal that killed it."""
        status = self.process.returncode if self.process is not None else None
        return f"signal {-status}" if status is not None and status < 0 else f"status {status}"

    def stop(self) -> None:
        """End it and everything it started; returns when it is gone."""
        if self.process is None:
            return
        if self.alive:
            self.process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.patience)
        kill_session(self.pid)
        self.process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def _dies_with(parent: int, death: signal.Signals) -> Callable[[], None]:
    """What the child runs between fork and exec; `parent` may have died before the kernel was asked."""

    def ask_kernel() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death))
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def kill_session(pid: int) -> None:
    """SIGKILL to whatever is left in the session that `pid` led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def orphans(mark: str) -> list[int]:
    """The ids of processes whose environment carries `mark`, this one left out."""
    folders = [folder for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [pid for folder in folders if (pid := int(folder.name)) != os.getpid() and _carries(folder, mark)]


def _carries(folder: Path, mark: str) -> bool:
    try:
        return mark.encode() in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def end_orphans(mark: str, *, patience: float = 20) -> None:
    """End what a killed command left behind: in order first, then by force."""
    for death in (signal.SIGTERM, signal.SIGKILL):
        for pid in orphans(mark):
            _send(pid, death)
        deadline = time.monotonic() + patience
        while orphans(mark) and time.monotonic() < deadline:
            time.sleep(0.1)


def _send(pid: int, death: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, death)
