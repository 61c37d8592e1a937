"""A system whose model loses records."""

import pytest

from audits.losses import hearing
from tests.unit.audits.decisions import worlds


@pytest.fixture
def world(db):
    hearing._heard.clear()
    yield worlds.make()
    hearing._heard.clear()
