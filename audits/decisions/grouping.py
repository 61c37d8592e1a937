"""Group commit: requests waiting in one process are committed together, and each gets its own result.

Whoever finds nobody committing becomes the leader, takes all that waits, commits it in one go, hands out the results
and passes the lead to the first who came meanwhile; the others sleep, each on a lock of its own. One fsync then serves
many requests, and nobody waits for a timer.

A process that serves many requests has one thread lead for good: only its connection then writes, and what PostgreSQL
has to load for a connection (tables, partitions, plans) is loaded once and stays warm. That thread waits a moment for
requests that are on their way, as PostgreSQL's `commit_delay` does; a request that comes alone is committed at once.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, NoReturn, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
LINGER = 0.01
logger = logging.getLogger(__name__)
ENOUGH_TO_COMMIT = 32


class _Ticket(Generic[Item, Result]):
    """One request: what it brings, and what it gets. ``woken`` is held until the request is served, or has to lead."""

    __slots__ = ("done", "error", "items", "results", "woken")

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: list[Result] = []
        self.error: BaseException | None = None
        self.done = False
        self.woken = threading.Lock()
        self.woken.acquire()


class GroupCommit(Generic[Item, Result]):
    """Hands ``commit`` the items of all waiting requests, at most ``most`` of them; one result per item, in order."""

    def __init__(self, commit: Callable[[list[Item]], list[Result]], *, most: int = 2_000) -> None:
        self._commit = commit
        self._most = most
        self._waiting: deque[_Ticket[Item, Result]] = deque()
        self._turn = threading.Lock()
        self._came = threading.Condition(self._turn)
        self._busy = False
        self._coming: Callable[[], int] = lambda: 0

    def submit(self, items: Sequence[Item]) -> list[Result]:
        """Returns when ``items`` are committed; raises what their commit raised."""
        ticket: _Ticket[Item, Result] = _Ticket(items)
        with self._turn:
            self._waiting.append(ticket)
            leads, self._busy = not self._busy, True
            if len(self._waiting) == 1 or not self._more_are_coming():
                self._came.notify()
        if not leads:
            ticket.woken.acquire()
        if not ticket.done:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.results

    def lead_for_good(self, before_each: Callable[[], None], coming: Callable[[], int]) -> NoReturn:
        """Serves whatever comes, in the calling thread.

        ``before_each`` group looks after the thread's connection; ``coming`` is how many requests there are at once,
        those that wait here already among them.
        """
        with self._turn:
            while self._busy:
                self._came.wait(LINGER)
            self._busy, self._coming = True, coming
        while True:
            group: list[_Ticket[Item, Result]] = []
            try:
                self._gather()
                group += self._take()
                before_each()
                self._serve(group)
            except BaseException as error:
                logger.exception("A group of %d requests was not committed.", len(group))
                for ticket in group:
                    ticket.error = ticket.error or error
            for ticket in group:
                ticket.done = True
                ticket.woken.release()

    def _gather(self) -> None:
        """Until there is something to commit, and a moment longer for what is on its way."""
        with self._turn:
            while not self._waiting:
                self._came.wait()
            end = time.monotonic() + LINGER
            while self._more_are_coming() and (left := end - time.monotonic()) > 0:
                self._came.wait(left)

    def _more_are_coming(self) -> bool:
        """Whether waiting makes the group larger by much: it has only a few items yet, and others are on their way."""
        return (
            len(self._waiting) < self._coming()
            and sum(len(each.items) for each in self._waiting) < ENOUGH_TO_COMMIT
        )

    def _lead(self) -> None:
        """Serves the first that wait, its own request among them, and hands the lead to the next."""
        group = self._take()
        try:
            self._serve(group)
        finally:
            for ticket in group:
                ticket.done = True
            with self._turn:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            for ticket in group if following is None else [following, *group]:
                ticket.woken.release()

    def _take(self) -> list[_Ticket[Item, Result]]:
        with self._turn:
            group = [self._waiting.popleft()]
            size = len(group[0].items)
            while self._waiting and size + len(self._waiting[0].items) <= self._most:
                group.append(self._waiting.popleft())
                size += len(group[-1].items)
            return group

    def _serve(self, group: list[_Ticket[Item, Result]]) -> None:
        """Commits the group; if that fails, each request alone, so that one cannot fail the others."""
        try:
            results = self._commit([item for ticket in group for item in ticket.items])
        except BaseException as error:
            if len(group) > 1 and isinstance(error, Exception):
                for ticket in group:
                    self._serve([ticket])
                return
            for ticket in group:
                ticket.error = error
            if not isinstance(error, Exception):
                raise
            return
        start = 0
        for ticket in group:
            ticket.results = results[start : start + len(ticket.items)]
            start += len(ticket.items)
