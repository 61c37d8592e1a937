"""A model that logs decisions through the SDK until it is told to end, and measures every call of `log`.

    python model_process.py URL SPOOL RESULT < record.json        with EDGEWISE_API_KEY

How long a call took by the clock says little on a machine that others use as well: the system may take the processor
from the caller in the middle, and a host the processor from the system. What a caller *waits* for, a lock (that of the
interpreter included, whoever holds it), a disk or a connection, it waits for asleep, and falling asleep is counted: a
voluntary context switch of the calling thread (getrusage(2), RUSAGE_THREAD). A call without one waited for nothing.
One with it waited at most for the time by the clock, less the thread's time on a processor
(CLOCK_THREAD_CPUTIME_ID) and its own time in line for one (/proc/PID/task/TID/schedstat, second figure).

A thread that the system keeps from its processor for five milliseconds loses the interpreter's lock to a thread that
asks for it, and waits for it as long again. So calls that stood in line for over a millisecond are counted apart.
"""

import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

from edgewise import Client

PAUSE = 0.005
LONG = 0.005
DISTURBED = 0.001


def in_line(descriptor: int) -> float:
    """Seconds for which the calling thread was ready and had no processor."""
    return int(os.pread(descriptor, 100, 0).split()[1]) / 1e9


def times_asleep() -> int:
    """How often the calling thread has given up its processor to wait."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def main(url: str, spool: str, result: Path) -> None:
    record, stop, key = json.load(sys.stdin), threading.Event(), os.environ["EDGEWISE_API_KEY"]
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    client = Client(url, key, spool=spool, timeout=2.0)
    ids, walls, waits, burns, disturbed = [], [], [], [], []
    figures = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    while not stop.is_set():
        stood, slept = in_line(figures), times_asleep()
        burned, began = time.thread_time(), time.monotonic()
        name = client.log(record)
        wall, burn = time.monotonic() - began, time.thread_time() - burned
        asleep = times_asleep() > slept
        ids.append(name)
        walls.append(wall)
        burns.append(burn)
        lined = in_line(figures) - stood
        waited = max(0.0, wall - burn - lined) if asleep else 0.0
        (disturbed if lined > DISTURBED else waits).append(waited)
        time.sleep(PAUSE)
    flushed = client.flush(150.0)
    client.close()
    found = {
        "ids": ids, "flushed": flushed, "trouble": client.trouble,
        "lost": client.lost_total, "rejected": client.rejected_total,
        "longest_by_the_clock": max(walls), "longest_waited": max(waits), "longest_computed": max(burns),
        "over_5_ms_by_the_clock": sum(wall > LONG for wall in walls),
        "waited_at_all": sum(wait > 0 for wait in waits + disturbed),
        "disturbed": len(disturbed), "longest_disturbed": max(disturbed, default=0.0),
    }  # fmt: skip
    result.write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
