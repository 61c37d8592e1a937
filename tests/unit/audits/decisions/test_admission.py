"""Posting is bounded: who finds no room waits a moment, and is turned away when nothing moves."""

import threading
import time

import pytest
from django.db import OperationalError

from audits.decisions import admission
from governance.access.outages import Busy


def test_beyond_the_bound_a_request_is_turned_away_and_let_in_when_one_leaves():
    gate = admission.Gate(most=2, capacity=100, patience=0.05)
    first, _second = gate.enter(1), gate.enter(1)
    with pytest.raises(Busy) as refused:
        gate.enter(1)
    assert (refused.value.code, refused.value.status) == ("busy", 503)
    first.leave()
    first.leave()
    gate.enter(1)
    with pytest.raises(Busy):
        gate.enter(1)


def test_what_the_database_gave_up_is_no_sign_that_anything_moves():
    """Who waits is not held up again by each failure; once a request is served, waiting is worth it again."""
    gate = admission.Gate(most=1, capacity=100, patience=0.2)
    first = gate.enter(1)
    time.sleep(0.3)
    first.leave(OperationalError("canceling statement due to lock timeout"))
    second, began = gate.enter(1), time.monotonic()
    with pytest.raises(Busy):
        gate.enter(1)
    assert time.monotonic() - began < 0.15
    second.leave()
    gate.enter(1)
    began = time.monotonic()
    with pytest.raises(Busy):
        gate.enter(1)
    assert time.monotonic() - began > 0.15


def test_bytes_are_bounded_and_what_is_larger_than_all_of_them_goes_alone():
    gate = admission.Gate(most=9, capacity=100, patience=0.05)
    with gate.enter(60), pytest.raises(Busy):
        gate.enter(50)
    with gate.enter(1_000), pytest.raises(Busy):
        gate.enter(1)
    gate.enter(100)


def test_who_waits_is_let_in_as_soon_as_there_is_room():
    gate = admission.Gate(most=1, capacity=100, patience=20)
    place = gate.enter(1)
    threading.Timer(0.1, place.leave).start()
    began = time.monotonic()
    gate.enter(1)
    assert time.monotonic() - began < 10


def test_where_nothing_has_moved_nobody_waits_at_all():
    gate = admission.Gate(most=1, capacity=100, patience=0.2)
    gate.enter(1)
    time.sleep(0.3)
    began = time.monotonic()
    with pytest.raises(Busy):
        gate.enter(1)
    assert time.monotonic() - began < 0.15


@pytest.mark.parametrize("end", ["read", "closed", "broken"])
def test_a_streamed_answer_leaves_its_place_however_it_ends(end):
    gate = admission.Gate(most=1, capacity=100, patience=0.05)

    def pieces():
        yield b"a"
        if end == "broken":
            raise ValueError("broken")

    stream = admission.Streamed(pieces(), gate.enter(1))
    if end == "read":
        assert list(stream) == [b"a"]
    elif end == "closed":
        stream.close()
    else:
        with pytest.raises(ValueError, match="broken"):
            list(stream)
    gate.enter(1)


def test_how_many_came_at_once_is_known_for_a_second_or_two():
    gate = admission.Gate(most=9, capacity=100)
    assert gate.lately() == 0
    with gate.enter(1), gate.enter(1):
        pass
    gate.enter(1).leave()
    assert gate.lately() == 2
    time.sleep(2.1)
    gate.enter(1).leave()
    assert gate.lately() == 1
