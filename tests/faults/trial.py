"""One trial: clients, watchers and the checker around a house, while blows fall. Says at each blow how it went."""

import functools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults import checking
from tests.faults.hammer import Hammer
from tests.faults.house import House, patiently
from tests.faults.kept import Kept, System
from tests.faults.verifying import Verifier
from tests.faults.watching import Watcher

BACK_SECONDS = 180
PUBLISHED_SECONDS = 30
DERIVED_SECONDS = 120
REACH = "SELECT system_id, max(index) FROM audits_decision GROUP BY system_id"
REACHED = "SELECT 1 FROM audits_assessment WHERE system_id = %s AND index = %s"
BEHIND = "SELECT (SELECT count(*) FROM audits_decision) - (SELECT count(*) FROM audits_assessment)"


Say = Callable[[str], None]


class Broken(AssertionError):
    """A promise was not kept; the sentence says which."""


@dataclass
class Count:
    """Over all trials of a run."""

    blows: int = 0
    kills: int = 0
    acknowledged: int = 0
    receipts: int = 0
    lost: int = 0
    longest: float = 0.0

    def __str__(self) -> str:
        return (
            f"faults: {self.kills} kills, {self.acknowledged:,} acknowledged, "
            f"{self.receipts:,} receipts verified, {self.lost} lost"
        )


@dataclass
class Trial:
    """A context manager: the house is running when it is entered, and keeps running after it."""

    house: House
    seed: int
    say: Say
    count: Count = field(default_factory=Count)
    pace: float = 0.4
    ports: list[int] = field(default_factory=list)
    kept: Kept = field(default_factory=Kept)

    def __enter__(self) -> "Trial":
        self.rng = random.Random(self.seed)
        self.systems: list[System] = self.house.make_world()
        self.ports.append(self.house.port)
        self.hammer = Hammer(self.systems, self.ports, self.kept, self.seed, self.pace)
        self.watchers = [Watcher(system, self.ports, self.kept, self.seed) for system in self.systems]
        self.verifier = Verifier(self.house)
        self.hammer.start()
        for watcher in self.watchers:
            watcher.start()
        self.wait_for_answers(time.monotonic())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self.hammer.stop()
            if error is None:
                self.check("at the end")
                self.check_all_is_published()
                self.check_derived_work_catches_up()
        finally:
            for watcher in self.watchers:
                watcher.stop()
            self.verifier.stop()
            self.count.acknowledged += len(self.kept.places)
            self.count.receipts += self.kept.receipts

    def strike(self, name: str, blow: Callable[[], object], *, kills: int = 0) -> None:
        """The blow falls under load; the clients must be answered again, and everything must hold."""
        self.load()
        before, began = len(self.kept.places), time.monotonic()
        blow()
        struck = time.monotonic()
        self.wait_for_answers(struck)
        back = time.monotonic() - began
        self.check(name)
        self.count.blows += 1
        self.count.kills += kills
        self.count.longest = max(self.count.longest, back)
        new = len(self.kept.places) - before
        self.say(f"{name}: answered again after {back:.1f} s, {new:,} acknowledged meanwhile; all holds")

    def load(self, seconds: float = 1.0) -> None:
        time.sleep(seconds * (0.5 + self.rng.random()))

    def wait_for_answers(self, since: float, *, seconds: float = BACK_SECONDS) -> None:
        """Until each system has something acknowledged that it asked after `since`."""
        deadline = time.monotonic() + seconds
        while any(self.kept.asked_at.get(system.id, 0.0) <= since for system in self.systems):
            if time.monotonic() > deadline:
                words = self.house.words.read_text()[-1500:]
                raise Broken(f"no answer within {seconds} s: {dict(self.kept.failures)}\n{words}")
            time.sleep(0.05)

    # Checking

    def check(self, after: str) -> None:
        """Everything acknowledged is where it was said to be; every log verifies and continues what watchers saw."""
        problems = [*self.kept.contradictions, *self._lost(), *self._unverified()]
        if problems:
            self.count.lost += len(problems)
            raise Broken(f"{after}:\n" + "\n".join(problems[:20]))

    def _lost(self) -> list[str]:
        acknowledged, unanswered = self.kept.seen()
        found = []
        for system in self.systems:
            own = {each: place for each, place in acknowledged.items() if place.system == system.id}
            found += checking.judge(patiently(functools.partial(self._look, system)), own, unanswered)
        return found

    def _unverified(self) -> list[str]:
        remembered = {watcher.system.origin: list(watcher.seen.values()) for watcher in self.watchers}
        return patiently(lambda: self.verifier.problems(remembered))

    def _look(self, system: System) -> checking.Found:
        return checking.look(self.house.url, system)

    def check_derived_work_catches_up(self) -> None:
        """The worker has assessed everything that is logged, though its messages may have been lost."""
        deadline = time.monotonic() + DERIVED_SECONDS
        while behind := patiently(self._behind):
            if time.monotonic() > deadline:
                raise Broken(f"{behind} decisions are not assessed after {DERIVED_SECONDS} s")
            time.sleep(0.5)

    def _behind(self) -> int:
        with self.house.connect() as connection:
            row = connection.execute(BEHIND).fetchone()
        assert row is not None
        return int(row[0])

    def check_derived_work_goes_on(self) -> None:
        """Under load: everything logged by now is assessed in a while."""
        with self.house.connect() as connection:
            targets = connection.execute(REACH).fetchall()
            deadline = time.monotonic() + DERIVED_SECONDS
            while any(connection.execute(REACHED, target).fetchone() is None for target in targets):
                if time.monotonic() > deadline:
                    raise Broken(f"what was logged is not assessed after {DERIVED_SECONDS} s")
                time.sleep(0.5)

    def check_all_is_published(self) -> None:
        """The signer goes on: within a moment a checkpoint covers all that was acknowledged."""
        for watcher in self.watchers:
            own = [place.index for place in self.kept.places.values() if place.system == watcher.system.id]
            deadline = time.monotonic() + PUBLISHED_SECONDS
            while own and (watcher.latest is None or watcher.latest.size <= max(own)):
                if time.monotonic() > deadline:
                    raise Broken(f"{watcher.system.origin} is not signed up to {max(own)}")
                time.sleep(0.1)
