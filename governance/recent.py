"""Answers that may be a second old: for what every request of a machine asks, and what seldom changes."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, overload

from django.db import connection

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Keeps what was found for ``seconds``, apart for each database; that nothing was found is not kept.

    In the last fifth of that time one caller asks anew, and the others go on with the old answer meanwhile.
    """

    def __init__(self, *, seconds: float = 1.0, most: int = 10_000) -> None:
        self._grace = seconds / 5
        self._fresh = seconds - self._grace
        self._most = most
        self._kept: dict[tuple[str, Key], tuple[float, Value]] = {}

    @overload
    def of(self, key: Key, ask: Callable[[], Value]) -> Value: ...

    @overload
    def of(self, key: Key, ask: Callable[[], Value | None]) -> Value | None: ...

    def of(self, key: Key, ask: Callable[[], Value | None]) -> Value | None:
        """What is kept for ``key``, else what ``ask`` finds."""
        kept = self.peek(key)
        if kept is not None:
            return kept
        found = ask()
        if found is None:
            self.forget(key)
            return None
        return self.keep(key, found)

    def peek(self, key: Key) -> Value | None:
        """What is kept for ``key``; None if it is this caller's turn to ask."""
        place, now = self._place(key), time.monotonic()
        until, value = self._kept.get(place, (0.0, None))
        if value is None or now < until:
            return value
        if now < until + self._grace:
            self._kept[place] = (until + self._grace, value)
        return None

    def keep(self, key: Key, value: Value) -> Value:
        """Keeps ``value`` for ``key``; with too many kept, all others are forgotten."""
        if len(self._kept) >= self._most:
            self._kept.clear()
        self._kept[self._place(key)] = (time.monotonic() + self._fresh, value)
        return value

    def forget(self, key: Key) -> None:
        """The next to ask gets a new answer."""
        self._kept.pop(self._place(key), None)

    def _place(self, key: Key) -> tuple[str, Key]:
        return str(connection.settings_dict["NAME"]), key
