"""How much posting goes on at once in one process: a bounded number of requests, of bounded bytes, and then no more.

Beyond the bounds a request waits a moment while others finish. When nothing finishes, because the database is slow
or stands still, it is turned away at once and some threads stay free for everything else.
"""

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.utils.translation import gettext as _

from audits.decisions import intake
from governance.access.outages import Busy

KEPT_FREE = 2
PATIENCE = 2.0


class Place:
    """The place of one request; left once, by whoever is last: the view, or the end of its stream."""

    def __init__(self, gate: "Gate", weight: int) -> None:
        self._gate, self._weight, self._left = gate, weight, False

    def leave(self, error: BaseException | None = None) -> None:
        """Makes room; a second time it does nothing. ``error`` is what the request ended with."""
        if not self._left:
            self._left = True
            self._gate.make_room(self._weight, moves=not isinstance(error, DatabaseTrouble))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave(error)


class Gate:
    """At most ``most`` requests of ``capacity`` bytes together."""

    def __init__(self, *, most: int, capacity: int, patience: float = PATIENCE) -> None:
        self._most, self._capacity, self._patience = most, capacity, patience
        self._inside, self._weight, self._moves = 0, 0, True
        self._second, self._peaks = 0, (0, 0)
        self._moved = time.monotonic()
        self._room = threading.Condition()

    def enter(self, weight: int) -> Place:
        """A place for a request of ``weight`` bytes; Busy when there is none in time."""
        weight = min(weight, self._capacity)
        came = time.monotonic()
        with self._room:
            while self._inside >= self._most or self._weight + weight > self._capacity:
                left = min(came, self._moved) + self._patience - time.monotonic()
                if left <= 0:
                    raise Busy(
                        _("Too many decisions are being logged at this moment. Send them again later.")
                    )
                self._room.wait(left)
            if not self._inside and self._moves:
                self._moved = time.monotonic()
            self._inside += 1
            self._weight += weight
            self._note_peak()
        return Place(self, weight)

    def _note_peak(self) -> None:
        second = int(time.monotonic())
        if second != self._second:
            before = self._peaks[1] if second == self._second + 1 else 0
            self._second, self._peaks = second, (before, 0)
        self._peaks = (self._peaks[0], max(self._peaks[1], self._inside))

    def lately(self) -> int:
        """How many requests had a place at once, at most, in this second and the one before."""
        return max(self._peaks)

    def make_room(self, weight: int, *, moves: bool = True) -> None:
        """A request of ``weight`` bytes is done; what the database gave up on shows that nothing ``moves``."""
        with self._room:
            self._inside -= 1
            self._weight -= weight
            self._moves = moves
            if moves:
                self._moved = time.monotonic()
            self._room.notify_all()


class Streamed:
    """An answer that is written while its request is read, and leaves the request's place when it ends."""

    def __init__(self, pieces: Iterator[bytes], place: Place) -> None:
        self._pieces, self._place = pieces, place

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException as error:
            self._place.leave(error)
            raise

    def close(self) -> None:
        """Called by the server, also when the client is gone."""
        self._place.leave()


MOST = max(1, settings.EDGEWISE_WEB_THREADS - KEPT_FREE)
gate = Gate(most=MOST, capacity=4 * intake.MAX_BYTES)
