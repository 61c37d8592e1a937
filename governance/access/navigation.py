"""Navigation by role, for every page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from governance.access import roles
from governance.organisations import inbox
from governance.organisations import selectors as organisations
from governance.organisations.models import Organisation, Person


@dataclass(frozen=True)
class Item:
    """One entry of the navigation: its words and the name of its URL."""

    label: str | Promise
    name: str


INBOX = Item(_("Inbox"), "inbox")
PROPOSALS = Item(_("Proposals"), "proposals")
COUNCILS = Item(_("Councils"), "councils")
SYSTEMS = Item(_("How systems decide"), "systems")
POLICIES = Item(_("Policies"), "policies")
DECISIONS = Item(_("Decisions"), "decisions")
FINDINGS = Item(_("Findings"), "findings")
REPORTS = Item(_("Reports"), "reports")
CARDS = Item(_("Model cards"), "cards")
PROTECTION = Item(_("Data protection"), "protection")
LOG = Item(_("Log"), "log")
PEOPLE = Item(_("People"), "people")
ORGANISATION = Item(_("Organisation"), "organisation")

BY_ROLE: dict[str, tuple[Item, ...]] = {
    "member": (INBOX, PROPOSALS, DECISIONS, SYSTEMS, CARDS),
    "chair": (INBOX, PROPOSALS, COUNCILS, DECISIONS, SYSTEMS),
    "auditor": (DECISIONS, FINDINGS, REPORTS, LOG, POLICIES, PROTECTION),
    "owner": (SYSTEMS, DECISIONS, FINDINGS, CARDS, REPORTS, PROTECTION),
    "admin": (PEOPLE, SYSTEMS, LOG, PROTECTION, ORGANISATION),
}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``navigation``, ``organisation`` and ``role_names`` of the person signed in."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {}
    organisation = getattr(request, "organisation", None) or organisations.of_person(
        person=person, slug=request.session.get("organisation")
    )
    if organisation is None:
        return {}
    held = organisations.roles_of(person=person, organisation=organisation)
    return {
        "organisation": organisation,
        "navigation": [
            _entry(item, request.path, person, organisation) for item in items(held) if _url(item)
        ],
        "role_names": ", ".join(str(dict(roles.ROLE_CHOICES)[role]).lower() for role in held),
    }


def items(held: Iterable[str]) -> tuple[Item, ...]:
    """The entries of several roles together, each once, in the order of the roles."""
    held = set(held)
    return tuple(dict.fromkeys(item for role in BY_ROLE if role in held for item in BY_ROLE[role]))


def _entry(item: Item, path: str, person: Person, organisation: Organisation) -> dict[str, Any]:
    url = _url(item)
    current = "page" if path == url else "true" if path.startswith(url) else ""
    return {"label": item.label, "url": url, "current": current, "count": _count(item, person, organisation)}


def _count(item: Item, person: Person, organisation: Organisation) -> int:
    if item is not INBOX:
        return 0
    return len(inbox.waiting(person=person, organisation=organisation, at=timezone.now()))


def _url(item: Item) -> str:
    try:
        return reverse(item.name)
    except NoReverseMatch:
        return ""
