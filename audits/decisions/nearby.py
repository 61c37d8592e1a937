"""What stands near a decision: the one it follows, those that follow it, its trace and its dialog."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise

from audits.decisions import exploring, selectors
from audits.decisions.models import Decision
from audits.decisions.selectors import Filters
from audits.decisions.sentences import LINKS

FOLLOWING = 5


@dataclass(frozen=True, slots=True)
class Tie:
    """One link of a record: ``url`` leads to the decision it names, ``others`` to all decisions that share it."""

    word: str | Promise
    text: str
    url: str
    others: str


@dataclass(frozen=True, slots=True)
class Nearby:
    """``more`` leads to all decisions that follow, where not all are shown."""

    ties: list[Tie]
    following: list[Decision]
    more: str


def of(*, decision: Decision, record: dict[str, Any]) -> Nearby:
    """What a decision's record ties it to."""
    ties = [_tie(decision, name, record[name]) for name in LINKS if record.get(name) is not None]
    found, more = following(decision=decision, most=FOLLOWING)
    return Nearby(ties, found, _search(decision, "parent", str(decision.uuid)) if more else "")


def following(*, decision: Decision, most: int) -> tuple[list[Decision], bool]:
    """Decisions of the same system that follow this one, newest first, and whether there may be more."""
    page = exploring.search(
        organisation=decision.system.organisation,
        filters=Filters(system=decision.system, parent=str(decision.uuid)),
        size=most,
    )
    return [row.decision for row in page.rows], page.next is not None


def _tie(decision: Decision, name: str, value: str) -> Tie:
    parent = _parent(decision, value) if name == "parent" else None
    url = reverse("decision", args=[parent.uuid]) if parent is not None else ""
    return Tie(LINKS[name], value, url, _search(decision, name, value))


def _parent(decision: Decision, value: str) -> Decision | None:
    """The decision that a record says it follows, if its system logged it."""
    try:
        identity = uuid.UUID(value)
    except ValueError:
        return None
    return selectors.get(organisation=decision.system.organisation, id=identity, system=decision.system)


def _search(decision: Decision, name: str, value: str) -> str:
    return f"{reverse('decisions')}?{urlencode({'system': decision.system.slug, name: value})}"
