"""Restoring a backup into an empty database and home; what was erased since is erased again before anything serves."""

import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from edgewise.errors import VerificationError

from audits.ledger import landmarks, verification
from audits.ledger.models import Log
from audits.protection import erasing, erasure_list, manifest, postgres, unfinished
from audits.protection.manifest import DATABASE, KEYS, MEDIA, LogState, Manifest
from governance import durable
from governance.access import keyring
from governance.errors import DomainError

Say = Callable[[str], object]


class CannotRestore(DomainError):
    """Why the backup was not restored, or not to the end, with the remedy."""

    code = "cannot_restore"


@dataclass(frozen=True)
class Restored:
    """What came of it: subjects erased again, and the logs that others have seen further than they reach now."""

    erased: int
    behind: list[str]


def restore(*, folder: Path, erasures: Path | None, at: dt.datetime, say: Say) -> Restored:
    """Restores, migrates, erases again, verifies. ``erasures`` is the list; None: nothing was erased since."""
    made = manifest.read(folder)
    _refuse(folder, made, erasures)
    unfinished.begin(f"from {folder}\n")
    _bring_keys(folder, made)
    _bring_media(folder)
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    postgres.run("pg_restore", [*arguments, f"--dbname={_database()}", str(folder / DATABASE)])
    say(f"the database of {made.made_at.isoformat()} is in place")
    call_command("prepare_database", verbosity=0)
    erased = _erase_again(erasures, at) if erasures is not None else 0
    say(f"{erased} subjects were erased again")
    behind = [line for state in made.logs if (line := _verified(state, say))] + _opened_later(made)
    unfinished.end()
    return Restored(erased, behind)


def _refuse(folder: Path, made: Manifest, erasures: Path | None) -> None:
    """Everything that can be known before the first change."""
    _refuse_what_is_there()
    _refuse_server(made)
    _refuse_migrations(made)
    _refuse_list(made, erasures)
    _refuse_keys(folder, made)
    # Whether there is such a program, and whether it reads this dump.
    postgres.run("pg_restore", ["--list", str(folder / DATABASE)])


def _refuse_what_is_there() -> None:
    if connections[postgres.OWNER].introspection.table_names():
        raise CannotRestore(
            "The database is not empty. Restore into a new home, or drop it and create it anew."
        )
    if any(Path(settings.MEDIA_ROOT).rglob("*")):
        raise CannotRestore(
            f"{settings.MEDIA_ROOT} holds documents. Restore into a new home, or move them away."
        )


def _refuse_server(made: Manifest) -> None:
    server, needed = postgres.server_version(), int(made.versions["postgresql"])
    if server < needed:
        raise CannotRestore(
            f"The backup is of PostgreSQL {needed}, this server is {server}. Use a newer one."
        )


def _refuse_migrations(made: Manifest) -> None:
    """A database notes as applied the migrations of this version, and all of those that they replace."""
    applied = {(app, name) for app, names in made.migrations.items() for name in names}
    migrations = MigrationLoader(None).disk_migrations
    replaced = {old for migration in migrations.values() for old in migration.replaces}
    for app, name in sorted(applied - {*migrations, *replaced}):
        raise CannotRestore(
            f"The backup was made by a newer version of Edgewise ({app} {name}). Install that one."
        )
    for (app, name), migration in migrations.items():
        gone = set(migration.replaces) - set(migrations)
        if gone - applied and applied & {(app, name), *gone}:
            raise CannotRestore(
                f"The backup was made by an older version of Edgewise, before {' '.join(min(gone - applied))}. "
                "Restore it with that version, migrate to the last one before this, and back that up."
            )


def _refuse_keys(folder: Path, made: Manifest) -> None:
    """Keys come from the backup, the environment or this home; each has to be the one the data were made with."""
    own = Path(settings.EDGEWISE_HOME) / KEYS
    for source, target in _keys(folder):
        # Every start makes this one in a new home; nothing was made with it yet.
        if target.exists() and target.name != "secret" and target.read_bytes() != source.read_bytes():
            raise CannotRestore(f"{target} is another key than the backup's. Restore into a new home.")
    keyring.expect(_fingerprints(made), folders=[folder / KEYS, own])


def _keys(folder: Path) -> list[tuple[Path, Path]]:
    """The files of keys in a backup, each with its place in this home."""
    own = Path(settings.EDGEWISE_HOME) / KEYS
    files = sorted(path for path in (folder / KEYS).rglob("*") if path.is_file())
    return [(path, own / path.relative_to(folder / KEYS)) for path in files]


def _fingerprints(made: Manifest) -> dict[str, str]:
    """What this home will know of its keys. Without the keys of the backup it keeps its own for sessions."""
    known = made.key_fingerprints
    return {label: found for label, found in known.items() if made.with_keys or label != "secret"}


def _refuse_list(made: Manifest, erasures: Path | None) -> None:
    if erasures is None:
        if made.erasures:
            raise CannotRestore(
                f"There is an erasure list: the backup knows {made.erasures} lines of it. Give it."
            )
        return
    if not erasures.exists():
        raise CannotRestore(
            f"The erasure list {erasures} is not there: bring the current one, or say with --no-erasures that nothing "
            "was erased since the backup."
        )
    lines = sum(1 for _line in erasure_list.read(erasures))
    if lines < made.erasures:
        raise CannotRestore(
            f"{erasures} has {lines} lines, the backup knows {made.erasures}: it is older than the backup. "
            "Bring the current list."
        )


def _database() -> str:
    return str(connections[postgres.OWNER].settings_dict["NAME"])


def _bring_keys(folder: Path, made: Manifest) -> None:
    for source, target in _keys(folder):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o600)
    known = json.dumps(_fingerprints(made), sort_keys=True)
    durable.replace(Path(settings.EDGEWISE_HOME) / "key-fingerprints.json", known)


def _bring_media(folder: Path) -> None:
    if (folder / MEDIA).exists():
        shutil.copytree(folder / MEDIA, settings.MEDIA_ROOT, dirs_exist_ok=True)


def _erase_again(erasures: Path, at: dt.datetime) -> int:
    """Every line that stands, whenever it was written: what is erased already is passed over."""
    done = [erasing.replay(erased=erased, at=at) for erased in erasure_list.standing(erasures)]
    own = Path(settings.EDGEWISE_ERASURE_LIST)
    if erasures.resolve() != own.resolve():
        own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.replace(own, erasures.read_bytes())
        own.chmod(0o600)
        landmarks.bring(erasures.parent)
        durable.sync_below(own.parent)
    return sum(1 for records in done if records is not None)


def _verified(state: LogState, say: Say) -> str:
    """Checks a log against the backup's checkpoint; a line if others have seen more of it than there is."""
    log = Log.objects.select_related("organisation", "system").get(origin=state.origin)
    try:
        found = verification.verify(log=log, remembered=[state.checkpoint] if state.checkpoint else [])
    except VerificationError as error:
        raise CannotRestore(f"The log {state.origin} does not hold: {error}. Take another backup.") from error
    say(f"good  {state.origin}: {found.size} entries")
    known = landmarks.of(state.origin)
    if known is None or known.size <= state.size:
        return ""
    return f"{state.origin}: {known.size} entries were published, the backup holds {state.size}"


def _opened_later(made: Manifest) -> list[str]:
    """A line for each log of this deployment that was published and is not in the backup."""
    backed_up = {state.origin for state in made.logs}
    return [
        f"{known.origin}: {known.size} entries were published, the backup knows no such log"
        for known in landmarks.all_known()
        if known.origin not in backed_up
    ]
