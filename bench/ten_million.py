"""One log grown to ten million: what a record, a search, a receipt and a hash cost on the way there.

Every record goes over HTTP. At 10 k, 100 k, 1 M and 10 M logged, once the worker has caught up, a slice of 10,000 is
measured by the clock and by the processor time of web server and PostgreSQL, and the explorer is asked. BENCH_TO sets
another end than 10 M.
"""

import dataclasses
import functools
import json
import os
import statistics
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection

from audits.decisions import assessing, exploring, searching
from audits.ledger import selectors as ledger
from bench import reading, setting, wire, yardsticks
from bench.ingest import BATCH, BATCH_CONNECTIONS, PATH, batches
from bench.measures import Measure
from bench.payload import Payload
from bench.setting import Target

END = 10_000_000
NAME = "ten-million"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
SLICE = 10_000
ROUNDS = 3
CATCH_UP_SECONDS = 3_600.0
OLD = "old"
# What only the oldest records are tied to.
TIES = {
    "trace_id": 31 * "0" + "1",
    "span_id": 15 * "0" + "1",
    "parent": str(uuid.UUID(int=1)),
    "clarification": OLD,
}
TICKS = os.sysconf("SC_CLK_TCK")
# What the page offers, alone and together: frequent, rare, never met, and met only by the oldest records.
QUERIES: dict[str, dict[str, str]] = {
    "none": {},
    "chosen": {"chosen": "remove"},
    "chosen_never": {"chosen": "an option never offered"},
    "driving_edge": {"driving_edge": "privacy"},
    "verdict_any": {"verdict": "any"},
    "verdict_never": {"verdict": "missed_clarification"},
    "disposition_never": {"disposition": "refused"},
    "margin": {"margin_below": "0.001"},
    "margin_negative": {"margin_below": "0"},
    "margin_never": {"margin_below": "-0.9"},
    "context": {"context.community": "fr"},
    "context_oldest": {"context.community": OLD},
    "from_the_future": {"from": "2199-01-01"},
    "long_ago": {"to": "2001-01-01"},
    "model_version": {"model_version": "1.0"},
    "model_version_never": {"model_version": "0.9"},
    "kind": {"kind": "choice"},
    "kind_oldest": {"kind": "assessment"},
    **{f"{name}_oldest": {name: value} for name, value in TIES.items()},
    **{f"{name}_never": {name: value[::-1]} for name, value in TIES.items()},
    "trace_and_kind_oldest": {"trace_id": TIES["trace_id"], "span_id": TIES["span_id"], "kind": "choice"},
    "combination": {"chosen": "limit", "driving_edge": "dignity", "context.community": "hi", "verdict": "any"},
    "combination_never": {
        "chosen": "remove", "driving_edge": "dignity", "context.community": OLD, "verdict": "any",
        "margin_below": "0.0001",
    },
}  # fmt: skip
HASHES = (
    "SELECT pg_total_relation_size('audits_tile') + pg_total_relation_size('audits_head'), "
    "(SELECT sum(size) FROM audits_head), pg_database_size(current_database())"
)


def run(port: int) -> list[Measure]:
    """Grows the log and measures at each size."""
    end = int(os.environ.get("BENCH_TO", END))
    made, owner = setting.organisation()
    warm, target = (setting.target(made, owner, name, traced=True) for name in ("warm", NAME))
    wire.drive(port, batches(warm, 3 * SLICE), BATCH_CONNECTIONS)
    logged = _oldest(target, port)
    found: list[Measure] = []
    for size in [size for size in SIZES if size <= end]:
        fill = size - logged - SLICE * ROUNDS if size > 3 * SLICE * ROUNDS else 0
        spent = wire.drive(port, batches(target, fill), BATCH_CONNECTIONS) if fill else 0.0
        logged += fill
        _wait_until_quiet()
        cost, logged = _cost(target, port, size, logged)
        print(f"{logged:,} logged: {cost[0].value:.0f} µs a record ({fill:,} in {spent:.0f} s)", flush=True)
        found += cost
        _wait_until_quiet()
        found += [*_searches(target, size), *_reads(target, port, size), *_storage(size)]
    return [*found, *growth(found)]


def again(port: int) -> list[Measure]:
    """Measures the log that an earlier run has grown in this home, and a new one of 10,000 beside it."""
    target = setting.grown(NAME)
    if target is None:
        raise SystemExit("No log was grown in this home yet: make bench-10m")
    fresh = setting.target(*setting.organisation(), "fresh", traced=True)
    wire.drive(port, batches(fresh, 3 * SLICE), BATCH_CONNECTIONS)
    found: list[Measure] = []
    for each in (fresh, target):
        size = ledger.size(log=reading.log_of(each))
        _wait_until_quiet()
        cost, _logged = _cost(each, port, size, size)
        found += cost
        _wait_until_quiet()
        found += [*_searches(each, size), *_reads(each, port, size)]
    return [*found, *growth(found), *_storage(size)]


def _oldest(target: Target, port: int) -> int:
    """One batch that carries what no later record has."""
    batch = json.dumps(oldest(target.payload)).encode()
    wire.drive(port, [wire.request("POST", PATH, target.headers, batch)], 1)
    return BATCH


def oldest(payload: Payload) -> list[dict[str, Any]]:
    """Records of a context of their own, one of them tied to others, one an assessment."""
    found = [{**record, "context": {"community": OLD}} for record in json.loads(payload.batch(BATCH))]
    found[0] |= TIES
    found[1] |= {
        "kind": "assessment",
        "options": found[1]["options"][:1],
        "chosen": None,
        "disposition": "escalated",
    }
    return found


def _wait_until_quiet() -> None:
    """Until what was logged is assessed, and PostgreSQL vacuums no more of it: both count where they come, not here."""
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while (assessing.behind() or vacuuming()) and time.monotonic() < deadline:
        time.sleep(1)


def vacuuming() -> bool:
    """Whether PostgreSQL vacuums a table now."""
    with yardsticks.owner() as database:
        return bool(database.execute("SELECT EXISTS (SELECT FROM pg_stat_progress_vacuum)").fetchall()[0][0])


def _cost(target: Target, port: int, size: int, logged: int) -> tuple[list[Measure], int]:
    """Microseconds per record, the median of rounds: by the clock, and of processor time without the generator's.

    Beside the clock what COPY into a bare table takes for each row, turn about: the machine may be slower than it was.
    """
    clock, processor, copied = [], [], []
    for _ in range(ROUNDS):
        copied.append(1 / yardsticks.copy_rate(list(target.payload.records(SLICE))))
        requests = list(batches(target, SLICE))
        before = processor_seconds()
        clock.append(wire.drive(port, requests, BATCH_CONNECTIONS) / SLICE)
        processor.append((processor_seconds() - before) / SLICE)
    note = f"batches of {BATCH}; median of {ROUNDS} slices of {SLICE:,}"
    return [
        Measure(
            f"cost_us_{size}",
            1e6 * statistics.median(clock),
            "µs",
            yardstick=1e6 * statistics.median(copied),
            note=f"{note}; yardstick: a row by COPY, µs",
        ),
        Measure(f"cost_cpu_us_{size}", 1e6 * statistics.median(processor), "µs CPU", note=note),
    ], logged + ROUNDS * SLICE


def processor_seconds() -> float:
    """Processor time of the web server and of PostgreSQL so far."""
    with yardsticks.owner() as database:
        pids = [pid for (pid,) in database.execute("SELECT pid FROM pg_stat_activity").fetchall()]
    return sum(map(_spent, {*pids, *setting.web_processes()}))


def _spent(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _searches(target: Target, size: int) -> list[Measure]:
    """The slowest first page of all filters, each the median of five."""
    spent = {
        name: _milliseconds(functools.partial(_first_page, target, query)) for name, query in QUERIES.items()
    }
    slowest = max(spent, key=lambda name: spent[name])
    every = ", ".join(f"{name} {value:.0f}" for name, value in spent.items())
    return [
        Measure(f"search_ms_{size}", spent[slowest], "ms", at_most=200, note=f"slowest: {slowest}; {every}")
    ]


def _first_page(target: Target, query: dict[str, str]) -> exploring.Page:
    made = target.system.organisation
    asked = searching.filters(organisation=made, query={**query, "system": target.system.slug})
    page = exploring.search(organisation=made, filters=asked)
    assert page.searched_to is None, "the search stopped before it was done"
    return page


def _milliseconds(act: Callable[[], object]) -> float:
    spent = []
    for _ in range(5):
        began = time.perf_counter()
        act()
        spent.append(1000 * (time.perf_counter() - began))
    return statistics.median(spent)


def _reads(target: Target, port: int, size: int) -> list[Measure]:
    """Receipts and tiles, as `make bench` measures them."""
    found = [*reading.proof(target), reading.tiles(target, port)]
    return [dataclasses.replace(measure, name=f"{measure.name}_{size}") for measure in found]


def _storage(size: int) -> list[Measure]:
    """Bytes for hashes per entry, right after loading, and the database's size."""
    with connection.cursor() as cursor:
        cursor.execute(HASHES)
        hashes, entries, database = cursor.fetchone()
    note = f"right after loading; the database has {database / 2**30:.1f} GiB"
    return [Measure(f"hash_bytes_{size}", float(hashes) / float(entries), "bytes", at_most=36, note=note)]


def growth(found: list[Measure]) -> list[Measure]:
    """The last size against the first: as measured, and each against COPY at that size."""
    named = {measure.name: measure for measure in found}
    sizes = sorted(int(name.removeprefix("cost_us_")) for name in named if name.startswith("cost_us_"))
    first, last = (named[f"cost_us_{size}"] for size in (sizes[0], sizes[-1]))
    processor = [named[f"cost_cpu_us_{size}"].value for size in (sizes[0], sizes[-1])]
    pace = (last.yardstick or 1) / (first.yardstick or 1)
    note = f"a record at {sizes[-1]:,} logged against one at {sizes[0]:,}"
    return [
        Measure("ingest_growth", last.value / first.value, "ratio", at_most=1.2, note=note),
        Measure(
            "ingest_growth_vs_copy",
            last.value / first.value / pace,
            "ratio",
            at_most=1.2,
            yardstick=pace,
            note=f"{note}, each against COPY then; yardstick: how much longer COPY itself took",
        ),
        Measure(
            "ingest_growth_cpu",
            processor[1] / processor[0],
            "ratio",
            at_most=1.2,
            note=f"{note}, processor time",
        ),
    ]
