"""A council of two groups over one system; its trail is kept in memory, the log is not the subject."""

import pytest

from governance.organisations import services as organisations
from tests.unit.councils import stage
from tests.unit.councils.stage import AT


@pytest.fixture
def events(settings, db):
    settings.GOVERNANCE_TRAIL = f"{stage.__name__}.listen"
    stage.heard.clear()
    yield stage.heard
    stage.heard.clear()


@pytest.fixture
def silent_trail(settings):
    """Call to make every later act find the log away."""

    def off():
        settings.GOVERNANCE_TRAIL = f"{stage.__name__}.refuse"

    return off


@pytest.fixture
def organisation(events):
    return organisations.found(slug="north", name="North", at=AT)


@pytest.fixture
def chair(organisation):
    return stage.person(organisation, "chair", "chair")


@pytest.fixture
def system(organisation):
    return stage.governed_system(organisation)


@pytest.fixture
def council(organisation, system, chair):
    return stage.charter(organisation, system, chair)


@pytest.fixture
def secret_council(organisation, system, chair):
    return stage.charter(organisation, system, chair, slug="secret", secrecy="secret")


@pytest.fixture
def members(council):
    return stage.fill_seats(council)


@pytest.fixture
def proposal(council, members, chair):
    return stage.in_voting(council, chair)
