"""A web process that stands still (SIGSTOP) inside a transaction: it holds the log's turn and says nothing."""

import os
import random
import signal
import time

import psycopg

from tests.faults.hammer import Hammer
from tests.faults.house import House
from tests.faults.trial import Broken, Trial

TRIES = 200
STANDS_STILL_SECONDS = 0.4
# Nobody waits longer than this for one that stands still: 10 s until it counts as lost, and some rounds of looking.
ANSWERED_SECONDS = 60
IMPATIENT_SECONDS = 3
HOLDERS = """
SELECT pid, extract(epoch FROM xact_start), state = 'active' FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = 'ClientRead'
AND xact_start IS NOT NULL AND xact_start < clock_timestamp() - interval '0.2 s'
AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'transactionid' AND granted)
"""


def freeze_a_holder(house: House, rng: random.Random) -> tuple[int, bool]:
    """The process stopped while its transaction holds the turn, and whether that was in the middle of a COPY."""
    with house.connect() as connection:
        for _ in range(TRIES):
            process = rng.choice(house.web_workers())
            if still := _stopped_with(process, connection):
                return process, any(copying for _pid, _since, copying in still)
            time.sleep(rng.random() / 5)
    raise Broken("no process could be stopped inside its transaction")


def _stopped_with(process: int, connection: psycopg.Connection) -> set[tuple[int, float, bool]]:
    """Stops the process; the transactions that stand still with it. It goes on if there are none."""
    os.kill(process, signal.SIGSTOP)
    still: set[tuple[int, float, bool]] = set()
    try:
        if first := _holders(connection):
            time.sleep(STANDS_STILL_SECONDS)
            still = first & _holders(connection)
    finally:
        if not still:
            os.kill(process, signal.SIGCONT)
    return still


def _holders(connection: psycopg.Connection) -> set[tuple[int, float, bool]]:
    time.sleep(0.25)
    return set(connection.execute(HOLDERS).fetchall())


def _ask_each_system(trial: Trial) -> None:
    """Asks with little patience: a connection that the frozen process took is given up, and another one tried."""
    impatient = Hammer(trial.systems, trial.ports, trial.kept, trial.seed, patience=IMPATIENT_SECONDS)
    missing = {system.id for system in trial.systems}
    while missing:
        system, records = impatient._fresh(trial.rng, 1)
        if system.id in missing:
            impatient.insist(trial.rng, system, records, single=True)
            missing.remove(system.id)


def strike(trial: Trial, number: int) -> None:
    """The others are answered while it stands still; when it goes on, nothing it does contradicts what happened."""

    def blow() -> None:
        process, copying = freeze_a_holder(trial.house, trial.rng)
        frozen = time.monotonic()
        try:
            _ask_each_system(trial)
        finally:
            os.kill(process, signal.SIGCONT)
        passed = time.monotonic() - frozen
        if passed > ANSWERED_SECONDS:
            raise Broken(f"a frozen process held the others up for {passed:.0f} s")
        where = "in COPY" if copying else "between statements"
        trial.say(f"frozen {where}; the others were answered after {passed:.1f} s")

    trial.strike(f"{number} freeze a web process that holds the turn", blow)
