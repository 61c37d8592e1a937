"""A backup: database, keys, documents, and a manifest, in one folder. The erasure list stays out of it on purpose."""

import datetime as dt
import json
import platform
import shutil
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from audits.ledger.models import Checkpoint, Log
from audits.protection import erasure_list, manifest, postgres
from audits.protection.manifest import DATABASE, KEYS, MEDIA, LogState, Manifest


class FolderNotEmpty(Exception):
    """A backup is made in a folder of its own."""


def make(*, folder: Path, with_keys: bool, at: dt.datetime) -> Manifest:
    """Writes the backup and returns its manifest. Everything keeps running meanwhile."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FolderNotEmpty(f"{folder} is not empty. Name a new folder.")
    # Before the dump: a list that is longer than it needs to be only erases again what is erased already.
    erasures = sum(1 for _line in erasure_list.read(Path(settings.EDGEWISE_ERASURE_LIST)))
    facts = _dump(folder / DATABASE)
    _copy(Path(settings.MEDIA_ROOT), folder / MEDIA)
    if with_keys:
        _copy(Path(settings.EDGEWISE_HOME) / KEYS, folder / KEYS)
    made = Manifest(
        made_at=at,
        key_fingerprints=_fingerprints(),
        with_keys=with_keys and (folder / KEYS).exists(),
        erasures=erasures,
        files=manifest.hashes(folder),
        **facts,
    )
    manifest.write(folder, made)
    return made


def _dump(path: Path) -> dict[str, Any]:
    """Dumps one snapshot of the database, and reads from the same what the manifest says of it."""
    connection = connections[postgres.OWNER]
    with transaction.atomic(using=postgres.OWNER), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        program = postgres.run(
            "pg_dump",
            ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={path}"],
        )
        path.chmod(0o600)
        return {"logs": _logs(), "migrations": _migrations(), "versions": _versions(program)}


def _logs() -> list[LogState]:
    return [
        LogState(log.origin, log.head.size, _newest(log))
        for log in Log.objects.using(postgres.OWNER).select_related("head").order_by("pk")
    ]


def _newest(log: Log) -> str:
    found = Checkpoint.objects.using(postgres.OWNER).filter(log=log).order_by("-size").first()
    return found.note if found else ""


def _migrations() -> dict[str, list[str]]:
    applied: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connections[postgres.OWNER]).applied_migrations()):
        applied.setdefault(app, []).append(name)
    return applied


def _versions(program: str) -> dict[str, str]:
    return {
        "django": django.get_version(),
        "postgresql": str(postgres.server_version()),
        "python": platform.python_version(),
        "dump": program,
    }


def _fingerprints() -> dict[str, str]:
    path = Path(settings.EDGEWISE_HOME) / "key-fingerprints.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return known


def _copy(source: Path, target: Path) -> None:
    """A folder and all below it, for its owner only."""
    if not source.exists():
        return
    shutil.copytree(source, target)
    for path in (target, *target.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
