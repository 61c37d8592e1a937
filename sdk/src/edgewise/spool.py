"""Records that wait on disk: a folder of small files that several processes may share.

A process appends to a file of its own, which it holds locked. A file that nobody holds locked (sealed by its writer,
or left by a process that died) is sent and removed by whichever process locks it first. Each line carries a checksum,
so that half a line, left by a process killed while it wrote, is recognised and put aside.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from edgewise import spool_files
from edgewise.buffer import Kept, Load
from edgewise.spool_files import File, Segment

LIMIT_BYTES = 256 << 20
FILE_BYTES = 512 << 10
FORK_PATIENCE = 0.5


class SpoolFullError(OSError):
    """The folder has reached its limit."""


class SpoolStuckError(OSError):
    """Another thread has been writing for too long: the disk hangs."""


class Spool:
    """What this process writes to, and takes from, a spool folder.

    `keep` and `sync` may be called by any thread, `take` and `done` by one. `ready` says that a file may wait to be
    taken. What was sent halfway is sent again from the start of its file: the server recognises records that it has.

    No lock that `keep` needs is held while the disk syncs: a disk may take its time for that.
    """

    def __init__(self, folder: Path, *, limit_bytes: int = LIMIT_BYTES, file_bytes: int = FILE_BYTES) -> None:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"the spool {folder} is not a folder; name a folder, it is created when needed")
        self.folder = folder
        self._limit = limit_bytes
        self._file_bytes = file_bytes
        self.ready = any(self._paths())
        self._total = 0
        self._set_up()
        spool_files.remove_unfinished(folder)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=partial(_call, weakref.WeakMethod(self._before_fork)),
                after_in_parent=partial(_call, weakref.WeakMethod(self._after_fork)),
                after_in_child=partial(_call, weakref.WeakMethod(self._forget)),
            )

    def _set_up(self) -> None:
        self._lock = threading.Lock()  # the file written to; it opens and closes under this lock
        self._taking = threading.Lock()  # the file taken, likewise; comes before `_lock`
        self._syncing = threading.Lock()  # comes before `_lock` too
        self._held: dict[int, list[threading.Lock]] = {}
        self._file: File | None = None
        self._sealed: list[File] = []
        self._taken: Segment | None = None
        self._settled: set[Path] = set()  # files that need to be kept no longer, and could not be removed

    @property
    def count(self) -> int:
        """Records in the file that this process writes to now."""
        file = self._file
        return file.count if file else 0

    @property
    def since(self) -> float:
        """When the oldest record of the file written to was kept; the present moment when there is none."""
        file = self._file
        return file.since if file and file.count else time.time()

    def keep(self, records: Sequence[Kept], *, sync: bool = False, patience: float = -1) -> None:
        """Write records, all or none; OSError if that is not possible.

        They survive the death of this process; with `sync`, that of the machine too. `patience`: seconds to wait for
        another thread that writes; without end if it is negative.
        """
        data = b"".join(spool_files.line(record) for record in records)
        if not self._lock.acquire(timeout=patience):
            raise SpoolStuckError(f"the disk of the spool {self.folder} does not answer")
        try:
            file = self._write(data, records)
        finally:
            self._lock.release()
        if sync:
            self._sync(file)

    def sync(self) -> None:
        """Make what was kept survive the death of the machine; OSError if that is not possible."""
        with self._lock:
            files, self._sealed = self._sealed, []
            if self._file:
                files.append(self._file)
        failures: list[OSError] = []
        for file in files:
            try:
                self._sync(file)
            except OSError as problem:
                failures.append(problem)
                self._put_off(file)
        if failures:
            raise failures[0]

    def take(self, *, seal: bool) -> Segment | None:
        """The oldest file that nobody writes to, locked and read; with `seal`, else this process's own.

        A file that cannot be read holds up no other; OSError when there is none besides.
        """
        with self._taking:
            found, problem = self._next()
            if found is None and seal:
                with self._lock:
                    self._seal()
                found, problem = self._next()
            self._taken = found
        self.ready = found is not None
        if found is None and problem is not None:
            raise problem
        return found

    def done(self, load: Load) -> None:
        """Remove the file: its records need to be kept no longer. One that stays is not taken a second time."""
        try:
            if isinstance(load, Segment) and not spool_files.remove(load.path):
                self._settled.add(load.path)
        finally:
            self.give_back(load)

    def give_back(self, load: Load) -> None:
        """Leave the file to whoever takes it next."""
        with self._taking:
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

    def close(self, patience: float = -1) -> None:
        """Stop writing: what waits stays for the next process that names this folder. `sync` may follow."""
        if self._lock.acquire(timeout=patience):
            try:
                self._seal()
            finally:
                self._lock.release()

    def _write(self, data: bytes, records: Sequence[Kept]) -> File:
        if self._file and self._file.failed:
            self._seal()
        self._make_room(len(data))
        file = self._file = self._file or spool_files.create(self.folder)
        try:
            file.append(data, records)
        except OSError:
            self._seal()
            raise
        self._total += len(data)
        if file.size >= self._file_bytes:
            self._seal()
        return file

    def _make_room(self, count: int) -> None:
        if self._file is None or self._total + count > self._limit:
            self._total = self.size()
        if self._total + count > self._limit:
            raise SpoolFullError(f"the spool {self.folder} has reached its limit of {self._limit} bytes")

    def _seal(self) -> None:
        if self._file:
            file, self._file = self._file, None
            file.close()
            if file.count:
                self._sealed.append(file)
            self.ready = True

    def _sync(self, file: File) -> None:
        """Requests that come together are synced together: the first to get the lock does it for all."""
        wanted = file.size
        with self._syncing:
            if file.synced < wanted:
                file.sync()

    def _before_fork(self) -> None:
        """No file is half opened or half closed while the process forks: the child could not tell which are its own.

        A disk that hangs does not keep the process from forking.
        """
        locks = (self._taking, self._lock)
        self._held[threading.get_ident()] = [lock for lock in locks if lock.acquire(timeout=FORK_PATIENCE)]

    def _after_fork(self) -> None:
        """In the parent: go on."""
        for lock in self._held.pop(threading.get_ident(), []):
            lock.release()

    def _forget(self) -> None:
        """In a forked process: the files are the parent's, and so are their locks."""
        descriptors = [held.descriptor for held in (self._file, self._taken) if held]
        self._set_up()
        for descriptor in descriptors:
            with suppress(OSError):
                os.close(descriptor)

    def _put_off(self, file: File) -> None:
        """What could not even be opened is synced the next time."""
        with self._lock:
            if file is not self._file and not file.failed:
                self._sealed.append(file)

    def _paths(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if path.suffix == spool_files.SUFFIX)

    def _next(self) -> tuple[Segment | None, OSError | None]:
        """The oldest file that can be had; and why another cannot be read."""
        trouble: OSError | None = None
        for path in self._paths():
            file = self._file
            if (file and path == file.path) or path in self._settled:
                continue
            try:
                if segment := spool_files.take(path):
                    return segment, None
            except OSError as problem:
                trouble = problem
        return None, trouble


def _call(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    if alive := method():
        alive()
