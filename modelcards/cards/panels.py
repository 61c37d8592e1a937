"""What the pages of a system and the dashboard tell about its card (port ``GOVERNANCE_PANELS``)."""

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _

from governance.organisations.models import Organisation, Person
from governance.organisations.panels import Panel, Row
from governance.systems.models import AISystem
from modelcards.cards import selectors
from modelcards.cards.models import Card


def panels(
    *, organisation: Organisation, person: Person, system: AISystem | None, at: dt.datetime
) -> list[Panel]:
    """The card of the system, or every card of the organisation on its dashboard."""
    found = selectors.visible_to(organisation=organisation)
    found = found.filter(system=system) if system else found
    rows = [row for card in found if (row := _row(card))]
    return [
        Panel(
            slug="cards",
            heading=_("Model cards"),
            intro=_("What is told in public about a system."),
            rows=tuple(rows),
            empty=_("Published cards appear here."),
            more_url=reverse("cards"),
            more=_("All model cards"),
        )
    ]


def _row(card: Card) -> Row | None:
    version = selectors.published(slug=card.slug)
    if version is None:
        return None
    title = _("Model card of %(system)s, version %(number)s") % {
        "system": card.system.name,
        "number": version.number,
    }
    url = reverse("card", args=[card.slug])
    return Row(title=title, url=url, kind="good", status=_("Published"), at=version.published_at)
