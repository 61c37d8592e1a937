"""A model that logs decisions through the SDK until it is told to end, and measures every call of `log`.

    python model_process.py URL SPOOL RESULT < record.json        with EDGEWISE_API_KEY

How long a call took by the clock says little on a machine that others use as well: the system may take the processor
from the caller in the middle. What the caller *waited* is the time by the clock less the time that threads of this
process stood ready to run without getting a processor (Linux: the second figure of /proc/PID/task/TID/schedstat, in
nanoseconds): all of them, because the caller may wait for one that stands in line itself.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from edgewise import Client

TASKS = Path("/proc/self/task")
PAUSE = 0.005
LONG = 0.005


def stood_in_line() -> float:
    """Seconds for which threads of this process were ready and had no processor."""
    total = 0
    for task in TASKS.iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_bytes().split()[1])
    return total / 1e9


def main(url: str, spool: str, result: Path) -> None:
    record, stop, key = json.load(sys.stdin), threading.Event(), os.environ["EDGEWISE_API_KEY"]
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    client = Client(url, key, spool=spool, timeout=2.0)
    ids, walls, waits, burns = [], [], [], []
    while not stop.is_set():
        in_line, burned, began = stood_in_line(), time.thread_time(), time.monotonic()
        name = client.log(record)
        wall, burn = time.monotonic() - began, time.thread_time() - burned
        ids.append(name)
        walls.append(wall)
        burns.append(burn)
        waits.append(wall if wall <= LONG else wall - (stood_in_line() - in_line))
        time.sleep(PAUSE)
    flushed = client.flush(150.0)
    client.close()
    found = {
        "ids": ids, "flushed": flushed, "trouble": client.trouble,
        "lost": client.lost_total, "rejected": client.rejected_total,
        "longest_by_the_clock": max(walls), "longest_waited": max(waits), "longest_computed": max(burns),
        "over_5_ms_by_the_clock": sum(wall > LONG for wall in walls),
    }  # fmt: skip
    result.write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
