"""A damaged log of one system delays neither assessing nor renewing of the others."""

import datetime as dt
import json

import pytest
from django.db import OperationalError

from audits.decisions import assessing, renewing, services, tasks
from audits.decisions.models import Cursor, Segment
from audits.ledger import selectors as ledger
from tests.unit.audits.decisions import worlds

AT = worlds.START + dt.timedelta(days=1)


@pytest.fixture
def two(db) -> list[worlds.World]:
    """Each with a decision; the first made is the first in turn."""
    found = [worlds.make("first"), worlds.make("second")]
    for world in found:
        log(world)
    return found


def log(world: worlds.World) -> None:
    raw = json.dumps(world.record()).encode()
    services.log(system=world.system, records=[raw], at=AT)


@pytest.fixture
def damaged(two: list[worlds.World], monkeypatch: pytest.MonkeyPatch) -> worlds.World:
    """Its entries are gone."""
    real, broken = ledger.entries_at, ledger.log_of(organisation=two[0].organisation, system=two[0].system)
    monkeypatch.setattr(
        ledger, "entries_at", lambda *, log, indexes: {} if log == broken else real(log=log, indexes=indexes)
    )
    return two[0]


def test_an_entry_that_is_gone_stops_its_own_system_alone(
    two: list[worlds.World], damaged: worlds.World, caplog
) -> None:
    """The other is assessed, and it is told which one is not."""
    tasks.assess_decisions()
    assert Cursor.objects.get(system=two[1].system).next > 0
    assert not Cursor.objects.filter(system=damaged.system, next__gt=0).exists()
    told = [each.getMessage() for each in caplog.records if each.levelname == "CRITICAL"]
    assert len(told) == 1
    assert "first/assistant" in told[0]


def test_columns_that_cannot_be_renewed_keep_none_from_being_renewed_or_assessed(
    two: list[worlds.World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though they come first, and nobody may renew more than one."""
    assessing.assess_all(at=AT)
    Segment.objects.update(form=0)
    log(two[1])
    real = renewing.renew

    def renew(*, system, first: int) -> int:
        if system == two[0].system:
            raise KeyError(first)
        return real(system=system, first=first)

    monkeypatch.setattr(renewing, "renew", renew)
    monkeypatch.setattr(tasks, "RENEWED_AT_ONCE", 1)
    assert tasks.assess_decisions() == 1
    assert Segment.objects.get(system=two[1].system).form == Segment.FORM


def test_a_database_that_is_away_is_no_damage_of_a_system(two: list[worlds.World], monkeypatch) -> None:
    """It is not asked about each."""

    def away(**_: object) -> int:
        raise OperationalError("the database is away")

    monkeypatch.setattr(assessing, "catch_up", away)
    with pytest.raises(OperationalError):
        assessing.assess_all(at=AT)
