"""`make faults`: the long form. What can die is killed under load; what was acknowledged must be there.

ARGS: `--seed N` repeats a run's choices, `--only NAME…` runs some scenarios, `--rounds SHARE` a share of the kills.
"""

import argparse
import contextlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults import blows
from tests.faults.house import House
from tests.faults.trial import Broken, Count, Trial

LONGEST_MINUTES = 30
STARTED = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)


def kills(root: Path, seed: int, count: Count, share: float) -> None:
    """SIGKILL to each part in turn, in an order that the seed decides."""
    rng = random.Random(seed)
    chosen = [blow for blow, times in blows.KILLS.items() for _ in range(max(1, round(times * share)))]
    rng.shuffle(chosen)
    with living(House(root / "house")) as house, Trial(house, seed, say, count) as trial:
        for number, blow in enumerate(chosen, 1):
            name = f"{number}/{len(chosen)} kill {blow.__name__.replace('_', ' ')}"
            trial.strike(name, lambda blow=blow: blow(house, rng), kills=1)


@contextlib.contextmanager
def living(house: House) -> Iterator[House]:
    """Started, and stopped whatever happens."""
    house.start()
    try:
        yield house
    finally:
        house.stop()


SCENARIOS: dict[str, Callable[[Path, int, Count, float], None]] = {"kills": kills}


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
            SCENARIOS[name](root / name, options.seed, count, options.rounds)
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
