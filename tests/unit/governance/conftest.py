"""A small organisation to act in; its trail is kept in memory where the log is not the subject."""

import datetime as dt
from collections.abc import Iterator

import pytest

from governance import trail
from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.systems import services as systems
from governance.systems.models import AISystem

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
heard: list[trail.Event] = []


def listen(events: list[trail.Event]) -> None:
    """A trail that only remembers."""
    heard.extend(events)


def refuse(events: list[trail.Event]) -> None:
    """A trail that is out of order."""
    raise OSError("the log is away")


@pytest.fixture
def events(settings, db) -> Iterator[list[trail.Event]]:
    settings.GOVERNANCE_TRAIL = f"{__name__}.listen"
    heard.clear()
    yield heard
    heard.clear()


@pytest.fixture
def organisation(events) -> Organisation:
    return organisations.found(slug="north", name="North", at=AT)


@pytest.fixture
def owner(organisation) -> Person:
    return organisations.add_person(
        organisation=organisation, username="owner", password=None, role="owner", by=None, at=AT
    )


@pytest.fixture
def system(organisation, owner) -> AISystem:
    return systems.register(
        organisation=organisation,
        slug="assistant",
        name="Assistant",
        purpose="Sorts reported posts.",
        position="deployer",
        risk_class="limited",
        risk_reasoning="Not listed in Annex III.",
        by=owner,
        at=AT,
    )


def card(slug: str, **more) -> edges.EdgeCard:
    """An edge card with just enough in it."""
    texts = {"definition": "d", "anchor_low": "0", "anchor_mid": "half", "anchor_high": "1"}
    return edges.EdgeCard(slug=slug, name=slug.title(), **texts, **more)


@pytest.fixture
def edge_set(system, owner):
    cards = [card("safety"), card("privacy"), card("expression")]
    return edges.define(system=system, edges=cards, by=owner, at=AT)
