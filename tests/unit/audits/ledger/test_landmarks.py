"""The landmark of a log only moves forward, whoever writes it and in whatever order they come."""

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from edgewise.checkpoints import Checkpoint

from audits.ledger import landmarks
from governance import durable

ORIGIN = "edgewise.local/log/north/assistant"
KEEPING = """
import sys
from django.conf import settings
settings.configure(EDGEWISE_ERASURE_LIST=sys.argv[1])
from audits.ledger import landmarks
for note in sys.stdin.read().split("\\f"):
    landmarks.keep(sys.argv[2], note)
"""


def note(size: int) -> str:
    """As far as a landmark is concerned: it is signed elsewhere, and read by its text alone."""
    return f"{Checkpoint(ORIGIN, size, bytes([size % 256]) * 32).text()}\n— {ORIGIN} signature\n"


@pytest.fixture
def folder(tmp_path: Path, settings) -> Path:
    settings.EDGEWISE_ERASURE_LIST = tmp_path / "erasures" / "list"
    return landmarks.path_of(ORIGIN).parent


def size() -> int:
    found = landmarks.of(ORIGIN)
    assert found
    return found.size


def test_an_older_checkpoint_does_not_replace_a_newer_one(folder: Path) -> None:
    """Nor does one of the same size; a newer one does, and nothing but the lock lies beside it."""
    for given, kept in ((5, 5), (3, 5), (5, 5), (8, 8), (0, 8)):
        landmarks.keep(ORIGIN, note(given))
        assert size() == kept
    assert landmarks.path_of(ORIGIN).read_text() == note(8)
    assert len(list(folder.iterdir())) == 2


def test_a_slow_writer_does_not_put_the_landmark_back(folder: Path, monkeypatch) -> None:
    """It compared, was held up, and another one came meanwhile with a newer checkpoint: that one waits its turn."""
    landmarks.keep(ORIGIN, note(1))
    compared, other_came = threading.Event(), threading.Event()
    really = landmarks.of
    monkeypatch.setattr(landmarks, "PATIENCE", 30.0)

    def held_up(origin: str) -> Checkpoint | None:
        found = really(origin)
        if threading.current_thread() is slow:
            compared.set()
            other_came.wait(0.5)
        return found

    monkeypatch.setattr(landmarks, "of", held_up)
    slow = threading.Thread(target=landmarks.keep, args=(ORIGIN, note(2)))
    slow.start()
    assert compared.wait(30)
    landmarks.keep(ORIGIN, note(3))
    other_came.set()
    slow.join()
    assert size() == 3


def test_processes_leave_the_newest(folder: Path) -> None:
    """Four of them, each with every checkpoint in an order of its own."""
    rng, command = random.Random(7), [sys.executable, "-c", KEEPING, str(folder.parent / "list"), ORIGIN]
    writers = []
    for _ in range(4):
        notes = [note(each) for each in rng.sample(range(1, 41), 40)]
        writer = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
        writers.append((writer, "\f".join(notes)))
    threads = [threading.Thread(target=writer.communicate, args=(words,)) for writer, words in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [writer.returncode for writer, _words in writers] == [0] * 4
    assert size() == 40


def test_it_is_on_disk_before_it_takes_the_old_ones_place(folder: Path, monkeypatch) -> None:
    """A power cut never leaves an empty file, which would stop the signing."""
    landmarks.keep(ORIGIN, note(1))
    seen = []
    monkeypatch.setattr(durable.os, "fsync", lambda descriptor: seen.append(size()))
    landmarks.keep(ORIGIN, note(2))
    assert (seen, size()) == ([1], 2)


def test_a_frozen_writer_does_not_hold_up_whoever_signs(folder: Path) -> None:
    """Its lock is waited for a quarter of a second; the next checkpoint is another chance."""
    landmarks.keep(ORIGIN, note(1))
    (lock,) = folder.glob(".*.lock")
    with durable.alone(lock), pytest.raises(TimeoutError):
        landmarks.keep(ORIGIN, note(2))
    landmarks.keep(ORIGIN, note(3))
    assert size() == 3
