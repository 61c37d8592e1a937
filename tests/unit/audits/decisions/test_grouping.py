"""Group commit: many requests, few commits, each its own result."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from audits.decisions import grouping
from audits.decisions.grouping import GroupCommit


def test_each_request_gets_the_results_of_its_own_items_in_order():
    group = GroupCommit[int, int](lambda items: [item * 10 for item in items])
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda n: group.submit([n, n + 1000]), range(200)))
    assert results == [[n * 10, (n + 1000) * 10] for n in range(200)]


def test_requests_that_wait_share_one_commit():
    sizes = []

    def commit(items):
        sizes.append(len(items))
        time.sleep(0.02)
        return items

    group = GroupCommit[int, int](commit)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: group.submit([n]), range(64)))
    assert sum(sizes) == 64
    assert len(sizes) <= 16


def test_a_group_never_exceeds_its_bound_and_nobody_is_left_waiting():
    sizes = []

    def commit(items):
        sizes.append(len(items))
        time.sleep(0.005)
        return items

    group = GroupCommit[int, int](commit, most=5)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: group.submit([n, n]), range(40)))
    assert max(sizes) <= 5
    assert sum(sizes) == 80


def test_a_failed_commit_is_told_to_every_request_in_it_and_the_next_goes_on():
    failing = threading.Event()
    failing.set()

    def commit(items):
        if failing.is_set():
            raise RuntimeError("disk full")
        return items

    group = GroupCommit[int, int](commit)
    with pytest.raises(RuntimeError, match="disk full"):
        group.submit([1])
    failing.clear()
    assert group.submit([2]) == [2]


def test_one_request_that_cannot_be_committed_does_not_fail_those_beside_it():
    began, go_on = threading.Event(), threading.Event()

    def commit(items):
        began.set()
        assert go_on.wait(10)
        if -1 in items:
            raise ValueError("unfit")
        return [item * 10 for item in items]

    group = GroupCommit[int, int](commit)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.submit, [1])
        assert began.wait(10)
        beside = [pool.submit(group.submit, [n]) for n in (-1, 2, 3)]
        while len(group._waiting) < 3:
            time.sleep(0.001)
        go_on.set()
        assert first.result() == [10]
        with pytest.raises(ValueError, match="unfit"):
            beside[0].result()
        assert [each.result() for each in beside[1:]] == [[20], [30]]


def lead(group, coming):
    threading.Thread(target=group.lead_for_good, args=(lambda: None, coming), daemon=True).start()
    while not group._busy:
        time.sleep(0.001)


def test_one_thread_leads_for_good_and_waits_for_those_on_their_way(monkeypatch):
    monkeypatch.setattr(grouping, "LINGER", 20)
    sizes, threads = [], set()

    def commit(items):
        sizes.append(len(items))
        threads.add(threading.get_ident())
        return [item * 10 for item in items]

    group = GroupCommit[int, int](commit)
    lead(group, lambda: 8)
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda n: group.submit([n])[0], range(8))) == [n * 10 for n in range(8)]
    assert sizes == [8]
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_the_leading_thread_outlives_whatever_fails_beside_the_commit():
    """Looking after its connection, or counting who is on the way: nobody waits for ever, and the next is served."""
    troubles = [RuntimeError("no connection"), MemoryError()]

    def look_after():
        if troubles:
            raise troubles.pop()

    counts = iter([ZeroDivisionError])

    def coming():
        for error in counts:
            raise error
        return 0

    group = GroupCommit[int, int](lambda items: items)
    threading.Thread(target=group.lead_for_good, args=(look_after, coming), daemon=True).start()
    while group._coming is not coming:
        time.sleep(0.001)
    for error in (MemoryError, RuntimeError):
        with pytest.raises(error):
            group.submit([1])
    assert group.submit([2]) == [2]


def test_who_comes_alone_does_not_wait_for_others(monkeypatch):
    monkeypatch.setattr(grouping, "LINGER", 20)
    group = GroupCommit[int, int](lambda items: items)
    lead(group, lambda: 1)
    began = time.monotonic()
    for number in range(20):
        group.submit([number])
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("failure", [RuntimeError, SystemExit])
def test_the_leading_thread_outlives_a_failed_commit(failure):
    def commit(items):
        if items == [1]:
            raise failure("disk full")
        return items

    group = GroupCommit[int, int](commit)
    lead(group, lambda: 1)
    with pytest.raises(failure, match="disk full"):
        group.submit([1])
    assert group.submit([2]) == [2]
