"""Where processor time goes while something is measured: the load generator's counts, it runs on the same cores."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from bench import setting

TICKS = os.sysconf("SC_CLK_TCK")
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds, user and system."""

    generator: float
    web: float
    database: float
    worker: float

    def per(self, count: int) -> str:
        """In microseconds for each of ``count``."""
        parts = (
            f"{name} {MILLION * seconds / count:,.0f}"
            for name, seconds in (
                ("generator", self.generator),
                ("web", self.web),
                ("database", self.database),
                ("worker", self.worker),
            )
        )
        return "CPU µs each: " + ", ".join(parts)

    def __sub__(self, before: "Spent") -> "Spent":
        return Spent(
            self.generator - before.generator,
            self.web - before.web,
            self.database - before.database,
            self.worker - before.worker,
        )


def measured(act: Callable[[], float]) -> tuple[float, Spent]:
    """What ``act`` returns, and what was spent meanwhile."""
    before = now()
    result = act()
    return result, now() - before


def now() -> Spent:
    """What this home's processes have spent since they began."""
    times = os.times()
    return Spent(
        generator=times.user + times.system,
        web=sum(_seconds(process) for process in setting.web_processes()),
        database=_with_children(_postmaster()),
        worker=sum(_seconds(process) for process in setting.processes(b"celery")),
    )


def _postmaster() -> int:
    """The embedded PostgreSQL's first process; 0 for a server elsewhere."""
    try:
        return int((Path(settings.EDGEWISE_HOME) / "postgres" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _with_children(parent: int) -> float:
    """A process, the children it has, and those that ended."""
    if not parent:
        return 0.0
    fields = _fields(parent)
    own = sum(int(fields[place]) for place in (11, 12, 13, 14)) / TICKS if fields else 0.0
    children = (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return own + sum(_seconds(child) for child in children if (_fields(child) or ["", ""])[1] == str(parent))


def _seconds(process: int) -> float:
    fields = _fields(process)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def _fields(process: int) -> list[str]:
    """What follows the name in /proc/PID/stat: state, parent, …, user and system ticks, those of ended children."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
