"""The variables that are numbers or JSON: what each is, its default and its bounds. A bad one is refused by its name.

Read by the settings and by `governance.embedded`, which does without Django.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

LONGEST_SHOWN = 40


class Unusable(Exception):
    """A variable that does not say what it has to: which, what it is and what it may be."""


class Number(NamedTuple):
    """Bounds are included; a whole ``default`` asks for a whole number."""

    what: str
    default: float
    least: float
    most: float


NUMBERS = {
    "PORT": Number("the port of the web server", 8000, 1, 65_535),
    "EDGEWISE_WEB_WORKERS": Number("how many web processes there are", 2, 1, 256),
    "EDGEWISE_WEB_THREADS": Number("how many threads a web process answers with", 12, 1, 1_000),
    "EDGEWISE_WORKER_PROCESSES": Number("how many jobs run at once", 2, 1, 256),
    "EDGEWISE_REQUESTS_PER_SECOND": Number("how often one API key may post", 5_000.0, 0.01, 1_000_000.0),
    "EDGEWISE_BODY_SECONDS": Number("how many seconds a body may take", 30.0, 1.0, 3_600.0),
    "EDGEWISE_FROZEN_SECONDS": Number("how many seconds a web process may be silent", 60.0, 1.0, 86_400.0),
    "EDGEWISE_RETENTION_MINIMUM_DAYS": Number("the shortest retention, in days", 184, 1, 36_500),
}
TABLES = {
    "EDGEWISE_RESCORERS": 'the independent scorers by name, {"judge": "https://judge.example/score"}',
}


def whole(name: str, environment: Mapping[str, str] = os.environ) -> int:
    """One of NUMBERS that is whole; an empty variable is as one that is not set."""
    return int(number(name, environment))


def number(name: str, environment: Mapping[str, str] = os.environ) -> float:
    """One of NUMBERS."""
    known, text = NUMBERS[name], environment.get(name, "").strip()
    kind = type(known.default)
    try:
        found = kind(text) if text else known.default
    except ValueError:
        found = float("nan")
    if not known.least <= found <= known.most:
        asked = "a whole number" if kind is int else "a number"
        bounds = f"{asked} from {known.least:.10g} to {known.most:.10g}; {known.default:.10g} if left out"
        raise Unusable(f"{name} is {_shown(text)}. It is {known.what}: {bounds}.")
    return found


def table(name: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """One of TABLES: a JSON object of texts."""
    text = environment.get(name, "").strip()
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Unusable(f"{name} is {_shown(text)}. It is {TABLES[name]}: a JSON object of texts.")
    return found


def refuse(environment: Mapping[str, str] = os.environ, *, error: type[Exception] = Unusable) -> None:
    """Raises ``error`` with every variable that is wrong, each with what it may be."""
    reads: Iterator[tuple[Callable[..., object], str]] = (
        (read, name) for read, names in ((number, NUMBERS), (table, TABLES)) for name in names
    )
    wrong = [trouble for read, name in reads if (trouble := _trouble(read, name, environment))]
    if wrong:
        raise error("\n".join(wrong))


def _trouble(read: Callable[..., object], name: str, environment: Mapping[str, str]) -> str:
    try:
        read(name, environment)
    except Unusable as error:
        return str(error)
    return ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…")
