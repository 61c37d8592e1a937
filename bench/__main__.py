"""``python -m bench``: all benchmarks, a table on screen, ``$EDGEWISE_HOME/bench.json``.

``peers``: beside MLflow. ``10m``: one log grown to ten million, and a picture of what a record costs on the way;
``again``: that log once more, where it was grown.

``make bench`` starts everything around it. Bars are shown, not enforced.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.config.settings")
os.environ.setdefault("EDGEWISE_LOG_LEVEL", "WARNING")
django.setup()

from django.conf import settings  # noqa: E402  (models can be imported only after the set-up)

from bench import (  # noqa: E402
    counting,
    ingest,
    lag,
    measures,
    papers,
    peers,
    reading,
    results,
    sequencing,
    setting,
    ten_million,
)
from bench.measures import Measure  # noqa: E402


def run() -> list[Measure]:
    """Every benchmark in turn, each said as it is done."""
    port = settings.PORT
    organisation, owner = setting.organisation()
    small, large, apart = (setting.target(organisation, owner, name) for name in ("small", "large", "apart"))
    steps: list[tuple[str, Callable[[], Measure | list[Measure]]]] = [
        ("counting ballots", counting.tally),
        ("logging in batches", lambda: ingest.batch_vs_copy(small, port)),
        ("hashing and sequencing", lambda: sequencing.overhead(small, apart, port)),
        ("waiting for a checkpoint", lambda: lag.checkpoint(small, port)),
        ("logging one by one", lambda: ingest.single_vs_minimal(small, port)),
        ("growing a log", lambda: ingest.growth_and_memory(large, port)),
        ("receipts", lambda: reading.proof(large)),
        ("tiles", lambda: reading.tiles(large, port)),
        ("verifying a log", lambda: reading.verify(large)),
        ("hash storage", reading.hash_storage),
        ("model card", lambda: papers.card(small, owner)),
        ("explanation", lambda: papers.explanation(small, owner)),
    ]
    found: list[Measure] = []
    for name, step in steps:
        setting.wait_until_quiet()
        began = time.monotonic()
        result = step()
        found += result if isinstance(result, Sequence) else [result]
        print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    return found


def main() -> None:
    """Run, show, keep."""
    chosen = sys.argv[1] if sys.argv[1:] else ""
    runs: dict[str, Callable[[], list[Measure]]] = {
        "": run,
        "peers": peers.run,
        "10m": lambda: ten_million.run(settings.PORT),
        "again": lambda: ten_million.again(settings.PORT),
    }
    found = runs[chosen]()
    print()
    print("\n".join(measures.lines(found)))
    print()
    for path in results.keep(chosen, found, Path(settings.EDGEWISE_HOME)):
        print(path)


if __name__ == "__main__":
    main()
