"""Retention: never below the legal minimum, and what is over goes, entry by entry in the log."""

import datetime as dt
import json

import pytest
from django.db import IntegrityError, transaction

from audits.decisions.models import Decision
from audits.ledger import selectors as ledger
from audits.protection import erasure_list, retaining, selectors, tasks
from audits.protection.models import Retention
from tests.unit.audits.protection.conftest import AT, about, log

DAY = dt.timedelta(days=1)


def set_days(world, days):
    return retaining.set_days(system=world.system, days=days, by=world.people["owner"], at=AT)


def events(world, kind):
    found = ledger.events(organisation=world.organisation, system=world.system, type=kind)
    return [json.loads(ledger.entry(log=event.log, index=event.index))["facts"] for event in found]


def test_payloads_expire_and_entries_stay(world):
    old = log(world, about(world, "ada"), about(world, "bob"))
    young = log(world, about(world, "ada"), at=AT + 100 * DAY)
    set_days(world, 200)
    assert retaining.expire_all(at=AT + 201 * DAY) == 2
    gone = Decision.objects.filter(system=world.system, index__in=old)
    assert [(row.sealed, row.groups, row.weights) for row in gone] == [(None, None, None)] * 2
    assert Decision.objects.get(system=world.system, index=young[0]).sealed is not None
    (entry,) = events(world, "retention.expired")
    assert entry == {"first_entry": old[0], "last_entry": old[1], "records": 2}
    assert (
        len(
            ledger.entries_at(
                log=ledger.log_of(organisation=world.organisation, system=world.system), indexes=old
            )
        )
        == 2
    )
    assert retaining.expire_all(at=AT + 201 * DAY) == 0


def test_nothing_expires_a_day_too_early_or_where_nothing_is_set(world):
    (place,) = log(world, about(world, "ada"))
    assert tasks.expire() == 0
    set_days(world, 200)
    assert retaining.expire_all(at=AT + 199 * DAY) == 0
    set_days(world, None)
    assert retaining.expire_all(at=AT + 500 * DAY) == 0
    assert Decision.objects.get(system=world.system, index=place).sealed is not None
    assert [facts["days"] for facts in events(world, "retention.set")] == [None, 200]


def test_retention_is_never_below_the_legal_minimum(world):
    """Six months (AI Act Art. 19 and 26(6)) unless the operator configures more."""
    assert selectors.minimum_days() == 184
    with pytest.raises(retaining.RetentionTooShort) as refusal:
        set_days(world, 183)
    assert (refusal.value.code, refusal.value.field) == ("retention_too_short", "days")
    assert not Retention.objects.exists()
    assert set_days(world, 184).days == 184


def test_retention_lasts_at_least_a_day_in_the_database(world):
    with pytest.raises(IntegrityError, match="retention_lasts_a_day"), transaction.atomic():
        Retention.objects.create(system=world.system, days=0, set_at=AT)


def test_the_list_survives_a_line_that_was_cut_and_refuses_one_that_was_changed(tmp_path):
    path = tmp_path / "a" / "list"
    one, two = (erasure_list.Erased(AT, "north", bytes([n]) * 32) for n in (1, 2))
    erasure_list.add(path, one)
    with path.open("ab") as file:
        file.write(b'{"at": "2026-')
    assert list(erasure_list.read(path)) == [one]
    erasure_list.add(path, two)
    assert list(erasure_list.read(path)) == [one, two]
    path.write_bytes(path.read_bytes().replace(b"north", b'nor"th'))
    with pytest.raises(erasure_list.ListDamaged, match="line 1"):
        list(erasure_list.read(path))
    assert list(erasure_list.read(tmp_path / "none")) == []
