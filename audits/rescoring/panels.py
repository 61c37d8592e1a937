"""Score agreement on a system's page."""

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _

from audits.rescoring import pages
from governance.access import selectors as access
from governance.organisations.models import Organisation, Person
from governance.organisations.panels import Panel, Row
from governance.systems.models import AISystem


def panels(
    *, organisation: Organisation, person: Person, system: AISystem | None, at: dt.datetime
) -> list[Panel]:
    """Whether somebody else scores alike, edge by edge; only on a system's page."""
    if system is None or not access.may(person=person, permission="view_governed", organisation=organisation):
        return []
    rows = tuple(
        Row(title=line.name, note=line.figure, kind=line.kind, status=line.word)
        for line in pages.lines(system=system)
        if line.rescorer is not None
    )
    return [
        Panel(
            slug="agreement",
            heading=_("Can its scores be believed?"),
            intro=_("A random share of decisions is scored again by somebody else."),
            rows=rows,
            empty=_("Nobody scores this system’s decisions again: what it says of itself is self-reported."),
            more_url=reverse("rescoring", args=[system.slug]),
            more=_("Independent scoring"),
        )
    ]
