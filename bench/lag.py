"""How long what is logged waits for a checkpoint that covers it, while logging goes on."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from audits.ledger import selectors as ledger
from audits.ledger.models import Log
from bench import reading, wire
from bench.ingest import BATCH, BATCH_CONNECTIONS, batches
from bench.measures import Measure
from bench.setting import Target

LOGGED = 60 * BATCH
EVERY_SECONDS = 0.02
LONGEST_WAIT = 30.0


def checkpoint(target: Target, port: int) -> Measure:
    """The longest wait of all that was looked at while batches are logged: from committed to covered."""
    wire.drive(port, list(batches(target, 2 * BATCH)), BATCH_CONNECTIONS)
    requests = list(batches(target, LOGGED))
    with watched(reading.log_of(target)) as waits:
        wire.drive(port, requests, BATCH_CONNECTIONS)
    note = f"longest of {len(waits)} waits, while {LOGGED:,} records are logged in batches of {BATCH}"
    return Measure("checkpoint_lag_s", max(waits), "s", at_most=1, note=note)


@contextmanager
def watched(log: Log) -> Iterator[list[float]]:
    """Takes the log's size again and again, and the seconds until a checkpoint covers it; all are there at the end."""
    waits: list[float] = []
    stop = threading.Event()

    def watch() -> None:
        try:
            while not stop.is_set() or not waits:
                waits.append(wait(log))
        finally:
            connection.close()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()


def wait(log: Log) -> float:
    """Seconds until a checkpoint covers what the log holds now; LONGEST_WAIT if none does by then."""
    size, began = ledger.size(log=log), time.monotonic()
    while ledger.published_size(log=log) < size and time.monotonic() - began < LONGEST_WAIT:
        time.sleep(EVERY_SECONDS)
    return time.monotonic() - began
