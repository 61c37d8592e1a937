"""Logging decisions over HTTP: batches, singles, memory, and cost as the log grows."""

import functools
import statistics
import time
from collections.abc import Callable, Iterator

from bench import setting, spending, wire, yardsticks
from bench.measures import Measure
from bench.setting import Target

BATCH = 500
BATCH_CONNECTIONS = 4
SINGLE_CONNECTIONS = 16
ROUNDS = 3
BATCHED = 30_000
SINGLES = 6_000
GROWN = 1_000_000
GROWING_SECONDS = 300.0
EARLY = 10_500
SLICE = EARLY // ROUNDS
PATH = "/api/v1/decisions?brief=1"


def batches(target: Target, count: int) -> Iterator[bytes]:
    """Requests that log ``count`` records, 500 in each."""
    for _ in range(count // BATCH):
        yield wire.request("POST", PATH, target.headers, target.payload.batch(BATCH))


def batch_rate(target: Target, count: int, port: int) -> float:
    """Records/s, durable; the requests are made before the clock starts, sending them is counted."""
    return count / wire.drive(port, list(batches(target, count)), BATCH_CONNECTIONS)


def batch_vs_copy(target: Target, port: int) -> Measure:
    """Batches of 500 for one system, against COPY of the same bytes; turn about, so that both meet the same machine."""
    batch_rate(target, 4 * BATCH, port)
    rates, yardsticks_found, spent = [], [], []
    for _ in range(ROUNDS):
        setting.wait_until_quiet()
        rate, cost = spending.measured(lambda: batch_rate(target, BATCHED // ROUNDS, port))
        rates.append(rate)
        spent.append(cost)
        setting.wait_until_quiet()
        yardsticks_found.append(yardsticks.copy_rate(list(target.payload.records(BATCHED // ROUNDS))))
    rate, yardstick = statistics.median(rates), statistics.median(yardsticks_found)
    went = spent[rates.index(rate)].per(BATCHED // ROUNDS)
    return Measure(
        "ingest_batch_vs_copy",
        rate / yardstick,
        "ratio",
        at_least=0.3,
        yardstick=yardstick,
        note=f"{rate:,.0f} records/s in batches of {BATCH} ({went}); COPY: yardstick rows/s",
    )


def single_vs_minimal(target: Target, port: int) -> Measure:
    """One record in each request, 16 connections, against a minimal view; turn about."""
    bodies = list(target.payload.records(SINGLES))
    warm = [wire.request("POST", PATH, target.headers, body) for body in target.payload.records(500)]
    wire.drive(port, warm, SINGLE_CONNECTIONS)
    size = SINGLES // ROUNDS
    rates, yardsticks_found, spent = [], [], []
    with yardsticks.minimal_server() as minimal:
        for start in range(0, SINGLES, size):
            part = bodies[start : start + size]
            requests = [wire.request("POST", PATH, target.headers, body) for body in part]
            setting.wait_until_quiet()
            seconds, cost = spending.measured(
                functools.partial(wire.drive, port, requests, SINGLE_CONNECTIONS)
            )
            rates.append(size / seconds)
            spent.append(cost)
            yardsticks_found.append(yardsticks.minimal_rate(part, SINGLE_CONNECTIONS, minimal))
    rate, yardstick = statistics.median(rates), statistics.median(yardsticks_found)
    went = spent[rates.index(rate)].per(size)
    return Measure(
        "ingest_single_vs_minimal",
        rate / yardstick,
        "ratio",
        at_least=0.5,
        yardstick=yardstick,
        note=f"{rate:,.0f} records/s, one in each request ({went}); minimal view: yardstick requests/s",
    )


def growth_and_memory(target: Target, port: int) -> list[Measure]:
    """One system's log grown from nothing: cost per record at the end against the first 10,000, and peak memory."""
    wire.drive(port, list(batches(target, 4 * BATCH)), BATCH_CONNECTIONS)
    early = _slice_seconds(target, port)
    began_with = _largest(setting.resident_mib)
    total = 4 * BATCH + EARLY + _grow(target, port)
    late = _slice_seconds(target, port)
    return [
        Measure(
            "ingest_growth",
            late / early,
            "ratio",
            at_most=1.2,
            note=f"a record at {total:,} logged against one of the first {EARLY:,} (the bar is for 10 M)",
        ),
        Measure(
            "ingest_memory_mib",
            _largest(setting.peak_mib),
            "MiB",
            at_most=300,
            note=f"peak of the largest web process at {total:,} records; it held {began_with:,.0f} after {EARLY:,}",
        ),
    ]


def _slice_seconds(target: Target, port: int) -> float:
    """The median of ROUNDS slices that make EARLY records together, each begun in quiet."""
    spent = []
    for _ in range(ROUNDS):
        setting.wait_until_quiet()
        spent.append(wire.drive(port, list(batches(target, SLICE)), BATCH_CONNECTIONS))
    return statistics.median(spent)


def _grow(target: Target, port: int) -> int:
    """Logs until there are a million, or GROWING_SECONDS are over on a slow machine; how many."""
    began, sent = time.monotonic(), 0
    while sent < GROWN - 2 * EARLY and time.monotonic() - began < GROWING_SECONDS:
        wire.drive(port, batches(target, EARLY), BATCH_CONNECTIONS)
        sent += EARLY
    return sent


def _largest(memory: Callable[[int], float]) -> float:
    return max((memory(process) for process in setting.web_processes()), default=float("nan"))
