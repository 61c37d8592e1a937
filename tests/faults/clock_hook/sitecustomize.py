"""Makes the clock of a Python process jump: loaded by the interpreter at its start when this folder is on PYTHONPATH.

The file that EDGEWISE_TEST_CLOCK names holds by how many seconds the clock is wrong; it is read four times a second.
The monotonic clock goes on as it is, as on a real machine.
"""

import os
import threading
import time
from pathlib import Path

import time_machine

SHIFT = Path(os.environ["EDGEWISE_TEST_CLOCK"])
EVERY_SECONDS = 0.25


def follow() -> None:
    """Sets this process's clock as the file says, until the process ends."""
    wrong_by, traveller = 0.0, None
    while True:
        told = float(SHIFT.read_text())
        if told != wrong_by:
            if traveller is not None:
                traveller.stop()
            traveller = time_machine.travel(time_machine.escape_hatch.time.time() + told)
            traveller.start()
            wrong_by = told
        time.sleep(EVERY_SECONDS)


def start() -> None:
    threading.Thread(target=follow, name="clock", daemon=True).start()


start()
os.register_at_fork(after_in_child=start)
