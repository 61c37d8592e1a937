"""What hashing and sequencing cost: entries appended to a log, over the same bytes copied into a bare table."""

import statistics
import time
from collections.abc import Sequence

from django.db import transaction

from audits.ledger import services as ledger
from audits.ledger.models import Log
from bench import ingest, setting, yardsticks
from bench.measures import Measure
from bench.setting import Target

COUNT = 10_000


def overhead(target: Target, apart: Target, port: int) -> Measure:
    """The share of a record's time in batches; ``apart`` is a system whose log only takes the entries appended here."""
    log = Log.objects.get(system=apart.system)
    logged, appended, copied = [], [], []
    for _ in range(ingest.ROUNDS):
        setting.wait_until_quiet()
        logged.append(1 / ingest.batch_rate(target, COUNT, port))
        setting.wait_until_quiet()
        entries = list(target.payload.records(COUNT))
        appended.append(append_seconds(log, entries) / COUNT)
        copied.append(1 / yardsticks.copy_rate(entries))
    whole, append, copy = (1e6 * statistics.median(found) for found in (logged, appended, copied))
    return Measure(
        "sequencing_overhead",
        (append - copy) / whole,
        "ratio",
        at_most=0.25,
        yardstick=copy,
        note=f"append {append:.0f} µs, COPY (yardstick) µs, of {whole:.0f} µs that a record takes in batches",
    )


def append_seconds(log: Log, entries: Sequence[bytes]) -> float:
    """Lock, leaf hashes, tree, tiles and head for 500 entries in each transaction."""
    began = time.monotonic()
    for start in range(0, len(entries), yardsticks.PER_COMMIT):
        with transaction.atomic():
            ledger.append(log=log, entries=entries[start : start + yardsticks.PER_COMMIT])
    return time.monotonic() - began
