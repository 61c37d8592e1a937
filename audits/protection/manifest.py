"""What a backup says about itself: every file with its SHA-256, versions, and the state of each log."""

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from governance import durable
from governance.errors import DomainError

FORMAT = "edgewise-backup/1"
NAME = "manifest.json"
DATABASE, KEYS, MEDIA = "database.dump", "keys", "media"


class BackupDamaged(DomainError):
    """The folder is no backup, or not whole; the message names what is wrong."""

    code = "backup_damaged"


@dataclass(frozen=True)
class LogState:
    """A log when the backup was made; ``checkpoint`` is its newest signed note, empty if there was none."""

    origin: str
    size: int
    checkpoint: str


@dataclass(frozen=True)
class Manifest:
    """``files`` by path, ``migrations`` by app, ``erasures`` the lines of the erasure list at that moment.

    ``absent`` are documents that the database names and that were not there to be copied.
    """

    made_at: dt.datetime
    versions: dict[str, str]
    migrations: dict[str, list[str]]
    key_fingerprints: dict[str, str]
    with_keys: bool
    erasures: int
    logs: list[LogState]
    files: dict[str, str]
    absent: list[str] = field(default_factory=list)


def write(folder: Path, manifest: Manifest) -> None:
    """Last of all, when the rest is on disk: a folder without a manifest is no backup."""
    document = {"format": FORMAT, **asdict(manifest), "made_at": manifest.made_at.isoformat()}
    durable.replace(folder / NAME, json.dumps(document, indent=2, sort_keys=True) + "\n")
    durable.sync(folder)
    durable.sync(folder.parent)


def read(folder: Path) -> Manifest:
    """The manifest, once every file is found to be what it says. Raises BackupDamaged."""
    try:
        document: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if document.pop("format") != FORMAT:
            raise BackupDamaged(f"{folder / NAME} is of another format than {FORMAT}.")
        document["made_at"] = dt.datetime.fromisoformat(document["made_at"])
        document["logs"] = [LogState(**each) for each in document["logs"]]
        manifest = Manifest(**document)
    except FileNotFoundError:
        raise BackupDamaged(f"{folder} is no backup: it has no {NAME}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupDamaged(f"{folder / NAME} cannot be read.") from None
    _check(folder, manifest)
    return manifest


def _check(folder: Path, manifest: Manifest) -> None:
    found = hashes(folder)
    for name, expected in manifest.files.items():
        if name not in found:
            raise BackupDamaged(f"{folder / name} is missing.")
        if found[name] != expected:
            raise BackupDamaged(f"{folder / name} is not what the manifest says: its SHA-256 is another.")
    strange = sorted(set(found) - set(manifest.files))
    if strange:
        raise BackupDamaged(f"{folder / strange[0]} is not part of the backup; take it out.")


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder but the manifest, by path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    return {str(path.relative_to(folder)): _sha256(path) for path in files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
