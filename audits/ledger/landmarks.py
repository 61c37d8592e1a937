"""The newest checkpoint of each log, kept as a file outside the database and its backups.

A restored database is older than what was published. Signing on from there would be a second history; with the
landmark at hand it is refused (`signer`) instead.
"""

import os
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from edgewise import checkpoints
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError

FOLDER = "published"


class LandmarkDamaged(Exception):
    """The file that holds a log's newest checkpoint cannot be read; the message names it."""


def path_of(origin: str) -> Path:
    """Where the newest checkpoint of a log lies: beside the erasure list."""
    return Path(settings.EDGEWISE_ERASURE_LIST).parent / FOLDER / quote(origin, safe="")


def of(origin: str) -> Checkpoint | None:
    """What was last published of a log, as far as this place knows."""
    path = path_of(origin)
    try:
        note = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return checkpoints.parse(note.rpartition("\n\n")[0] + "\n")
    except VerificationError as error:
        raise LandmarkDamaged(f"{path}: {error}. Put the newest checkpoint of this log there.") from None


def keep(origin: str, note: str) -> None:
    """Replaces the landmark of a log by this signed checkpoint; never by an older one."""
    text = note.rpartition("\n\n")[0] + "\n"
    known = of(origin)
    if known is not None and known.size >= checkpoints.parse(text).size:
        return
    path = path_of(origin)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{os.getpid()}.new")
    draft.write_text(note, encoding="utf-8")
    draft.replace(path)
