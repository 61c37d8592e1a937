"""Retention: never below the legal minimum, and what is over goes, entry by entry in the log."""

import datetime as dt
import json

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audits.decisions.models import Decision
from audits.ledger import selectors as ledger
from audits.protection import erasure_list, retaining, selectors, tasks
from audits.protection.models import Retention
from tests.unit.audits.decisions import worlds
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


def test_a_record_stamped_by_a_clock_that_was_ahead_holds_up_no_other(world):
    """It goes with the next record that can be right; with none behind it, it waits."""
    ada, _bob, eve, last = log(world, *(about(world, name) for name in ("ada", "bob", "eve", "last")))
    Decision.objects.filter(index__in=[ada, last]).update(logged_at=AT + 3_650 * DAY)
    Decision.objects.filter(index=eve).update(logged_at=AT + DAY)
    set_days(world, 200)
    assert retaining.expire_all(at=AT + 200 * DAY) == 0
    assert retaining.expire_all(at=AT + 201 * DAY) == 2
    assert retaining.expire_all(at=AT + 202 * DAY) == 1
    assert Decision.objects.get(system=world.system, index=last).sealed is not None
    log(world, about(world, "bob"))
    Decision.objects.filter(index__gt=last).update(logged_at=AT + 2 * DAY)
    assert retaining.expire_all(at=AT + 203 * DAY) == 2


@pytest.mark.parametrize("count", [1, 300])
def test_nothing_is_logged_later_than_the_database_says_it_is(world, count):
    """One record goes in by a statement, many by COPY."""
    places = log(world, *(world.record() for _each in range(count)), at=AT + 36_500 * DAY)
    stamps = Decision.objects.filter(system=world.system, index__in=places).values_list(
        "logged_at", flat=True
    )
    assert max(stamps) <= timezone.now() < AT + 36_500 * DAY
    (place,) = log(world, world.record())
    assert Decision.objects.get(system=world.system, index=place).logged_at == AT


def test_a_worker_whose_clock_is_ahead_destroys_nothing_too_early(world, monkeypatch):
    log(world, about(world, "ada"))
    Decision.objects.update(logged_at=selectors.database_time() - 183 * DAY)
    set_days(world, 184)
    monkeypatch.setattr(tasks.timezone, "now", lambda: selectors.database_time() + 3_650 * DAY)
    assert tasks.expire() == 0
    Decision.objects.update(logged_at=selectors.database_time() - 185 * DAY)
    assert tasks.expire() == 1


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


def test_the_list_reads_back_what_was_written_and_a_withdrawal_takes_back_what_came_before(tmp_path):
    path = tmp_path / "list"
    ada = erasure_list.Erased(AT, "north", b"a" * 32, ((7, AT), (9, AT + DAY)))
    bob, elsewhere = (erasure_list.Erased(AT, each, b"b" * 32) for each in ("north", "south"))
    for each in (ada, bob, elsewhere, bob):
        erasure_list.add(path, each)
    erasure_list.withdraw(path, organisation="north", pseudonym=b"b" * 32, at=AT + DAY)
    withdrawn = erasure_list.Erased(AT + DAY, "north", b"b" * 32, withdrawn=True)
    assert list(erasure_list.read(path)) == [ada, bob, elsewhere, bob, withdrawn]
    assert erasure_list.standing(path) == [ada, elsewhere]
    erasure_list.withdraw(path, organisation="north", pseudonym=b"b" * 32, at=AT + DAY)
    assert len(list(erasure_list.read(path))) == 5
    erasure_list.add(path, bob)
    assert erasure_list.standing(path) == [ada, bob, elsewhere]


def test_a_system_whose_payloads_cannot_be_emptied_delays_no_other(world, monkeypatch, caplog):
    """Whatever is wrong with it: the next one's time is over all the same."""
    (place,) = log(world, about(world, "ada"))
    set_days(world, 200)
    other = worlds.make("other")
    retaining.set_days(system=other.system, days=200, by=other.people["owner"], at=AT)
    log(other, about(other, "bob"))
    real = retaining.expire_some

    def expire_some(*, system, at):
        if system == world.system:
            raise KeyError(place)
        return real(system=system, at=at)

    monkeypatch.setattr(retaining, "expire_some", expire_some)
    assert retaining.expire_all(at=AT + 201 * DAY) == 1
    assert any("Expiry of" in each.getMessage() and each.levelname == "CRITICAL" for each in caplog.records)
