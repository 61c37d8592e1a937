"""Records lost by the model, on a system's page; on the dashboard where there are any."""

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.ledger import pages
from audits.ledger import selectors as ledger
from audits.losses import selectors, services
from governance.access import selectors as access
from governance.organisations.models import Organisation, Person
from governance.organisations.panels import Panel, Row
from governance.systems import selectors as systems
from governance.systems.models import AISystem
from governance.templatetags import formats


def panels(
    *, organisation: Organisation, person: Person, system: AISystem | None, at: dt.datetime
) -> list[Panel]:
    """How many records each system's model says it lost, and when it last said so."""
    if not access.may(person=person, permission="view_decisions", organisation=organisation):
        return []
    shown = [system] if system is not None else list(systems.visible_to(organisation=organisation))
    rows = tuple(row for row in map(_row, shown) if row is not None)
    if system is None and not rows:
        return []
    return [
        Panel(
            slug="losses",
            heading=_("Records lost by the model, as it reports itself"),
            intro=_(
                "Decisions that were made and never reached the log. Nothing here can show what they were."
            ),
            rows=rows,
            empty=_("The model has reported no lost record."),
        )
    ]


def _row(system: AISystem) -> Row | None:
    last = selectors.of_system(system=system).first()
    if last is None:
        return None
    total = selectors.total(system=system)
    told = ngettext("%(name)s: %(n)s record", "%(name)s: %(n)s records", total)
    entry = ledger.events(organisation=system.organisation, system=system, type=services.REPORTED)[:1]
    return Row(
        title=told % {"name": system.name, "n": formats.number(total)},
        url=next((row.url for row in pages.rows(list(entry))), ""),
        note=_("last reported by a process with the key “%s”") % last.key.label,
        at=last.last_at,
        kind="warn",
        status=_("Lost"),
    )
