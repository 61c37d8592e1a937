"""Fixtures of the ledger's tests."""

import pytest

from audits.ledger.models import Log
from governance.organisations.models import Organisation
from tests.unit.audits.ledger import worlds


@pytest.fixture
def organisation(db) -> Organisation:
    return worlds.make_organisation()


@pytest.fixture
def log(organisation: Organisation) -> Log:
    """An empty log."""
    return worlds.empty_log(organisation)
