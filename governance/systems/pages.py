"""Links of a system's page to what other nouns show of it. Reads, never writes."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from governance.systems.models import AISystem


@dataclass(frozen=True)
class Link:
    """One document about a system."""

    name: str | Promise
    note: str | Promise
    url: str


def links(*, system: AISystem) -> list[Link]:
    """Pages about the system, as far as the floors above are there."""
    found = [
        Link(_("Model card"), _("Page, PDF and exports"), _url("card", system.slug)),
        Link(
            _("Decisions"), _("Each with its deciding edge and receipt"), _url("decisions", query=system.slug)
        ),
        Link(_("Policy"), _("Weights, history and who decided"), _url("policy", system.slug)),
        Link(_("Edge cards"), _("What each edge judges"), _url("edges", system.slug)),
    ]
    return [link for link in found if link.url]


def _url(name: str, *args: str, query: str = "") -> str:
    try:
        return reverse(name, args=args) + (f"?system={query}" if query else "")
    except NoReverseMatch:
        return ""
