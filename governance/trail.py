"""The door to the audit trail.

A service opens ``trail.act()`` around its change and calls ``trail.record`` for what happened. The events of one act
are handed to the port ``settings.GOVERNANCE_TRAIL`` together, just before the outermost act commits, so that logs are
locked briefly and in one order, and the change and its event stand or fall together.
"""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.utils.module_loading import import_string

from governance import constraints
from governance.access.models import ApiKey
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem

Actor = Person | ApiKey | AISystem | None


@dataclass(frozen=True)
class Event:
    """One thing that happened. ``system`` names the log it belongs to; without one it is the organisation's log."""

    type: str
    organisation: Organisation
    system: AISystem | None
    by: str
    at: dt.datetime
    subject: str
    facts: dict[str, Any]
    sealed: dict[str, str] = field(default_factory=dict)


class _Pending(threading.local):
    depth = 0
    events: list[Event]

    def __init__(self) -> None:
        self.events = []


_pending = _Pending()


@contextmanager
def act() -> Iterator[None]:
    """One act: a transaction whose events are appended together at its end. Nests; usable as a decorator.

    What fails takes its events with it, also when an act around it goes on. Raises the refusals of
    ``governance.constraints`` where the database makes them.
    """
    outermost, before = _pending.depth == 0, len(_pending.events)
    _pending.depth += 1
    try:
        with transaction.atomic():
            yield
            if outermost:
                _append()
    except BaseException as error:
        del _pending.events[before:]
        refusal = constraints.of(error) if isinstance(error, DatabaseError) else None
        if refusal is None:
            raise
        raise refusal from error
    finally:
        _pending.depth -= 1


def record(
    event: str,
    *,
    organisation: Organisation,
    by: Actor,
    at: dt.datetime,
    subject: str = "",
    system: AISystem | None = None,
    sealed: dict[str, str] | None = None,
    **facts: Any,
) -> None:
    """Records ``event`` in the system's log, or the organisation's. Values in ``sealed`` enter as commitments only."""
    if _pending.depth == 0:
        raise RuntimeError("trail.record needs a surrounding trail.act().")
    _pending.events.append(
        Event(event, organisation, system, actor_name(by), at, subject, facts, dict(sealed or {}))
    )


def actor_name(by: Actor) -> str:
    """A pseudonymous, stable name of who acted: no personal data enters a log."""
    match by:
        case None:
            return "scheduler"
        case ApiKey():
            return f"key:{by.pk}"
        case AISystem():
            return f"system:{by.slug}"
        case _:
            return f"person:{by.pk}"


def _append() -> None:
    if _pending.events:
        append: Callable[[list[Event]], None] = import_string(settings.GOVERNANCE_TRAIL)
        append(list(_pending.events))
        _pending.events.clear()
