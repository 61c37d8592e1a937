"""Records that wait in memory, bounded by number and size."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CAPACITY = 50_000
CAPACITY_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """An encoded record, and when it was first kept (Unix seconds)."""

    data: bytes
    since: float


@dataclass(frozen=True, slots=True)
class Load:
    """Records taken out to be sent, to be given to `done` or `give_back`. `damaged` others could not be read."""

    records: Sequence[Kept]
    damaged: int = 0


class Buffer:
    """A bounded queue of records in memory; `bytes` is the size of those that wait."""

    def __init__(self, *, capacity: int = CAPACITY, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self.capacity = capacity
        self.capacity_bytes = capacity_bytes
        self._waiting: deque[Kept] = deque()
        self.bytes = 0
        self._under_way: Load | None = None
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """Records that wait."""
        return len(self._waiting)

    @property
    def since(self) -> float:
        """When the oldest waiting record was kept; the present moment when none waits."""
        waiting = self._waiting
        try:
            return waiting[0].since
        except IndexError:
            return time.time()

    def keep(self, records: Iterable[Kept]) -> int:
        """Take records while there is room; how many found none."""
        refused = 0
        with self._lock:
            for record in records:
                more = self.bytes + len(record.data)
                if len(self._waiting) >= self.capacity or more > self.capacity_bytes:
                    refused += 1
                    continue
                self._waiting.append(record)
                self.bytes = more
        return refused

    def take(self, most: int) -> Load | None:
        """The oldest records; None when there are none."""
        with self._lock:
            found = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self.bytes -= sum(len(record.data) for record in found)
            self._under_way = Load(found) if found else None
            return self._under_way

    def done(self, load: Load) -> None:
        """What was taken needs to be kept no longer."""
        with self._lock:
            if self._under_way is load:
                self._under_way = None

    def give_back(self, load: Load) -> None:
        """What was taken has not been sent after all."""
        with self._lock:
            if self._under_way is load:
                self._under_way = None
                self._waiting.extendleft(reversed(load.records))
                self.bytes += sum(len(record.data) for record in load.records)

    def left(self) -> list[Kept]:
        """Everything that waits or is under way, taken out for good."""
        with self._lock:
            found = [*(self._under_way.records if self._under_way else ()), *self._waiting]
            self._waiting.clear()
            self.bytes, self._under_way = 0, None
            return found

    def forget(self) -> None:
        """In a forked process: the records are the parent's."""
        self._lock = threading.Lock()
        self.left()
