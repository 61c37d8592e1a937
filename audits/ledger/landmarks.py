"""The newest checkpoint of each log, kept as a file outside the database and its backups.

A restored database is older than what was published. Signing on from there would be a second history; with the
landmark at hand it is refused (`signer`) instead.
"""

import hashlib
from pathlib import Path
from urllib.parse import quote, unquote

from django.conf import settings
from edgewise import checkpoints
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError

from governance import durable
from governance.errors import DomainError

FOLDER = "published"
# Whoever signs waits no longer than this for another process that writes the same landmark.
PATIENCE = 0.25


class LandmarkDamaged(DomainError):
    """The file that holds a log's newest checkpoint cannot be read; the message names it."""

    code = "landmark_damaged"


def path_of(origin: str) -> Path:
    """Where the newest checkpoint of a log lies."""
    return folder() / quote(origin, safe="")


def folder() -> Path:
    """Where they all lie: beside the erasure list."""
    return Path(settings.EDGEWISE_ERASURE_LIST).parent / FOLDER


def origins() -> list[str]:
    """The logs that this place knows."""
    found = folder().iterdir() if folder().is_dir() else ()
    return sorted(unquote(path.name) for path in found if not path.name.startswith("."))


def of(origin: str) -> Checkpoint | None:
    """What was last published of a log, as far as this place knows."""
    note = note_of(origin)
    if note is None:
        return None
    try:
        return checkpoints.parse(note.rpartition("\n\n")[0] + "\n")
    except VerificationError as error:
        raise _damaged(path_of(origin), error) from None


def note_of(origin: str) -> str | None:
    """The same as it was signed."""
    path = path_of(origin)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> LandmarkDamaged:
    return LandmarkDamaged(f"{path}: {error}. Put the newest checkpoint of this log there.")


def all_known() -> list[Checkpoint]:
    """What was last published of every log that this place knows, by origin."""
    found = (of(unquote(path.name)) for path in _files(Path(settings.EDGEWISE_ERASURE_LIST).parent))
    return [each for each in found if each is not None]


def bring(folder: Path) -> None:
    """Takes over the landmarks that lie beside another erasure list, in ``folder``; never an older one."""
    for path in _files(folder):
        try:
            keep(unquote(path.name), path.read_text(encoding="utf-8"))
        except (VerificationError, UnicodeDecodeError) as error:
            raise LandmarkDamaged(f"{path}: {error}. Put the newest checkpoint of this log there.") from None


def _files(folder: Path) -> list[Path]:
    """Landmarks, without locks and drafts."""
    return sorted(path for path in (folder / FOLDER).glob("*") if not path.name.startswith("."))


def keep(origin: str, note: str) -> None:
    """Replaces the landmark of a log by this signed checkpoint; never by an older one.

    A power cut may bring back the one before, whole: signing waits for one write to disk, not for two.
    """
    size = checkpoints.parse(note.rpartition("\n\n")[0] + "\n").size
    path = path_of(origin)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = path.with_name(f".{hashlib.sha256(origin.encode()).hexdigest()[:16]}.lock")
    with durable.alone(lock, patience=PATIENCE):
        known = of(origin)
        if known is None or known.size < size:
            durable.replace(path, note)
