"""What was logged and nobody has kept yet: a queue between the code that logs and the thread that keeps."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from edgewise.buffer import Kept

logger = logging.getLogger("edgewise")

Act = Callable[[], None]
Item = bytes | Act | None
"""A record; an act for the thread, done once what was added before it is kept; or the end."""


class Intake:
    """A queue that takes items without waiting for a lock. It states its size; those who add to it bound it.

    `in_hand` is what the thread has taken out and not kept yet; it counts.
    """

    def __init__(self) -> None:
        self._items: SimpleQueue[Item] = SimpleQueue()
        self._came = self._went = 0
        self.in_hand: Sequence[Kept] = ()

    @property
    def count(self) -> int:
        """Items that wait."""
        return self._items.qsize()

    @property
    def bytes(self) -> int:
        """Size of the records that wait or are in hand."""
        return self._came - self._went

    def add(self, item: Item) -> None:
        """Take an item, at once."""
        if isinstance(item, bytes):
            self._came += len(item)  # without a lock: an addition lost in a race makes the bound looser by it
        self._items.put(item)

    def take(self, most: int) -> list[Item]:
        """Waits for an item, and takes those behind it as well, up to the end; its records are in hand."""
        items = [self._items.get()]
        with suppress(Empty):
            while len(items) < most and items[-1] is not None:
                items.append(self._items.get_nowait())
        self.in_hand = records(items)
        return items

    def kept(self) -> None:
        """What was in hand is kept elsewhere, or lost."""
        self._went += sum(len(record.data) for record in self.in_hand)
        self.in_hand = ()

    def rest(self) -> list[Item]:
        """All that waits, taken out for good."""
        items: list[Item] = []
        with suppress(Empty):
            while True:
                items.append(self._items.get_nowait())
        return items


def records(items: Sequence[Item]) -> list[Kept]:
    """The records among some items."""
    now = time.time()
    return [Kept(item, now) for item in items if isinstance(item, bytes)]


def do(items: Sequence[Item]) -> None:
    """Do the acts among some items; one that fails keeps no other from being done."""
    for act in items:
        if callable(act):
            try:
                act()
            except Exception:
                logger.exception("what follows on a decision record failed")
