"""Group commit: requests waiting in one process are committed together, and each gets its own result.

Whoever finds nobody committing becomes the leader, takes all that waits, commits it in one go and hands out the
results; the others sleep. One fsync then serves many requests, and nobody waits for a timer.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Ticket(Generic[Item, Result]):
    """One request: what it brings, and what it gets."""

    __slots__ = ("done", "error", "items", "results")

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: list[Result] = []
        self.error: BaseException | None = None
        self.done = False


class GroupCommit(Generic[Item, Result]):
    """Hands ``commit`` the items of all waiting requests, at most ``most`` of them; one result per item, in order."""

    def __init__(self, commit: Callable[[list[Item]], list[Result]], *, most: int = 2_000) -> None:
        self._commit = commit
        self._most = most
        self._waiting: deque[_Ticket[Item, Result]] = deque()
        self._turn = threading.Condition()
        self._busy = False

    def submit(self, items: Sequence[Item]) -> list[Result]:
        """Returns when ``items`` are committed; raises what their commit raised."""
        ticket: _Ticket[Item, Result] = _Ticket(items)
        with self._turn:
            self._waiting.append(ticket)
        while self._must_lead(ticket):
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.results

    def _must_lead(self, ticket: _Ticket[Item, Result]) -> bool:
        """Sleeps while somebody commits; false once the ticket is served."""
        with self._turn:
            while self._busy and not ticket.done:
                self._turn.wait()
            self._busy = self._busy or not ticket.done
            return not ticket.done

    def _lead(self) -> None:
        group = self._take()
        try:
            self._serve(group)
        finally:
            with self._turn:
                for ticket in group:
                    ticket.done = True
                self._busy = False
                self._turn.notify_all()

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
