"""Many clients at once: one entry per id, contiguous places, every answer true."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import Error, OperationalError, connection
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from audits.decisions import services, storing
from audits.decisions.models import Decision
from audits.ledger import selectors as ledger
from tests.unit.audits.decisions import worlds


@pytest.fixture
def world(fresh_database):
    return worlds.make()


def log(world, *records):
    try:
        raws = [json.dumps(record).encode() for record in records]
        return services.log(system=world.system, records=raws, at=timezone.now())
    finally:
        connection.close()


def test_concurrent_batches_with_the_same_ids_yield_one_entry_each(world):
    records = [world.record(subject={"ref": f"u{n % 7}"}) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: log(world, *records), range(8)))
    assert Decision.objects.count() == 40
    for place in range(40):
        outcomes = [result[place] for result in results]
        assert sorted(outcome.status for outcome in outcomes) == ["duplicate"] * 7 + ["logged"]
        assert (
            len({(outcome.index, outcome.entry, str(sorted(outcome.salts.items()))) for outcome in outcomes})
            == 1
        )


def test_single_posts_of_many_threads_get_contiguous_places_and_their_own_entries(world):
    records = [world.record(subject={"ref": f"u{n}"}) for n in range(120)]
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda record: log(world, record)[0], records))
    found = ledger.log_of(organisation=world.organisation, system=world.system)
    indexes = sorted(outcome.index for outcome in results)
    assert indexes == list(range(indexes[0], indexes[0] + 120))
    for record, outcome in zip(records, results, strict=True):
        assert outcome.id == record["id"]
        assert ledger.entry(log=found, index=outcome.index) == outcome.entry
        assert record["id"].encode() in outcome.entry


def test_concurrent_conflicts_keep_exactly_one_content(world):
    record = world.record()
    versions = [{**record, "model_version": str(n)} for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda each: log(world, each)[0], versions))
    assert sorted(outcome.status for outcome in outcomes) == ["logged"] + ["rejected"] * 7
    assert {o.problem.code for o in outcomes if o.problem} == {"conflicting_duplicate"}


class Captured(Exception):
    """What was about to be stored."""


def waiting(world, monkeypatch):
    """A record of that system, ready to be stored."""

    def capture(pending):
        raise Captured(*pending)

    raw = json.dumps(world.record()).encode()
    with monkeypatch.context() as patched:
        patched.setattr(storing, "log", capture)
        with pytest.raises(Captured) as raised:
            services.log(system=world.system, records=[raw], at=timezone.now())
    return raised.value.args[0]


def test_an_outage_is_told_to_all_who_wait_for_that_log_and_to_nobody_else(world, monkeypatch):
    """None of them is tried again alone: each trial would take as long as the first."""
    other, store, tried = worlds.make("south"), storing._store, []

    def stands_still(pending):
        tried.append([each.log.system_id for each in pending])
        if pending[0].log.system_id == world.system.pk:
            raise OperationalError("canceling statement due to lock timeout") from LockNotAvailable()
        return store(pending)

    group = [waiting(each, monkeypatch) for each in (world, other, world)]
    monkeypatch.setattr(storing, "_store", stands_still)
    first, beside, last = storing.store(group)
    assert isinstance(first, Error)
    assert first is last
    assert beside.status == "logged"
    assert sorted(map(len, tried)) == [1, 2]
    with pytest.raises(OperationalError):
        log(world, world.record())
    assert Decision.objects.filter(system=other.system).count() == Decision.objects.count() == 1
