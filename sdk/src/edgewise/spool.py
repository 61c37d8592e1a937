"""Records that wait on disk while the server is away."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: one process for each spool file
    LOCKS = False
else:
    LOCKS = True

DEFAULT_LIMIT_BYTES = 256 << 20
LINES_AT_ONCE = 500


class SpoolFullError(OSError):
    """The file has reached its limit."""


class Spool:
    """A file of encoded records, one on each line, that several processes may share.

    What was sent halfway is sent again from the start: the server recognises records that it has.
    """

    def __init__(self, path: Path, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._path = path
        self._limit = limit_bytes

    def keep(self, records: list[bytes]) -> None:
        """Write records to disk, durably; OSError if that is not possible."""
        data = b"".join(record + b"\n" for record in records)
        with self._locked() as file:
            end = file.seek(0, os.SEEK_END)
            if end + len(data) > self._limit:
                raise SpoolFullError(f"the spool file {self._path} is full")
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise

    def drain(self, send: Callable[[list[bytes]], None]) -> None:
        """Send what waits; it stays on disk if `send` raises."""
        if not self._path.exists() or not self._path.stat().st_size:
            return
        with self._locked() as file:
            while lines := list(islice(file, LINES_AT_ONCE)):
                # A process killed while it wrote leaves half a line, which was never promised to anybody.
                send([line.rstrip(b"\n") for line in lines if line.endswith(b"\n")])
            file.truncate(0)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=1 << 16) as file:
            if LOCKS:
                fcntl.flock(file, fcntl.LOCK_EX)
            yield file
