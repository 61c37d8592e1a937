"""Erasing somebody while records about them keep coming in: none is left with anything of theirs."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from audits.decisions import assessing, indexing, renewing, selectors, services
from audits.decisions import erasing as emptying
from audits.decisions.models import Assessment, Decision, DecisionId, Segment
from audits.ledger import selectors as ledger
from audits.ledger import verification
from audits.ledger.models import DataKey
from audits.protection import erasing
from tests import held_up
from tests.unit.audits.decisions import worlds
from tests.unit.audits.protection.conftest import about


@pytest.fixture
def world(fresh_database):
    return worlds.make()


class Logger(threading.Thread):
    """Logs records about two people in turn until it is told to stop; keeps every answer."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.enough, self.answers = world, threading.Event(), []

    def run(self):
        try:
            while not self.enough.is_set():
                batch = [about(self.world, ref) for ref in ("ada", "bob", "ada")]
                raws = [json.dumps(record).encode() for record in batch]
                found = services.log(system=self.world.system, records=raws, at=timezone.now())
                self.answers += zip((record["subject"]["ref"] for record in batch), found, strict=True)
        finally:
            connection.close()


def test_no_record_that_comes_in_meanwhile_keeps_anything_of_the_erased_subject(world):
    threads = [Logger(world) for _ in range(4)]
    for thread in threads:
        thread.start()
    while sum(len(thread.answers) for thread in threads) < 60:
        threading.Event().wait(0.02)
    erasure = erasing.request(organisation=world.organisation, reference="ada", by=None, at=timezone.now())
    done = erasing.execute(erasure=erasure, at=timezone.now())
    reached = sum(len(thread.answers) for thread in threads)
    while sum(len(thread.answers) for thread in threads) < reached + 60:
        threading.Event().wait(0.02)
    for thread in threads:
        thread.enough.set()
        thread.join(30)
    answers = [answer for thread in threads for answer in thread.answers]
    logged = {
        ref: [a.index for r, a in answers if r == ref and a.status == "logged"] for ref in ("ada", "bob")
    }
    refused = [a for ref, a in answers if a.status == "rejected"]
    assert refused
    assert {a.problem.code for a in refused} == {"erased"}
    assert done.records == len(logged["ada"])
    rows = Decision.objects.filter(system=world.system, index__in=logged["ada"])
    assert {(row.sealed, row.groups, row.weights, row.data_key_id) for row in rows} == {(None,) * 4}
    marks = DecisionId.objects.filter(system=world.system, index__in=logged["ada"])
    assert {mark.fingerprint for mark in marks} == {None}
    key = DataKey.objects.get(wrapped__isnull=True)
    assert not Decision.objects.filter(data_key=key).exists()
    kept = Decision.objects.filter(system=world.system, index__in=logged["bob"], sealed__isnull=False)
    assert kept.count() == len(logged["bob"])
    log = ledger.log_of(organisation=world.organisation, system=world.system)
    stated = [
        json.loads(ledger.entry(log=log, index=event.index))["facts"]
        for event in ledger.events(organisation=world.organisation, system=world.system, type="erasure")
    ]
    places = [n for facts in stated for first, last in facts["entries"] for n in range(first, last + 1)]
    assert sorted(places) == sorted(logged["ada"])
    verification.verify(log=log)


def log(world, *refs):
    """The places of records about these people."""
    raws = [json.dumps(about(world, ref)).encode() for ref in refs]
    return [each.index for each in services.log(system=world.system, records=raws, at=timezone.now())]


def without_margin(world):
    """Places whose margin is gone, by the rows and by the columns."""
    table = selectors.in_window(system=world.system)
    rows = Assessment.objects.filter(system=world.system, margin=None).order_by("index")
    columns = [
        int(index) for index, margin in zip(table.index, table.margin, strict=True) if margin != margin
    ]
    return list(rows.values_list("index", flat=True)), columns


def test_logging_goes_on_while_what_was_known_is_emptied(world, monkeypatch):
    """However long that takes; what is logged about the same person meanwhile is emptied with the rest."""
    early, _bob = log(world, "ada", "bob")
    late, rewrite = [], indexing.forget

    def rewrite_and_log(**arguments):
        rewrite(**arguments)
        if not late:
            late.extend(pool.submit(held_up.apart, lambda: log(world, "ada")).result(30))

    monkeypatch.setattr(indexing, "forget", rewrite_and_log)
    erasure = erasing.request(organisation=world.organisation, reference="ada", by=None, at=timezone.now())
    with ThreadPoolExecutor(1) as pool:
        done = erasing.execute(erasure=erasure, at=timezone.now())
    assert (len(late), done.records) == (1, 2)
    assert without_margin(world) == ([early, *late], [early, *late])
    rows = Decision.objects.filter(index__in=[early, *late])
    assert {(row.sealed, row.groups, row.weights, row.data_key_id) for row in rows} == {(None,) * 4}


def test_columns_are_not_rebuilt_in_the_middle_of_an_erasure(world):
    """Nor in the way of one: both write segments, one after the other."""
    (ada, _bob) = log(world, "ada", "bob")
    assessing.catch_up(system=world.system, at=timezone.now())
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            emptying.settle(system=world.system, last=ada, at=timezone.now())
            other = held_up.held_up(pool, lambda: renewing.rebuild(system=world.system))
            assert set(Segment.objects.values_list("form", flat=True)) == {Segment.FORM}
            emptying.empty(system=world.system, indexes=[ada])
        assert other.result(60) == 1
    assert without_margin(world) == ([ada], [ada])
