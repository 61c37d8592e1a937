"""What needs a person: the port through which upper floors put things into the inbox.

``settings.GOVERNANCE_INBOX_SOURCES`` names callables ``(*, person, organisation, at) -> list[Item]``.
"""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from governance.organisations.models import Organisation, Person


@dataclass(frozen=True)
class Item:
    """One thing that waits for one person: what to do, until when, and where."""

    title: str
    detail: str
    url: str
    action: str
    due_at: dt.datetime | None = None


def waiting(*, person: Person, organisation: Organisation, at: dt.datetime) -> list[Item]:
    """Everything that waits for the person, nearest deadline first, without deadline last."""
    found = [
        item
        for source in settings.GOVERNANCE_INBOX_SOURCES
        for item in import_string(source)(person=person, organisation=organisation, at=at)
    ]
    latest = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda item: (item.due_at or latest, item.title))
