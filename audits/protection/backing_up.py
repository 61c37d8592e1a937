"""A backup: database, keys, documents, and a manifest, in one folder. The erasure list stays out of it on purpose."""

import datetime as dt
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.db import connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import FileField
from django.utils._os import safe_join

from audits.ledger.models import Checkpoint, Log
from audits.protection import erasing, erasure_list, manifest, postgres
from audits.protection.manifest import DATABASE, KEYS, MEDIA, LogState, Manifest
from audits.protection.models import Erasure
from governance import durable
from governance.access import keyring
from governance.errors import DomainError


class FolderNotEmpty(DomainError):
    """A backup is made in a folder of its own."""

    code = "folder_not_empty"


class ListIncomplete(DomainError):
    """Erasures were executed that the list here does not hold: a restore with it would bring the data back."""

    code = "erasure_list_incomplete"


def make(*, folder: Path, with_keys: bool, at: dt.datetime) -> Manifest:
    """Writes the backup and returns its manifest. Everything keeps running meanwhile."""
    _refuse_incomplete_list()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FolderNotEmpty(f"{folder} is not empty. Name a new folder.")
    # Before the dump: a list that is longer than it needs to be only erases again what is erased already.
    erasures = sum(1 for _line in erasure_list.read(Path(settings.EDGEWISE_ERASURE_LIST)))
    facts, documents = _dump(folder / DATABASE)
    absent = _copy_documents(documents, folder / MEDIA)
    known = _copy_keys(folder, with_keys=with_keys)
    durable.sync_below(folder)
    made = Manifest(
        made_at=at,
        key_fingerprints=known,
        with_keys=with_keys and (folder / KEYS).exists(),
        erasures=erasures,
        files=manifest.hashes(folder),
        absent=absent,
        **facts,
    )
    manifest.write(folder, made)
    return made


def complete_list() -> int:
    """Adds to the erasure list what this database executed and the list lacks; how many lines."""
    missing = _unlisted()
    for erasure in missing:
        erasure_list.add(Path(settings.EDGEWISE_ERASURE_LIST), erasing.line_of(erasure))
    return len(missing)


def _refuse_incomplete_list() -> None:
    if missing := len(_unlisted()):
        raise ListIncomplete(
            f"{settings.EDGEWISE_ERASURE_LIST} lacks {missing} erasures that this database executed: another machine "
            "keeps a list of its own, or lines were lost. Name one place that all machines share in "
            "EDGEWISE_ERASURE_LIST, put all lines together there, and back up again; --complete-list adds what is "
            "lost from the database."
        )


def _unlisted() -> list[Erasure]:
    """The database is asked first: what is executed was listed before it was committed."""
    found = Erasure.objects.using(postgres.OWNER).filter(state=Erasure.State.EXECUTED)
    executed = list(found.select_related("organisation").order_by("pk"))
    listed = {
        (each.organisation, each.pseudonym)
        for each in erasure_list.standing(Path(settings.EDGEWISE_ERASURE_LIST))
    }
    return [each for each in executed if (each.organisation.slug, bytes(each.pseudonym)) not in listed]


def _dump(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Dumps one snapshot of the database; from the same what the manifest says of it, and which documents it names."""
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
        return {"logs": _logs(), "migrations": _migrations(), "versions": _versions(program)}, _documents()


def _documents() -> list[str]:
    """The files that any row names, below MEDIA_ROOT. One that no row names would be found by no erasure."""
    found: set[str] = set()
    for model in apps.get_models():
        for field in model._meta.get_fields():  # noqa: SLF001  (Django documents it)
            if isinstance(field, FileField):
                rows = model._base_manager.using(postgres.OWNER).exclude(**{field.name: ""})  # noqa: SLF001
                found.update(rows.values_list(field.name, flat=True))
    return sorted(found)


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


def _copy_documents(names: Sequence[str], target: Path) -> list[str]:
    """Those that are not there any more: erased since the dump, and erased again by a restore; or lost."""
    absent = []
    for name in names:
        try:
            source, place = safe_join(settings.MEDIA_ROOT, name), Path(safe_join(target, name))
            content = Path(source).read_bytes()
        except (FileNotFoundError, SuspiciousFileOperation):
            absent.append(name)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    _for_owner_only(target)
    return absent


def _copy_keys(folder: Path, *, with_keys: bool) -> dict[str, str]:
    """Keys and fingerprints of one moment: none is put away meanwhile. Drafts of keys are no keys."""
    home = Path(settings.EDGEWISE_HOME)
    with keyring.as_they_are(home):
        if with_keys and (home / KEYS).exists():
            shutil.copytree(home / KEYS, folder / KEYS, ignore=shutil.ignore_patterns(".*"))
            _for_owner_only(folder / KEYS)
        return keyring.fingerprints(home)


def _for_owner_only(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.exists():
            path.chmod(0o700 if path.is_dir() else 0o600)
