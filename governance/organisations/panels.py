"""What upper floors tell on the pages of the ground floor: the port of the dashboard and of a system's page.

``settings.GOVERNANCE_PANELS`` names callables ``(*, organisation, person, system, at) -> list[Panel]``; ``system`` is
None on the organisation's dashboard. A source leaves out what the person may not read.
"""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem


@dataclass(frozen=True)
class Row:
    """One line: a linked title, a note, and a status of kind good, live, warn, bad or "" with its word."""

    title: str
    url: str = ""
    note: str = ""
    kind: str = ""
    status: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Panel:
    """A section: heading, one sentence, rows, and a link to all of it; ``empty`` says what will appear, and when."""

    slug: str
    heading: str
    intro: str
    rows: tuple[Row, ...]
    empty: str
    more_url: str = ""
    more: str = ""


def of(
    *, organisation: Organisation, person: Person, system: AISystem | None, at: dt.datetime
) -> list[Panel]:
    """The panels of all sources, in the order of the setting."""
    return [
        panel
        for source in settings.GOVERNANCE_PANELS
        for panel in import_string(source)(organisation=organisation, person=person, system=system, at=at)
    ]
