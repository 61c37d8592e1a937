"""Comparing what lies beside a log with its entries, while `verification` walks them.

Pages, searches and figures are made of such rows, which repeat in columns what an entry says. The entry is the record:
a row that says something else was changed behind the application's back, or by a defect.
"""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import msgspec
from edgewise.errors import VerificationError

from audits.ledger.models import Log, LoggedEvent

CHUNK = 4_096


class Comparison(ABC):
    """`verification.Beside` in chunks. The first difference is kept until the log itself was found to hold."""

    def __init__(self) -> None:
        self._first, self._waiting = 0, list[bytes]()
        self._trouble: VerificationError | None = None

    def look(self, first: int, entries: Sequence[bytes]) -> None:
        """Takes in the next entries, and compares once there are enough for a chunk."""
        if self._trouble is None:
            self._first = self._first if self._waiting else first
            self._waiting += entries
            if len(self._waiting) >= CHUNK:
                self._compare_waiting()

    def end(self, size: int) -> None:
        """Compares what is left; raises the first difference."""
        if self._trouble is None and self._waiting:
            self._compare_waiting()
        if self._trouble is not None:
            raise self._trouble
        self.beyond(size)

    def _compare_waiting(self) -> None:
        entries, self._waiting = self._waiting, []
        try:
            self.compare(self._first, entries)
        except VerificationError as error:
            self._trouble = error

    @abstractmethod
    def compare(self, first: int, entries: Sequence[bytes]) -> None:
        """Raises VerificationError for the first row of these entries that does not agree."""

    @abstractmethod
    def beyond(self, size: int) -> None:
        """Raises VerificationError if there are rows of entries that the log does not have."""


def differ(table: str, column: str, index: int) -> VerificationError:
    """What is said of a column that is not what the entry says."""
    return VerificationError(f"{table}.{column} is not what entry {index} says", index=index)


def check_places(table: str, expected: Iterable[int], found: Iterable[int]) -> None:
    """There is one row for each entry that has to have one, and no other."""
    expected, found = set(expected), set(found)
    if expected != found:
        index = min(expected ^ found)
        lacks = f"{table} has no row of entry {index}"
        raise VerificationError(
            lacks if index in expected else f"{table} has a row of entry {index}, which is none", index=index
        )


class _Event(msgspec.Struct):
    """What an entry of the audit trail says that `LoggedEvent` repeats (`events.entry_of`)."""

    type: str = ""
    subject: str = ""
    by: str = ""
    at: str = ""
    facts: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode = msgspec.json.Decoder(_Event).decode


class Events(Comparison):
    """The rows by which events of the audit trail are searched."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def compare(self, first: int, entries: Sequence[bytes]) -> None:
        """Type, subject, who and when."""
        events = {index: event for index, entry in enumerate(entries, first) if (event := _event(entry))}
        rows = LoggedEvent.objects.filter(log=self._log, index__gte=first, index__lt=first + len(entries))
        found = {row.index: row for row in rows.order_by("index")}
        check_places("audits_loggedevent", events, found)
        for index, event in events.items():
            row = found[index]
            for column in ("type", "subject", "by"):
                if getattr(row, column) != getattr(event, column):
                    raise differ("audits_loggedevent", column, index)
            if row.at != dt.datetime.fromisoformat(event.at):
                raise differ("audits_loggedevent", "at", index)

    def beyond(self, size: int) -> None:
        """None of entries to come."""
        rows = LoggedEvent.objects.filter(log=self._log, index__gte=size)
        check_places("audits_loggedevent", [], rows.order_by("index").values_list("index", flat=True)[:1])


def _event(entry: bytes) -> _Event | None:
    """The event that an entry is; None for decisions and whatever else has another form."""
    try:
        event = _decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return event if event.at and event.by and event.facts is not msgspec.UNSET else None
