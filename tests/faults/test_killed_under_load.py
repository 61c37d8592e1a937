"""The short form of `make faults`: each part is killed once while clients post; the rest is in the long form."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import blows
from tests.faults.house import House
from tests.faults.trial import Trial

SEED = 3
BLOWS = [blows.web_server, blows.web_process, blows.postmaster, blows.backend_in_copy, blows.worker]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Ended by Ctrl-C at last, which must be heard after all that was done to it."""
    found = House(Path(tmp_path_factory.mktemp("faults").resolve()) / "house")
    found.start()
    yield found
    assert found.stop() == 0


@pytest.mark.slow
def test_what_was_acknowledged_outlives_whatever_is_killed(house: House) -> None:
    """Each acknowledged record stands at its index, once, and every checkpoint continues the one before."""
    said: list[str] = []
    rng = random.Random(SEED)
    with Trial(house, SEED, said.append) as trial:
        for blow in BLOWS:
            trial.strike(blow.__name__, lambda blow=blow: blow(house, rng), kills=1)
    assert trial.count.kills == len(BLOWS)
    assert sum(trial.kept.failures.values()) > 0, "no blow interrupted anything"
    assert trial.count.receipts > 0
    assert all(watcher.proven > 0 for watcher in trial.watchers)
