"""The home: the directory that holds everything written at run time, used by one command at a time."""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

DEFAULT = Path(__file__).resolve().parents[2] / "var"
# A socket's path may have 107 bytes, "/.s.PGSQL.5432" included.
LONGEST_TEMPORARY = 60
LOG_BYTES = 10_000_000


class CannotStartError(Exception):
    """Why nothing was started, in a sentence with the remedy."""


@dataclass(frozen=True)
class Home:
    """The paths below `$EDGEWISE_HOME`."""

    root: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Home":
        """The home the environment names, created if it is new."""
        root = Path(environment.get("EDGEWISE_HOME") or DEFAULT).resolve()
        for folder in (root, root / "logs", root / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        return cls(root)

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.root / "postgres"

    def log(self, name: str) -> Path:
        """The log file of one process; the supervisor sets an overlong one aside."""
        return self.root / "logs" / f"{name}.log"

    def note(self, name: str) -> "Note":
        """A small JSON file about what runs now."""
        return Note(self.root / "run" / f"{name}.json")


@dataclass(frozen=True)
class Note:
    """What the next command must know if this one is killed."""

    path: Path

    def write(self, value: object) -> None:
        """Replace the note as a whole; only its owner may read it."""
        draft = self.path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(value, file)
        draft.replace(self.path)

    def read(self) -> object:
        """The value, or None when there is no whole note."""
        try:
            return json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def forget(self) -> None:
        """Remove the note."""
        self.path.unlink(missing_ok=True)


@dataclass
class Lock:
    """Held by the one command that uses a home; the kernel lets it go however that command ends."""

    home: Home
    command: str
    file: TextIO | None = field(default=None)

    def take(self) -> None:
        """Hold the lock, or raise CannotStartError naming the holder."""
        file = (self.home.root / "run" / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another command"
            file.close()
            raise CannotStartError(
                f"{self.home.root} is in use by {holder}. Stop it first, or use another home and port, "
                f"for example: EDGEWISE_HOME=./var2 PORT=8001 {self.command}"
            ) from None
        file.truncate(0)
        file.write(f"`{self.command}` (process {os.getpid()})")
        file.flush()
        self.file = file

    def release(self) -> None:
        """Let the next command in."""
        if self.file is not None:
            self.file.truncate(0)
            self.file.close()
            self.file = None


def set_aside(log: Path) -> None:
    """Move what an overlong log holds to `….log.1`, in place of what was there.

    Copied and cut, not renamed: the process holds the file open, for appending, and goes on at its beginning. A line
    written between copy and cut is lost. So is what finds no room on a full disk: the log must not grow all the same.
    """
    if not log.exists() or log.stat().st_size <= LOG_BYTES:
        return
    with contextlib.suppress(OSError):
        shutil.copyfile(log, log.with_suffix(".log.1"))
    os.truncate(log, 0)


def private_directory() -> Path:
    """A new directory for a socket, short enough for one, that only its owner may enter."""
    usual = tempfile.gettempdir()
    parent = usual if len(usual) < LONGEST_TEMPORARY else "/tmp"  # noqa: S108
    return Path(tempfile.mkdtemp(prefix="edgewise-", dir=parent))
