"""Reading the log: receipts and tiles."""

import random
import statistics
import time

from edgewise.merkle import TILE_WIDTH
from edgewise.tiles import tile_path

from audits.ledger import selectors as ledger
from bench import wire
from bench.measures import Measure
from bench.setting import Target

RECEIPTS = 300
TILE_REQUESTS = 6_000
CONNECTIONS = 8


def proof(target: Target) -> Measure:
    """Server time of one receipt, the median over random entries of the largest log here."""
    log = ledger.log_of(organisation=target.system.organisation, system=target.system)
    assert log is not None, "decisions were logged before"
    size = ledger.published_size(log=log)
    rng, spent = random.Random(3), []
    for _ in range(RECEIPTS):
        began = time.perf_counter()
        ledger.receipt(log=log, index=rng.randrange(size))
        spent.append(1000 * (time.perf_counter() - began))
    median = statistics.median(spent)
    worst = sorted(spent)[int(0.99 * RECEIPTS)]
    return Measure(
        "proof_ms", median, "ms", at_most=5, note=f"median; 99 %: {worst:.1f} ms; {size:,} entries"
    )


def tiles(target: Target, port: int) -> Measure:
    """Full tiles over HTTP."""
    log = ledger.log_of(organisation=target.system.organisation, system=target.system)
    assert log is not None, "decisions were logged before"
    full = ledger.published_size(log=log) // TILE_WIDTH
    place = f"/log/{target.system.organisation.slug}/{target.system.slug}"
    requests = [
        wire.request("GET", f"{place}/{tile_path(0, number % full, TILE_WIDTH)}", {})
        for number in range(TILE_REQUESTS)
    ]
    wire.drive(port, requests[:500], CONNECTIONS)
    rate = TILE_REQUESTS / wire.drive(port, requests, CONNECTIONS)
    return Measure(
        "tile_rps", rate, "requests/s", at_least=1_000, note=f"{full:,} full tiles, {CONNECTIONS} connections"
    )
