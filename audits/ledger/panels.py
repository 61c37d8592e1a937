"""The log on the organisation's dashboard and on a system's page."""

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _

from audits.ledger import pages, selectors
from governance.access import selectors as access
from governance.organisations.models import Organisation, Person
from governance.organisations.panels import Panel, Row
from governance.systems.models import AISystem

RECENT = 5


def panels(
    *, organisation: Organisation, person: Person, system: AISystem | None, at: dt.datetime
) -> list[Panel]:
    """The latest events of the organisation's log, or of the system's."""
    if not access.may(person=person, permission="view_log", organisation=organisation):
        return []
    found = list(selectors.events(organisation=organisation, system=system)[:RECENT])
    rows = tuple(
        Row(title=row.sentence, url=row.url, note=_("entry %d") % row.index, at=row.at)
        for row in pages.rows(found)
    )
    return [
        Panel(
            slug="log",
            heading=_("Latest in the log"),
            intro=_("Each act is an entry that nobody can change or remove unseen."),
            rows=rows,
            empty=_("Every act appears here as it happens."),
            more_url=reverse("log"),
            more=_("The whole log"),
        )
    ]
