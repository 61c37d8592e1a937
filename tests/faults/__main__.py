"""`make faults`: the long form. What can die is killed under load; what was acknowledged must be there.

ARGS: `--seed N` repeats a run's choices, `--only NAME…` runs some scenarios, `--rounds SHARE` a share of the kills.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.scenarios import SCENARIOS
from tests.faults.trial import Broken, Count

LONGEST_MINUTES = 30
STARTED = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)


def out_of_time(number: int, frame: object) -> None:
    raise Broken(f"not over after {LONGEST_MINUTES} minutes")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--rounds", type=float, default=1.0, metavar="SHARE")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(LONGEST_MINUTES * 60)
    count, root = Count(), Path(tempfile.mkdtemp(prefix="edgewise-faults-"))
    say(f"seed {options.seed}; logs of the processes below {root}")
    try:
        for name in options.only:
            say(f"{name}: begins")
            SCENARIOS[name](root / name, options.seed, count, say, options.rounds)
    except BaseException as error:
        say(f"broken, with --seed {options.seed}; everything is left in {root}\n{error}")
        count.lost = max(count.lost, 1)
        if not isinstance(error, AssertionError):
            raise
    else:
        shutil.rmtree(root)
    print(count, flush=True)
    return int(count.lost > 0)


if __name__ == "__main__":
    sys.exit(main())
