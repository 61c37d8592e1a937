"""Reading the log: receipts, tiles, the whole of it, and what its hashes take on disk."""

import random
import statistics
import subprocess
import sys
import time

from django.db import connection
from django.db.models import Sum
from edgewise import merkle
from edgewise.merkle import TILE_WIDTH
from edgewise.tiles import TileReader, tile_path

from audits.ledger import pages
from audits.ledger import selectors as ledger
from audits.ledger.models import Head, Log
from bench import wire, yardsticks
from bench.ingest import GROWING_SECONDS, GROWN
from bench.measures import Measure
from bench.setting import Target

RECEIPTS = 300
TILE_REQUESTS = 6_000
HASHED = 32_768
CONNECTIONS = 8
VERIFY_SECONDS = 600
HASH_TABLES = ("audits_tile", "audits_head")
GROWING = f"the log is grown to that, or for {GROWING_SECONDS / 60:.0f} minutes"


def log_of(target: Target) -> Log:
    """The log of the system that was posted to."""
    log = ledger.log_of(organisation=target.system.organisation, system=target.system)
    assert log is not None, "decisions were logged before"
    return log


def proof(target: Target) -> list[Measure]:
    """Server time of one receipt, and the tiles read for it, over random entries of the largest log here."""
    log = log_of(target)
    size = ledger.published_size(log=log)
    rng, spent, reads = random.Random(3), [], []
    for _ in range(RECEIPTS):
        index = rng.randrange(size)
        began = time.perf_counter()
        ledger.receipt(log=log, index=index)
        spent.append(1000 * (time.perf_counter() - began))
        reads.append(tiles_read(log, index, size))
    worst = sorted(spent)[int(0.99 * RECEIPTS)]
    row = yardsticks.row_ms(RECEIPTS)
    note = f"median; 99 %: {worst:.1f} ms; {size:,} entries; yardstick: one row of 8 KB by its key, ms"
    return [
        Measure("proof_ms", statistics.median(spent), "ms", at_most=5, yardstick=row, note=note),
        Measure(
            "proof_hash_reads",
            max(reads),
            "reads",
            at_most=40,
            note="most tiles read for one inclusion proof",
        ),
    ]


def tiles_read(log: Log, index: int, size: int) -> int:
    """How often the inclusion proof of one entry reads stored hashes: each time one tile, whole or partial."""
    fetch, read = ledger.tile_fetcher(log), 0

    def counted(level: int, n: int, width: int) -> bytes:
        nonlocal read
        read += 1
        return fetch(level, n, width)

    merkle.inclusion_proof(index, size, TileReader(size, counted))
    return read


def tiles(target: Target, port: int) -> Measure:
    """Full tiles over HTTP."""
    full = ledger.published_size(log=log_of(target)) // TILE_WIDTH
    place = f"/log/{target.system.organisation.slug}/{target.system.slug}"
    requests = [
        wire.request("GET", f"{place}/{tile_path(0, number % full, TILE_WIDTH)}", {})
        for number in range(TILE_REQUESTS)
    ]
    wire.drive(port, requests[:500], CONNECTIONS)
    rate = TILE_REQUESTS / wire.drive(port, requests, CONNECTIONS)
    with yardsticks.minimal_server() as minimal:
        same = yardsticks.same_rate(TILE_REQUESTS, CONNECTIONS, minimal)
    note = f"{full:,} full tiles, {CONNECTIONS} connections; yardstick: a view that only answers 8 KB, requests/s"
    return Measure("tile_rps", rate, "requests/s", at_least=1_000, yardstick=same, note=note)


def verify(target: Target) -> Measure:
    """`edgewise verify URL` over the largest log here: server and verifier on the same cores, start-up included."""
    log = log_of(target)
    size = ledger.published_size(log=log)
    command = [sys.executable, "-m", "edgewise", "verify", pages.url_of(log), "--quiet"]
    command += ["--vkey", ledger.vkeys(log=log)[0]]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=VERIFY_SECONDS)
    seconds = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    alone = yardsticks.hash_rate(list(target.payload.records(HASHED)))
    note = (
        f"{size:,} entries in {seconds:.1f} s over HTTP (the bar is for {GROWN:,}; {GROWING}); "
        "yardstick: hashing alone, leaves/s"
    )
    return Measure(
        "verify_leaves_per_s", size / seconds, "leaves/s", at_least=50_000, yardstick=alone, note=note
    )


def hash_storage() -> Measure:
    """Tiles and the logs' edges with their indexes and dead rows, over all entries of all logs, as it stands now."""
    entries = Head.objects.aggregate(size=Sum("size"))["size"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) AS name",
            [list(HASH_TABLES)],
        )
        (size,) = cursor.fetchone()
    note = f"{', '.join(HASH_TABLES)} by pg_total_relation_size, {entries:,} entries; yardstick: the hashes alone"
    return Measure(
        "hash_bytes_per_entry",
        float(size) / entries,
        "bytes",
        at_most=36,
        yardstick=merkle.HASH_BYTES * TILE_WIDTH / (TILE_WIDTH - 1),
        note=note,
    )
