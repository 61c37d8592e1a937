"""Publishing: every growth is signed, once, and only what continues the state signed last."""

import datetime as dt
import itertools
import threading
import time

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction
from edgewise import merkle, notes, proofs

from audits.ledger import keys, selectors, services, signer
from audits.ledger.models import Checkpoint, Log, Published
from tests.unit.audits.ledger import worlds
from tests.unit.audits.ledger.tampering import as_owner, delete_from, roll_back_head


def test_a_checkpoint_states_the_tree(log: Log) -> None:
    """Origin, size, root, signed by Ed25519 and ML-DSA-44."""
    services.append(log=log, entries=worlds.numbered(0, 300))
    checkpoint = signer.publish(log=log, at=worlds.AT)
    assert checkpoint
    ed25519, ml_dsa = selectors.vkeys(log=log)
    for vkey in (ed25519, ml_dsa):
        stated = notes.open_checkpoint(checkpoint.note, [vkey])
        assert (stated.origin, stated.size) == (log.origin, 300)
        assert stated.root == merkle.root(merkle.leaf_hashes(worlds.numbered(0, 300)))


def test_an_empty_log_is_signed_too(log: Log) -> None:
    """The first checkpoint covers nothing: the log exists."""
    checkpoint = signer.publish(log=log, at=worlds.AT)
    assert checkpoint
    assert checkpoint.size == 0
    assert bytes(checkpoint.root) == merkle.EMPTY_ROOT


def test_nothing_new_is_not_signed_again(log: Log) -> None:
    """One checkpoint a size."""
    services.append(log=log, entries=[b"one"])
    assert signer.publish(log=log, at=worlds.AT)
    assert signer.publish(log=log, at=worlds.AT) is None
    assert Checkpoint.objects.filter(log=log).count() == 1


def test_all_logs_that_grew_are_published(organisation) -> None:
    """Those of every organisation, in one call."""
    logs = [worlds.empty_log(organisation) for _ in range(3)]
    signer.publish_all(at=worlds.AT)
    services.append(log=logs[1], entries=[b"x"])
    assert signer.publish_all(at=worlds.AT) == 1
    assert selectors.published_size(log=logs[1]) == 1


def test_a_receipt_waits_for_its_checkpoint(log: Log) -> None:
    """Before: not yet; after: a receipt that verifies offline; beyond the end: not in the log."""
    services.append(log=log, entries=worlds.numbered(0, 300))
    with pytest.raises(selectors.NotYetPublished):
        selectors.receipt(log=log, index=299)
    with pytest.raises(selectors.NotInLog):
        selectors.receipt(log=log, index=300)
    signer.publish(log=log, at=worlds.AT)
    services.append(log=log, entries=worlds.numbered(300, 900))
    for index in (0, 255, 256, 299):
        receipt = selectors.receipt(log=log, index=index)
        entry = selectors.entry(log=log, index=index)
        assert proofs.verify(receipt, selectors.vkeys(log=log)[0], entry=entry).size == 300
    with pytest.raises(selectors.NotYetPublished):
        selectors.receipt(log=log, index=300)


def test_a_rewritten_history_is_not_signed(fresh_database: str) -> None:
    """A log that no longer continues its latest checkpoint gets no further signature."""
    log = worlds.empty_log(worlds.make_organisation())
    worlds.fill(log, 0, 300)
    signer.publish(log=log, at=worlds.AT)
    with as_owner():
        delete_from(log, 280)
        roll_back_head(log, worlds.numbered(0, 280))
        worlds.fill(log, 281, 320)
        with pytest.raises(signer.HistoryRewritten):
            signer.publish(log=log, at=worlds.AT)
        assert signer.publish_all(at=worlds.AT) == 1
        assert selectors.published_size(log=log) == 300


def test_what_is_published_only_grows(log: Log) -> None:
    """The database refuses to go back to an earlier checkpoint, or to one that was never signed."""
    services.append(log=log, entries=[b"one"])
    signer.publish(log=log, at=worlds.AT)
    services.append(log=log, entries=[b"two"])
    signer.publish(log=log, at=worlds.AT)
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        Published.objects.filter(log=log).update(size=1)
    with pytest.raises(IntegrityError, match="published_size_has_a_checkpoint"), transaction.atomic():
        Published.objects.filter(log=log).update(size=7)


def test_many_signers_never_sign_two_states_of_one_size(fresh_database: str) -> None:
    """Threads sign while the log grows: one checkpoint a size, each continuing the one before."""
    log = worlds.empty_log(worlds.make_organisation())
    stop = threading.Event()
    threads = [threading.Thread(target=sign_until, args=(log, stop)) for _ in range(3)]
    for thread in threads:
        thread.start()
    worlds.fill(log, 0, 600, step=20)
    stop.set()
    for thread in threads:
        thread.join()
    signer.publish(log=log, at=worlds.AT)
    leaves = merkle.leaf_hashes(worlds.numbered(0, 600))
    found = list(Checkpoint.objects.filter(log=log).order_by("size"))
    assert found[-1].size == 600
    assert len({row.size for row in found}) == len(found) > 1
    assert all(bytes(row.root) == merkle.root(leaves[: row.size]) for row in found)


def sign_until(log: Log, stop: threading.Event) -> None:
    while not stop.is_set():
        signer.publish(log=log, at=worlds.AT)
    connections.close_all()


def test_the_thread_publishes_within_a_second(fresh_database: str) -> None:
    """`start` signs what is appended from then on; starting twice is one thread; `stop` ends it."""
    log = worlds.empty_log(worlds.make_organisation())
    threads = threading.active_count()
    signer.start()
    signer.start()
    assert threading.active_count() == threads + 1
    worlds.fill(log, 0, 10)
    deadline = time.monotonic() + 1
    while selectors.published_size(log=log) < 10:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    signer.stop()
    assert threading.active_count() == threads


def test_threads_of_many_processes_sign_a_log_no_more_often_than_one(log: Log, monkeypatch) -> None:
    """Three processes a sixth of a second apart, one log that grows all the time: two checkpoints a second, and none
    later than a second. When the one that signs dies, another goes on within the second.
    """
    monkeypatch.setattr(signer, "close_old_connections", lambda: None)
    now, signed = worlds.AT, list[dt.datetime]()
    monkeypatch.setattr(signer.selectors, "now", lambda: now)
    for turn in range(30):
        now = worlds.AT + dt.timedelta(seconds=turn / 6)
        services.append(log=log, entries=[b"one"])
        process = turn % 3
        if process != 0 or turn < 18:
            before = selectors.published_size(log=log)
            signer._round()
            signed += [now] if selectors.published_size(log=log) > before else []
    assert len(signed) <= 11
    gaps = [later - earlier for earlier, later in itertools.pairwise(signed)]
    assert max(gaps) < dt.timedelta(seconds=1)
    assert min(gaps) >= signer.APART


def test_a_clock_that_is_ahead_does_not_hold_the_others_up(log: Log) -> None:
    """A checkpoint that seems to be signed in an hour is no reason to wait for an hour."""
    services.append(log=log, entries=[b"one"])
    assert signer.publish(log=log, at=worlds.AT + dt.timedelta(hours=1), apart=signer.APART)
    services.append(log=log, entries=[b"two"])
    assert signer.publish(log=log, at=worlds.AT, apart=signer.APART)


def test_the_thread_outlives_the_database(log: Log, monkeypatch) -> None:
    """A round that fails waits, and the next one goes on."""
    monkeypatch.setattr(signer, "close_old_connections", lambda: None)
    monkeypatch.setattr(signer, "connection", type("Closed", (), {"close": staticmethod(lambda: None)}))
    with monkeypatch.context() as away:
        away.setattr(signer, "publish_all", fail)
        assert signer._round() == signer.PAUSE_AFTER_ERROR
    assert signer._round() == signer.EVERY_SECONDS


def fail(*, at, apart) -> int:
    raise OperationalError("the database is away")


def test_each_log_has_keys_of_its_own() -> None:
    """So that one trust policy can list several logs."""
    assert keys.signers("a.example/log/x")[0].key.public != keys.signers("a.example/log/y")[0].key.public
    assert keys.signers("a.example/log/x")[0].vkey == keys.vkeys("a.example/log/x")[0]
