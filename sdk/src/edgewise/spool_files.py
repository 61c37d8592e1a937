"""One file of the spool: written to by the process that holds it locked, then locked and read by one that sends it."""

from __future__ import annotations

import logging
import os
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from edgewise.buffer import Kept, Load

try:
    import fcntl
except ImportError:  # Windows: one process for each folder
    LOCKS = False
else:
    LOCKS = True

SUFFIX = ".records"
UNFINISHED = ".new"
UNFINISHED_SECONDS = 60.0
DAMAGED = "damaged"

logger = logging.getLogger("edgewise")


@dataclass(frozen=True, slots=True)
class Segment(Load):
    """A file of the spool, locked and read; `damaged` of its lines were put aside."""

    path: Path = Path()
    descriptor: int = -1


class File:
    """The file that a process appends to, which it holds locked."""

    def __init__(self, path: Path, descriptor: int, lists: Sequence[Path]) -> None:
        self.path = path
        self._lists = lists  # the folders above it that may list a new name, to be synced with it
        self.descriptor = descriptor
        self.count = 0
        self.size = 0
        self.synced = 0
        self.failed: OSError | None = None
        self.since = 0.0

    def append(self, data: bytes, records: Sequence[Kept]) -> None:
        """Write lines, all or none of them."""
        try:
            written = 0
            while written < len(data):
                written += os.write(self.descriptor, memoryview(data)[written:])
        except OSError:
            with suppress(OSError):  # if not even that is possible, the checksum tells
                os.ftruncate(self.descriptor, self.size)
            raise
        self.since = min(self.since or records[0].since, records[0].since)
        self.count += len(records)
        self.size += len(data)

    def sync(self) -> None:
        """Through a descriptor of its own: the file may be sealed, sent and removed meanwhile.

        What failed to be synced once is never taken for synced: the kernel tells of a failure one time only.
        """
        if self.failed:
            raise self.failed
        reached = self.size
        with suppress(FileNotFoundError):  # the server has its records
            self._sync_path(self.path)
            if not self.synced:
                self._sync_path(self.path.parent)
                self._sync_lists()
        self.synced = reached

    def _sync_lists(self) -> None:
        """One that may not be read was not made here: whoever made it could read it."""
        for folder in self._lists:
            with suppress(PermissionError):
                self._sync_path(folder)

    def _sync_path(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as problem:
            self.failed = problem
            raise
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """A file of no records is removed: it is what a full disk leaves behind."""
        if not self.count:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


def create(folder: Path) -> File:
    """A new file, locked before others can see it; its name sorts by time."""
    lists = _make(folder)
    path = folder / f"{time.time_ns():020d}-{uuid4().hex[:8]}{SUFFIX}"
    hidden = path.with_suffix(UNFINISHED)
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        if LOCKS:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        hidden.rename(path)
    except OSError:
        os.close(descriptor)
        hidden.unlink(missing_ok=True)
        raise
    return File(path, descriptor, lists)


def _make(folder: Path) -> list[Path]:
    """Make the folder; those above it that list a new name now. Its parent always may: its maker may have died."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [each.parent for each in new or [folder]]


def take(path: Path) -> Segment | None:
    """The file, locked and read; None when another process has it, or has just removed it."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        if LOCKS:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink == 0:
            os.close(descriptor)
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            *lines, rest = file.read().split(b"\n")
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    read = [(line, _read(line)) for line in ([*lines, rest] if rest else lines)]
    damaged = [line for line, record in read if record is None]
    if damaged:
        _put_aside(path, damaged)
    return Segment([record for _, record in read if record], len(damaged), path, descriptor)


def remove(path: Path) -> bool:
    """Remove a file whose records need to be kept no longer; whether that was possible."""
    try:
        path.unlink(missing_ok=True)
    except OSError as problem:
        logger.warning("the spool file %s has been sent, and cannot be removed: %s", path, problem)
        return False
    return True


def _put_aside(path: Path, damaged: list[bytes]) -> None:
    """Keep damaged lines where a person can look at them."""
    logger.warning("%d damaged lines of the spool file %s were put aside", len(damaged), path)
    with suppress(OSError):
        folder = path.parent / DAMAGED
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / path.name).write_bytes(b"\n".join(damaged) + b"\n")


def line(record: Kept) -> bytes:
    """A record as it is written."""
    body = b"%d %b" % (record.since, record.data)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def _read(line: bytes) -> Kept | None:
    """The record of a line; None if it is not as it was written."""
    checksum, _, body = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    since, _, data = body.partition(b" ")
    return Kept(data, float(since))


def remove_unfinished(folder: Path) -> None:
    """Files that a process killed in the middle of `create` left: they are empty."""
    for path in folder.glob(f"*{UNFINISHED}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > UNFINISHED_SECONDS:
                path.unlink()
