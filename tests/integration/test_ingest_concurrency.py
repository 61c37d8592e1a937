"""Many clients at once: one entry per id, contiguous places, every answer true."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from audits.decisions import services
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
