"""A body that stops coming, or comes too slowly, is given up."""

import threading
from types import SimpleNamespace

import pytest

from audits.decisions import patience


@pytest.fixture
def brief_grace(monkeypatch):
    monkeypatch.setattr(patience, "GRACE", 0.2)


def whole(read):
    found = b""
    while piece := read(10):
        found += piece
    return found


@pytest.mark.parametrize("length", [None, 25, 10**6])
def test_a_body_that_comes_is_read(length):
    pieces = iter([b"0123456789", b"0123456789", b"01234", b""])
    assert whole(patience.reading(lambda _size: next(pieces), length)) == b"01234567890123456789" + b"01234"


def test_a_body_that_stops_is_given_up(brief_grace):
    never = threading.Event()
    with pytest.raises(patience.TooSlow):
        patience.reading(lambda _size: never.wait(20) and b"", None)(10)
    never.set()


def test_each_kib_buys_a_second_and_a_trickle_does_not(brief_grace, monkeypatch):
    clock = iter(range(1_000))
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    fast = patience.reading(lambda size: b"x" * size, None)
    assert all(fast(4_096) for _ in range(20))
    never = threading.Event()
    slow = patience.reading(lambda _size: never.wait(0.3) or b"x", None)
    with pytest.raises(patience.TooSlow):
        [slow(1) for _ in range(20)]


def test_few_short_bodies_are_waited_for_in_the_thread_that_asked(brief_grace):
    """So that posting one record costs no thread; the next ones are waited for elsewhere, and given up."""
    release = threading.Event()

    def stalled(_size):
        release.wait(20)
        return b""

    threads = [
        threading.Thread(target=patience.reading(stalled, 100), args=(10,))
        for _ in range(patience.READ_AS_THEY_ARE)
    ]
    for thread in threads:
        thread.start()
    with pytest.raises(patience.TooSlow):
        patience.reading(stalled, 100)(10)
    release.set()
    for thread in threads:
        thread.join(10)
    assert patience._waiting == 0


def test_what_goes_wrong_while_reading_is_raised():
    def broken(_size):
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        patience.reading(broken, None)(10)
