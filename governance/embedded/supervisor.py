"""Keeps children alive until told otherwise, and stops them in the reverse of the order they were started in."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from governance.embedded.children import Child
from governance.embedded.home import CannotStartError, set_aside

TICK_SECONDS = 0.2
# A child that lived this long has started well; one that dies sooner is tried again, ever later. One that never started
# well is given up; one that did is not: a full disk, or a broker that is away, must not take down what still works.
SETTLED_SECONDS = 10
TRIES = 10
LONGEST_PAUSE_SECONDS = 10.0


@dataclass
class Watched:
    """A child and how it has fared."""

    child: Child
    deaths: int = 0
    settled: bool = False
    retry_at: float | None = None


@dataclass
class Supervisor:
    """The children of one command, in start order; `say` tells the person what happens to them."""

    say: Callable[[str], None]
    watched: list[Watched] = field(default_factory=list)

    def add(self, child: Child) -> None:
        """Watch a child that is already started."""
        self.watched.append(Watched(child))

    def start(self, child: Child) -> None:
        """Start a child and watch it."""
        self.add(child)
        child.start()

    def tend(self) -> None:
        """Look after every child once, and after the length of its log."""
        for watched in self.watched:
            if not watched.child.alive:
                self._revive(watched)
            set_aside(watched.child.log)

    def _revive(self, watched: Watched) -> None:
        """Start a dead child again when its pause is over; raise CannotStartError when it keeps dying."""
        now = time.monotonic()
        if watched.retry_at is None:
            self._mourn(watched, now)
        elif now >= watched.retry_at:
            watched.retry_at = None
            watched.child.start()

    def _mourn(self, watched: Watched, now: float) -> None:
        child = watched.child
        lived = now - child.started > SETTLED_SECONDS
        watched.settled = watched.settled or lived
        watched.deaths = 1 if lived else watched.deaths + 1
        if watched.deaths > TRIES and not watched.settled:
            raise CannotStartError(
                f"{child.name} keeps stopping. The end of {child.log}:\n{child.last_words()}"
            )
        pause = min(0.1 * 2 ** min(watched.deaths, TRIES), LONGEST_PAUSE_SECONDS)
        watched.retry_at = now + pause
        self.say(f"{child.name} stopped unexpectedly ({child.ending}); starting it again")

    def watch(self, until: Callable[[], bool], *, seconds: float | None = None) -> bool:
        """Tend until `until()`; False when `seconds` pass before."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not until():
            if deadline is not None and time.monotonic() > deadline:
                return False
            self.tend()
            time.sleep(TICK_SECONDS)
        return True

    def stop(self) -> None:
        """Stop all, last started first."""
        while self.watched:
            self.watched.pop().child.stop()
