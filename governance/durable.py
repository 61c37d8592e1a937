"""Files that several processes read and replace: one at a time, whole or not at all, on disk when it is done."""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_WAIT = 10.0
EVERY_SECONDS = 0.005
# How the name of a file ends that is being written, and of one whose writer was killed.
DRAFT = ".new"


@contextmanager
def alone(lock: Path, *, patience: float = LONGEST_WAIT) -> Iterator[None]:
    """Holds the lock file `lock`, made where it is not there, against every other thread and process.

    The kernel lets it go however this process ends; one that is frozen keeps it, so that others wait `patience` seconds
    and no longer: TimeoutError. Whoever holds the lock must not ask for it again.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, lock, time.monotonic() + patience)
        yield
    finally:
        # A process that was forked meanwhile has the file open too, and would keep it locked.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _take(descriptor: int, lock: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{lock} is held by another process, which does not go on: end it."
                ) from None
            time.sleep(EVERY_SECONDS)
        else:
            return


def replace(path: Path, content: str | bytes) -> None:
    """Puts `content` in the file's place. A power cut leaves it as it was or as it is to be, never a part of it."""
    draft = path.with_name(f".{os.getpid()}.{secrets.token_hex(4)}{DRAFT}")
    try:
        with draft.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """What was put into the folder, renamed there or taken out of it stays so after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_below(folder: Path) -> None:
    """Everything in the folder and below it is on disk, content and names; the folder's own name is its parent's."""
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue
        if path.is_dir():
            sync(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
