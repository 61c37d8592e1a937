"""Records that wait on disk: a folder of small files that several processes may share.

A process appends to a file of its own, which it holds locked. A file that nobody holds locked (sealed by its writer,
or left by a process that died) is sent and removed by whichever process locks it first. Each line carries a checksum,
so that half a line, left by a process killed while it wrote, is recognised and put aside.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
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
DAMAGED = "damaged"
LIMIT_BYTES = 256 << 20
FILE_BYTES = 512 << 10

logger = logging.getLogger("edgewise")


class SpoolFullError(OSError):
    """The folder has reached its limit."""


@dataclass(frozen=True, slots=True)
class Segment(Load):
    """A file of the spool, locked and read; `damaged` of its lines were put aside."""

    path: Path = Path()
    descriptor: int = -1


class Spool:
    """What this process writes to, and takes from, a spool folder.

    `keep` may be called by any thread, `take` and `done` by one. `ready` says that a file may wait to be taken.
    What was sent halfway is sent again from the start
    of its file: the server recognises records that it has.
    """

    def __init__(self, folder: Path, *, limit_bytes: int = LIMIT_BYTES, file_bytes: int = FILE_BYTES) -> None:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"the spool {folder} is not a folder; name a folder, it is created when needed")
        self.folder = folder
        self._limit = limit_bytes
        self._file_bytes = file_bytes
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._file: _File | None = None
        self._taken: Segment | None = None
        self.ready = any(self._paths())
        self._total = 0

    @property
    def count(self) -> int:
        """Records in the file that this process writes to now."""
        return self._file.count if self._file else 0

    @property
    def since(self) -> float:
        """When the oldest record of the file written to was kept; the present moment when there is none."""
        file = self._file
        return file.since if file and file.count else time.time()

    def keep(self, records: Sequence[Kept], *, sync: bool = False) -> None:
        """Write records, all or none; OSError if that is not possible.

        They survive the death of this process; with `sync`, that of the machine too.
        """
        data = b"".join(_line(record) for record in records)
        with self._lock:
            self._make_room(len(data))
            file = self._file = self._file or _create(self.folder)
            try:
                file.append(data, records)
            except OSError:
                self._seal()
                raise
            self._total += len(data)
            if file.size >= self._file_bytes:
                self._seal()
        if sync:
            self._sync(file)

    def sync(self) -> None:
        """Make what was kept survive the death of the machine; OSError if that is not possible."""
        if file := self._file:
            self._sync(file)

    def take(self, *, seal: bool) -> Segment | None:
        """The oldest file that nobody writes to, locked and read; with `seal`, else this process's own."""
        found = next(self._unlocked(), None)
        if found is None and seal:
            with self._lock:
                self._seal()
            found = next(self._unlocked(), None)
        self._taken = found
        self.ready = found is not None
        return found

    def done(self, load: Load) -> None:
        """Remove the file: its records need to be kept no longer."""
        if isinstance(load, Segment):
            load.path.unlink(missing_ok=True)
        self.give_back(load)

    def give_back(self, load: Load) -> None:
        """Leave the file to whoever takes it next."""
        if isinstance(load, Segment) and self._taken is load:
            self._taken = None
            os.close(load.descriptor)

    def size(self) -> int:
        """Bytes that wait in the folder, those of other processes included."""
        total = 0
        for path in self._paths():
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def close(self) -> None:
        """Stop writing: what waits stays for the next process that names this folder."""
        with self._lock:
            self._seal()

    def forget(self) -> None:
        """In a forked process: the files are the parent's, and so are their locks."""
        self._lock, self._syncing = threading.Lock(), threading.Lock()
        for held in (self._file, self._taken):
            if held:
                os.close(held.descriptor)
        self._file = self._taken = None

    def _make_room(self, count: int) -> None:
        if self._file is None or self._total + count > self._limit:
            self._total = self.size()
        if self._total + count > self._limit:
            raise SpoolFullError(f"the spool {self.folder} has reached its limit of {self._limit} bytes")

    def _seal(self) -> None:
        if self._file:
            file, self._file = self._file, None
            with self._syncing:
                file.close()
            self.ready = True

    def _sync(self, file: _File) -> None:
        """Requests that come together are synced together: the first to get the lock does it for all."""
        wanted = file.size
        with self._syncing:
            if file.synced < wanted and not file.closed:
                file.sync()

    def _paths(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if path.suffix == SUFFIX)

    def _unlocked(self) -> Iterator[Segment]:
        for path in self._paths():
            if self._file and path == self._file.path:
                continue
            try:
                segment = _open(path)
            except OSError as problem:
                logger.warning("the spool file %s cannot be read: %s", path, problem)
                continue
            if segment:
                yield segment


class _File:
    """The file that a process appends to, which it holds locked."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.count = 0
        self.size = 0
        self.synced = 0
        self.closed = False
        self.since = 0.0

    def append(self, data: bytes, records: Sequence[Kept]) -> None:
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
        reached = self.size
        os.fsync(self.descriptor)
        if not self.synced:
            _sync_folder(self.path.parent)
        self.synced = reached

    def close(self) -> None:
        """A file of no records is removed: it is what a full disk leaves behind."""
        with suppress(OSError):
            if self.synced < self.size:
                self.sync()
            if not self.count:
                self.path.unlink(missing_ok=True)
        self.closed = True
        os.close(self.descriptor)


def _create(folder: Path) -> _File:
    """A new file, locked before others can see it; its name sorts by time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{time.time_ns():020d}-{uuid4().hex[:8]}{SUFFIX}"
    hidden = path.with_suffix(".new")
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        if LOCKS:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        hidden.rename(path)
    except OSError:
        os.close(descriptor)
        hidden.unlink(missing_ok=True)
        raise
    return _File(path, descriptor)


def _open(path: Path) -> Segment | None:
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


def _put_aside(path: Path, damaged: list[bytes]) -> None:
    """Keep damaged lines where a person can look at them."""
    logger.warning("%d damaged lines of the spool file %s were put aside", len(damaged), path)
    with suppress(OSError):
        folder = path.parent / DAMAGED
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / path.name).write_bytes(b"\n".join(damaged) + b"\n")


def _line(record: Kept) -> bytes:
    body = b"%d %b" % (record.since, record.data)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def _read(line: bytes) -> Kept | None:
    """The record of a line; None if it is not as it was written."""
    checksum, _, body = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    since, _, data = body.partition(b" ")
    return Kept(data, float(since))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
