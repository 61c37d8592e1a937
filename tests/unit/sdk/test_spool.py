"""The spool: what waits on disk, through kills, damage, full disks and several processes."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import edgewise
import pytest
from edgewise import buffer, spool, spool_files
from edgewise.buffer import Kept

from tests.unit.sdk.scripted import Server, problem


def kept(*texts: bytes) -> list[Kept]:
    return [Kept(text, 1_700_000_000) for text in texts]


def taken(folder: Path) -> list[bytes]:
    """What waits in a folder, taken by somebody else, and taken out."""
    other, found = spool.Spool(folder), []
    while segment := other.take(seal=False):
        found += [record.data for record in segment.records]
        other.done(segment)
    return found


def run(code: str, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_records_wait_on_disk_while_the_server_is_away(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "spool"
    with edgewise.Client(server.url, "ew_key", spool=folder) as client:
        server.script = [problem(503, "busy")] * 100_000
        ids = [client.log({"n": number}) for number in range(3)]
        assert not client.flush(0.5)
        assert "busy" in client.trouble
    assert (client.lost_total, server.logged) == (0, {})
    (file,) = folder.glob("*.records")
    assert (
        len(file.read_bytes().splitlines()),
        file.stat().st_mode & 0o77,
        folder.stat().st_mode & 0o77,
    ) == (
        3,
        0,
        0,
    )
    server.script = []
    with edgewise.Client(server.url, "ew_key", spool=folder) as client:
        ids.append(client.log({"n": 3}))
        assert client.flush(5)
    assert list(server.logged) == ids
    assert list(folder.glob("*.records")) == []


def test_what_an_earlier_process_left_is_sent_without_a_new_record(server: Server, tmp_path: Path) -> None:
    left = spool.Spool(tmp_path)
    left.keep(kept(b'{"id":"left"}'))
    left.close()
    with edgewise.Client(server.url, "ew_key", spool=tmp_path):
        deadline = time.monotonic() + 5
        while not server.logged and time.monotonic() < deadline:
            time.sleep(0.01)
    assert list(server.logged) == ["left"]


def test_a_process_that_is_killed_leaves_its_records(tmp_path: Path) -> None:
    """All but those of its last hundredths of a second; and not before it dies."""
    with run(
        """
        import sys, time
        from edgewise import Client
        client = Client("http://127.0.0.1:9", "k", spool=sys.argv[1])
        for n in range(2_000):
            client.log({"id": str(n)})
        time.sleep(0.5)
        print("ready", flush=True)
        time.sleep(60)
        """,
        str(tmp_path),
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        held = spool.Spool(tmp_path)
        names = set(tmp_path.glob("*.records"))
        assert len(names) >= 1
        process.send_signal(signal.SIGKILL)
    found = taken(tmp_path)
    assert [f'"id":"{n}"'.encode() in record for n, record in enumerate(found)] == [True] * 2_000
    assert held.take(seal=False) is None


def test_a_file_that_is_written_to_is_left_alone(tmp_path: Path) -> None:
    writer, other = spool.Spool(tmp_path), spool.Spool(tmp_path)
    writer.keep(kept(b"1"))
    assert other.take(seal=True) is None
    segment = writer.take(seal=True)
    assert segment
    assert other.take(seal=True) is None, "what one process sends, no other does"
    writer.give_back(segment)
    again = other.take(seal=True)
    assert again
    other.done(again)
    assert writer.take(seal=True) is None


def test_two_processes_share_a_folder(server: Server, tmp_path: Path) -> None:
    code = """
        import sys
        from edgewise import Client
        with Client(sys.argv[1], "k", spool=sys.argv[2]) as client:
            for n in range(3_000):
                client.log({"id": f"{sys.argv[3]}-{n}"})
        assert (client.lost_total, client.rejected_total) == (0, 0)
    """
    processes = [run(code, server.url, str(tmp_path), name) for name in "ab"]
    for process in processes:
        with process:
            assert process.wait(60) == 0
    with edgewise.Client(server.url, "k", spool=tmp_path) as client:
        client.log({"id": "last"})
        assert client.flush(5)
    assert len(server.logged) == 6_001
    assert taken(tmp_path) == []


@pytest.mark.parametrize("damage", [b"deadbeef 17000", b"00000000 1700000000 {}\n", b"\xff\x00\n"])
def test_damaged_lines_are_put_aside_and_block_nothing(
    server: Server, tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    left = spool.Spool(tmp_path)
    left.keep(kept(b'{"id":"1"}', b'{"id":"2"}'))
    left.close()
    (file,) = tmp_path.glob("*.records")
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + damage.rstrip(b"\n") + b"\n" + second + damage)
    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        client.log({"id": "3"})
        assert client.flush(5)
        assert client.lost_total == 2
    assert set(server.logged) == {"1", "2", "3"}
    (aside,) = (tmp_path / "damaged").iterdir()
    assert damage.rstrip(b"\n") in aside.read_bytes()
    assert any("damaged" in record.message for record in caplog.records)


def test_a_spool_takes_no_more_than_its_limit(tmp_path: Path) -> None:
    bounded = spool.Spool(tmp_path, limit_bytes=60)
    bounded.keep(kept(b"1234"))
    with pytest.raises(OSError, match="limit of 60 bytes"):
        bounded.keep(kept(b"x" * 40))
    bounded.keep(kept(b"56"))
    segment = bounded.take(seal=True)
    assert segment
    assert [record.data for record in segment.records] == [b"1234", b"56"]
    bounded.done(segment)
    bounded.keep(kept(b"x" * 30))


def test_a_folder_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="name a folder"):
        edgewise.Client("http://127.0.0.1:9", "k", spool=tmp_path / "file")


def test_a_full_disk_costs_nothing_while_memory_has_room(server: Server, tmp_path: Path) -> None:
    """The disk is full in the middle of a line: that line is taken back, and the records wait in memory."""
    code = """
        import resource, sys
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        from edgewise import Client
        client = Client(sys.argv[1], "k", spool=sys.argv[2])
        for n in range(3_000):
            client.log({"id": str(n), "text": "x" * 50})
        assert client.flush(20), client.trouble
        assert (client.lost_total, client.rejected_total) == (0, 0)
        client.close()
    """
    with run(code, server.url, str(tmp_path)) as process:
        assert process.wait(60) == 0
    assert set(server.logged) == {str(n) for n in range(3_000)}
    assert taken(tmp_path) == []
    assert not (tmp_path / "damaged").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 256 KiB, where this process may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here; the test with a file size limit shows the same")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_and_a_server_away_cost_records_that_are_counted(
    server: Server, small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = edgewise.Client(server.url, "ew_key", spool=small_disk / "spool")
    client._delivery._memory.capacity = 1_000
    server.script = [problem(503, "busy")] * 100_000
    slowest = 0.0
    for _ in range(3_000):
        began = time.thread_time()
        client.log({"text": "x" * 400})
        slowest = max(slowest, time.thread_time() - began)
        time.sleep(0.0005)
    assert not client.flush(1)
    lost = client.lost_total
    assert 0 < lost < 3_000
    server.script = []
    assert client.flush(30)
    client.close()
    assert len(server.logged) == 3_000 - lost
    assert slowest < 0.005
    warnings = [record.message for record in caplog.records]
    assert len([text for text in warnings if "cannot be written" in text]) == 1
    assert len([text for text in warnings if "are being lost" in text]) == 1


def test_requests_that_ask_for_the_disk_are_synced_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync

    def slow(descriptor: int) -> None:
        time.sleep(0.05)
        synced.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(spool_files.os, "fsync", slow)
    shared = spool.Spool(tmp_path)
    threads = [
        threading.Thread(target=shared.keep, args=(kept(b"1"),), kwargs={"sync": True}) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared.count == 20
    assert len(synced) <= 6


@pytest.mark.parametrize("file_bytes", [10, spool.FILE_BYTES], ids=["the file fills", "it does not"])
def test_what_the_disk_did_not_sync_is_not_called_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_bytes: int
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    kept_ = spool.Spool(tmp_path, file_bytes=file_bytes)
    with monkeypatch.context() as patched:
        patched.setattr(spool_files.os, "fsync", fail)
        with pytest.raises(OSError, match="the disk is broken"):
            kept_.keep(kept(b"first"), sync=True)
    kept_.keep(kept(b"second"), sync=True)
    kept_.close()
    assert taken(tmp_path) == [b"first", b"second"], "what was not synced is sent all the same"


def test_what_was_sent_before_it_was_synced_is_durable(tmp_path: Path) -> None:
    here = spool.Spool(tmp_path)
    here.keep(kept(b"1"))
    segment = here.take(seal=True)
    assert segment
    here.done(segment)
    here.sync()
    assert here._sealed == []


def test_the_folder_that_was_made_outlives_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every folder that lists a new name is synced, and the parent of one whose maker may have died before that."""
    synced: list[int] = []
    monkeypatch.setattr(
        spool_files.os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino)
    )
    folder = tmp_path / "deep" / "spool"
    spool.Spool(folder).keep(kept(b"1"), sync=True)
    assert {path.stat().st_ino for path in (folder, folder.parent, tmp_path)} < set(synced)
    synced.clear()
    spool.Spool(folder).keep(kept(b"2"), sync=True)
    assert {path.stat().st_ino for path in (folder, folder.parent)} < set(synced)
    assert tmp_path.stat().st_ino not in synced


def test_a_folder_in_one_that_may_not_be_read_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As systemd makes them: what is above was made, and synced, by another."""
    real = os.open

    def closed(path: Path, *arguments: int) -> int:
        if path == tmp_path:
            raise PermissionError(errno.EACCES, "not yours")
        return real(path, *arguments)

    monkeypatch.setattr(spool_files.os, "open", closed)
    here = spool.Spool(tmp_path / "spool")
    here.keep(kept(b"1"), sync=True)
    here.close()
    assert taken(tmp_path / "spool") == [b"1"]


def test_a_file_that_cannot_be_removed_is_let_go_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here = spool.Spool(tmp_path)
    here.keep(kept(b"1"))
    first = here.take(seal=True)
    here.keep(kept(b"2"))

    def fail(path: Path, **_: bool) -> None:
        raise PermissionError(errno.EACCES, "not yours", str(path))

    assert first
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", fail)
        here.done(first)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(first.descriptor)
    second = here.take(seal=True)
    assert second
    assert [record.data for record in second.records] == [b"2"]
    here.done(second)
    assert here.take(seal=True) is None
    assert "cannot be removed" in caplog.text
    assert taken(tmp_path) == [b"1"], "another process may have it: it is a duplicate to the server"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_a_file_is_sealed_does_not_keep_it_locked(tmp_path: Path) -> None:
    """The child lives on; what its parent sealed meanwhile can be sent."""
    code = """
        import os, sys, threading, time, warnings
        from edgewise import spool, spool_files
        from edgewise.buffer import Kept
        from pathlib import Path
        warnings.simplefilter("ignore", DeprecationWarning)
        here, sealing, close = spool.Spool(Path(sys.argv[1])), threading.Event(), spool_files.File.close
        here.keep([Kept(b"1", 0)])
        def slow(file):
            sealing.set()
            time.sleep(0.3)
            close(file)
        spool_files.File.close = slow
        thread = threading.Thread(target=here.close)
        thread.start()
        sealing.wait()
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        thread.join()
        print(here.take(seal=False) is not None, flush=True)
        os.close(writing)
        os.wait()
    """
    with run(code, str(tmp_path)) as process:
        assert process.communicate(timeout=60)[0] == "True\n"


def test_what_a_killed_process_left_unfinished_is_removed(tmp_path: Path) -> None:
    old, young = tmp_path / "1-a.new", tmp_path / "2-b.new"
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    spool.Spool(tmp_path)
    assert list(tmp_path.iterdir()) == [young], "the young one may be another process's, in the making"


def test_memory_is_bounded_by_number_and_size() -> None:
    small = buffer.Buffer(capacity=3, capacity_bytes=10)
    assert small.keep(kept(b"1234", b"12345678", b"1234", b"1", b"2")) == 2
    load = small.take(2)
    assert load
    assert [record.data for record in load.records] == [b"1234", b"1234"]
    small.give_back(load)
    assert [record.data for record in small.left()] == [b"1234", b"1234", b"1"]
    assert small.keep(kept(b"1234567890")) == 0
