"""Records on their way: what becomes of them when threads, disks, and the sending itself fail."""

import _thread
import errno
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import edgewise
import pytest
from edgewise import delivery, spool, spool_files

from tests.unit.sdk.scripted import Reply, Server, problem, until

AWAY = "http://127.0.0.1:9"


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("*.records"))


def said(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if words in record.getMessage()]


@pytest.fixture
def few_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[bool]], None]:
    """Lets the next threads start or not, as a list says; those after it do."""
    real = _thread.start_new_thread

    def limit(answers: list[bool]) -> None:
        def start(*arguments: Any) -> int:
            if answers and not answers.pop(0):
                raise RuntimeError("can't start new thread")
            return real(*arguments)

        monkeypatch.setattr(_thread, "start_new_thread", start)

    return limit


@pytest.mark.parametrize("answers", [[False], [True, False], [True, True, False], [False, True, False]])
def test_a_thread_that_cannot_be_started_is_tried_again_with_the_next_record(
    server: Server, tmp_path: Path, few_threads: Callable, answers: list[bool]
) -> None:
    few_threads(answers)
    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        ids = [client.log({})]
        assert "can't start new thread" in client.trouble
        ids += [client.log({}), client.log({})]
        assert client.flush(10)
        assert (client.lost_total, client.rejected_total, client.trouble) == (0, 0, "")
    assert list(server.logged) == ids


def test_what_no_thread_takes_is_in_the_spool_at_the_end(tmp_path: Path, few_threads: Callable) -> None:
    few_threads([False] * 1_000)
    client = edgewise.Client(AWAY, "ew_key", spool=tmp_path)
    ids = [client.log({}) for _ in range(6)]
    assert not client.flush(60), "nobody waits for what cannot come"
    client.close(60)
    assert client.lost_total == 0
    assert [one.encode() in written(tmp_path) for one in ids] == [True] * 6


def test_what_no_thread_takes_and_no_disk_keeps_is_counted_and_said(
    few_threads: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    few_threads([False] * 1_000)
    client = edgewise.Client(AWAY, "ew_key")
    for _ in range(6):
        client.log({})
    client.log({"n": {1}})
    client.close(60)
    assert (client.lost_total, client.rejected_total) == (6, 1)
    assert len(said(caplog, "are being lost: no thread can be started")) == 1
    assert len(said(caplog, "was rejected")) == 1


def test_what_comes_while_the_client_ends_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    client = edgewise.Client(AWAY, "ew_key")
    client.close()
    client._delivery._closing = False  # as the one who logs saw it, a moment before
    client.log({})
    assert client.lost_total == 1
    assert until(lambda: said(caplog, "are being lost: the client is closed"))


def test_after_the_end_losses_are_counted_and_take_no_memory(caplog: pytest.LogCaptureFixture) -> None:
    client = edgewise.Client(AWAY, "ew_key")
    client.close()
    for _ in range(1_000):
        client.log({})
        client.log({"n": {1}})
    assert (client.lost_total, client.rejected_total) == (1_000, 1_000)
    assert client._delivery._added.count == 0
    assert until(lambda: said(caplog, "are being lost"))
    assert len(said(caplog, "are being lost")) == 1
    assert client.flush(60)


@pytest.fixture
def stuck_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Writes wait until this is set."""
    freed, real = threading.Event(), spool_files.File.append

    def append(*arguments: Any) -> None:
        freed.wait(60)
        real(*arguments)

    monkeypatch.setattr(spool_files.File, "append", append)
    yield freed
    freed.set()


def test_memory_stays_bounded_while_the_disk_hangs(tmp_path: Path, stuck_disk: threading.Event) -> None:
    client = edgewise.Client(AWAY, "ew_key", spool=tmp_path)
    client._delivery._memory.capacity_bytes = 10_000
    for _ in range(200):
        client.log({"text": "x" * 1_000})
    assert client._delivery._added.bytes <= 10_000
    assert client._delivery._added.count < 20, "each loss is counted, and one of them said"
    assert 190 <= client.lost_total < 200
    lost = client.lost_total
    stuck_disk.set()
    assert until(lambda: client._delivery._added.bytes == 0)
    client.log({"id": "after"})
    client.close(1)
    assert b"after" in written(tmp_path)
    assert client.lost_total == lost


def test_a_disk_that_hangs_costs_records_that_are_counted_at_the_end(
    tmp_path: Path, stuck_disk: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    client = edgewise.Client(AWAY, "ew_key", spool=tmp_path)
    client.log({})
    assert until(lambda: client._delivery._added.in_hand)
    client.log({})
    began = time.monotonic()
    client.close(0.2)
    assert time.monotonic() - began < 30, "it waits for nothing that hangs"
    assert client.lost_total == 2
    assert len(said(caplog, "does not answer")) == 1


def test_what_is_logged_without_a_pause_is_synced_by_the_clock(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []

    def count(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(spool_files.os, "fsync", count)
    monkeypatch.setattr(delivery, "SYNC_EVERY", 0.2)
    server.script = [problem(503, "busy")] * 100_000
    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        deadline = time.monotonic() + 15
        while len(synced) < 5 and time.monotonic() < deadline:
            client.log({})
            time.sleep(0.005)
        assert len(synced) >= 5
        server.script = []


def test_what_is_put_back_is_synced_before_the_file_it_came_from_is_removed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def early(records: list[dict]) -> Reply:
        error = {"code": "occurred_in_future", "detail": "No.", "pointer": "/occurred_at", "retryable": True}
        items = [{"id": record["id"], "status": "rejected", "error": error} for record in records]
        return 422, {}, json.dumps({"items": items}).encode()

    synced: list[int] = []
    monkeypatch.setattr(spool_files.os, "fsync", synced.append)
    monkeypatch.setattr(delivery, "SYNC_EVERY", 3_600)
    monkeypatch.setattr(delivery, "RETRY_PAUSE", 0.01)
    server.script = [early]
    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        wanted = client.log({})
        assert client.flush(15)
        assert len(synced) == 3, "the file, its folder, and the one that lists that"
    assert list(server.logged) == [wanted]


def test_a_disk_that_takes_its_time_to_sync_holds_up_no_record(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs, freed = threading.Event(), threading.Event()

    def slow(_: int) -> None:
        syncs.set()
        freed.wait(60)

    monkeypatch.setattr(spool_files.os, "fsync", slow)
    monkeypatch.setattr(delivery, "SYNC_EVERY", 0.05)
    server.script = [problem(503, "busy")] * 100_000
    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        client.log({"id": "first"})
        assert syncs.wait(15)
        client.log({"id": "second"})
        assert until(lambda: b"second" in written(tmp_path)), "it survives a kill while the disk syncs"
        server.script = []
        assert client.flush(30), "and is sent"
        freed.set()
    assert set(server.logged) == {"first", "second"}


def test_a_sync_that_fails_is_said_once_and_costs_no_record(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(spool_files.os, "fsync", fail)
    monkeypatch.setattr(delivery, "SYNC_EVERY", 0.02)
    server.script = [problem(503, "busy")] * 3
    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        ids = [client.log({})]
        assert until(lambda: said(caplog, "cannot be synced"))
        ids.append(client.log({}))
        assert client.flush(30)
        assert client.lost_total == 0
    assert list(server.logged) == ids
    assert len(said(caplog, "cannot be synced")) == 1


def test_a_spool_that_cannot_be_read_is_no_empty_spool(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, broken = spool_files.take, [True]

    def take(path: Path) -> spool_files.Segment | None:
        if broken:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(path)

    monkeypatch.setattr(spool_files, "take", take)
    monkeypatch.setattr(delivery, "RETRY_PAUSE", 0.02)
    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        wanted = client.log({})
        assert not client.flush(1)
        assert "Too many open files" in client.trouble
        broken.clear()
        assert client.flush(30)
        assert client.trouble == ""
    assert list(server.logged) == [wanted]
    assert len(said(caplog, "cannot be read")) == 1


def test_a_file_that_cannot_be_read_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        left = spool.Spool(tmp_path)
        left.keep([spool.Kept(b"{}", 1_700_000_000)])
        left.close()
    first, second = sorted(tmp_path.glob("*.records"))
    real = spool_files.take

    def take(path: Path) -> spool_files.Segment | None:
        if path == first:
            raise OSError(errno.EIO, "the disk is broken")
        return real(path)

    monkeypatch.setattr(spool_files, "take", take)
    reader = spool.Spool(tmp_path)
    segment = reader.take(seal=True)
    assert segment
    assert segment.path == second
    reader.done(segment)
    with pytest.raises(OSError, match="broken"):
        reader.take(seal=True)


def test_a_defect_in_sending_is_told_without_what_was_sent(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = [True] * 5

    def once(*_: Any, **__: Any) -> None:
        if broken:
            broken.pop()
            raise ValueError("Invalid header value b'Bearer ew_secret'")
        return real(*_, **__)

    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        client._delivery._sender._limits = edgewise.batches.Limits()
        real = client._background.once
        monkeypatch.setattr(client._background, "once", once)
        client.log({})
        assert until(lambda: "ValueError" in client.trouble)
        assert client.flush(30)
        assert client.trouble == ""
    assert "ew_secret" not in caplog.text
    assert len(said(caplog, "wait to be sent: ValueError in ")) == 1


def test_a_defect_in_taking_is_told_without_its_text(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = [True] * 3

    def take(most: int) -> Any:
        if broken:
            broken.pop()
            raise ValueError("Bearer ew_secret")
        return real(most)

    with edgewise.Client(server.url, "ew_key") as client:
        real = client._delivery._memory.take
        monkeypatch.setattr(client._delivery._memory, "take", take)
        client.log({})
        assert client.flush(30)
    assert "ew_secret" not in caplog.text
    assert len(said(caplog, "wait to be sent: ValueError in ")) == 1
    assert len(server.logged) == 1
