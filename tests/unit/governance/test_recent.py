"""Answers that may be a second old."""

import pytest

from governance import recent
from governance.recent import Recent

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(recent, "time", clock)
    return clock


def test_an_answer_is_asked_for_once_while_it_is_fresh(clock):
    kept = Recent[str, int]()
    assert [kept.of("a", lambda: 1), kept.of("a", lambda: 2)] == [1, 1]
    clock.now += 0.79
    assert kept.of("a", lambda: 3) == 1


def test_no_answer_is_older_than_stated(clock):
    kept = Recent[str, int](seconds=1.0)
    kept.of("a", lambda: 1)
    clock.now += 1.0
    assert kept.of("a", lambda: 2) == 2


def test_one_caller_asks_anew_while_the_others_go_on_with_the_old_answer(clock):
    kept = Recent[str, int]()
    kept.of("a", lambda: 1)
    clock.now += 0.85
    seen_meanwhile = []

    def ask():
        seen_meanwhile.append(kept.of("a", lambda: pytest.fail("asked twice")))
        return 2

    assert kept.of("a", ask) == 2
    assert seen_meanwhile == [1]
    clock.now += 0.5
    assert kept.of("a", lambda: 3) == 2


def test_the_others_do_not_wait_longer_than_stated_for_a_caller_that_asks(clock):
    kept = Recent[str, int]()
    kept.of("a", lambda: 1)
    clock.now += 0.85

    def ask():
        clock.now += 0.15
        assert kept.of("a", lambda: 2) == 2
        return 3

    assert kept.of("a", ask) == 3


def test_nothing_found_is_asked_for_again():
    kept = Recent[str, int]()
    assert kept.of("a", lambda: None) is None
    assert kept.of("a", lambda: 1) == 1


def test_what_is_forgotten_is_asked_for_again():
    kept = Recent[str, int]()
    kept.of("a", lambda: 1)
    kept.forget("a")
    assert kept.of("a", lambda: 2) == 2


def test_the_number_kept_is_bounded():
    kept = Recent[int, int](most=3)
    for number in range(10):
        kept.of(number, lambda: 1)
    assert len(kept._kept) <= 3
