"""The last policies, kept in a folder for a start without the server."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from edgewise import files
from edgewise.strict_json import canonical

MOST_FILES = 1_000
POLICY, WHOSE = ".policy", ".whose"

logger = logging.getLogger("edgewise")


class Shelf:
    """One file for each context of one key on one server (`owner`), and one that says whose policies these are.

    Files are replaced whole or not at all. A folder keeps the `MOST_FILES` policies that were written last.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner

    def read(self, context: Mapping[str, str]) -> dict[str, Any] | None:
        """What was written for a context; None if that is nothing, or cannot be read."""
        return _read(self._path(context))

    def write(self, context: Mapping[str, str], content: Mapping[str, Any]) -> None:
        """Replace what is kept for a context; a disk that is full leaves the old one, with a warning."""
        path = self._path(context)
        is_new = not path.exists()
        self._write(path, content)
        if is_new:
            self._make_room()

    def remove(self, context: Mapping[str, str]) -> None:
        """Keep nothing for a context."""
        with suppress(OSError):
            self._path(context).unlink(missing_ok=True)

    def read_whose(self) -> dict[str, Any] | None:
        """Whose policies an earlier process was given; None if nothing says so."""
        return _read(self._whose)

    def write_whose(self, content: Mapping[str, Any]) -> None:
        """Note whose policies these are."""
        self._write(self._whose, content)

    def _write(self, path: Path, content: Mapping[str, Any]) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.replace(path, canonical(content))
        except (OSError, ValueError) as problem:
            logger.warning("the policy cannot be kept in %s: %s", self._folder, problem)

    def _make_room(self) -> None:
        """Remove the policies written longest ago; whoever wrote them asks for them again."""
        with suppress(OSError):
            kept = [(path.stat().st_mtime, path) for path in self._folder.glob(f"*{POLICY}")]
            for _, path in sorted(kept)[: max(0, len(kept) - MOST_FILES)]:
                path.unlink(missing_ok=True)

    def _path(self, context: Mapping[str, str]) -> Path:
        return self._named([self._owner, dict(context)], POLICY)

    @property
    def _whose(self) -> Path:
        return self._named([self._owner], WHOSE)

    def _named(self, parts: list[Any], suffix: str) -> Path:
        return self._folder / f"{sha256(canonical(parts)).hexdigest()[:32]}{suffix}"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
