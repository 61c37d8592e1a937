"""The mark of a restore that has begun: until it is taken away, no process of this home starts."""

import sys
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audits.protection.manifest import KEYS
from governance import durable

COMMAND = "restore"


def mark() -> Path:
    """The file that stands while a restore runs."""
    return Path(settings.EDGEWISE_HOME) / "restoring"


def begin(text: str) -> None:
    """Puts the mark; it stands after a power cut too."""
    durable.replace(mark(), text)
    durable.sync(mark().parent)


def end() -> None:
    """Takes the mark away, once what was restored is on disk."""
    for place in (Path(settings.EDGEWISE_HOME) / KEYS, Path(settings.MEDIA_ROOT)):
        if place.exists():
            durable.sync_below(place)
    durable.sync(mark().parent)
    mark().unlink()
    durable.sync(mark().parent)


def refuse() -> None:
    """Raises ImproperlyConfigured when a restore was begun and not finished, in any command but the restore itself."""
    if mark().exists() and COMMAND not in sys.argv[1:2]:
        raise ImproperlyConfigured(
            f"A restore was begun and not finished ({mark()}): data erased since the backup may be back. "
            "Empty the database and this home's keys and media, and run `manage.py restore DIR` again."
        )
