"""The last policies, kept in a folder for a start without the server."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from edgewise.strict_json import canonical

logger = logging.getLogger("edgewise")


class Shelf:
    """One file for each context of one key on one server (`owner`). Files are replaced whole or not at all."""

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner

    def read(self, context: Mapping[str, str]) -> dict[str, Any] | None:
        """What was written for a context; None if that is nothing, or cannot be read."""
        try:
            found = json.loads(self._path(context).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, context: Mapping[str, str], content: Mapping[str, Any]) -> None:
        """Replace what is kept for a context; a disk that is full leaves the old one, with a warning."""
        path = self._path(context)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".policy-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(canonical(content))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as problem:
            logger.warning("the policy cannot be kept in %s: %s", self._folder, problem)

    def _path(self, context: Mapping[str, str]) -> Path:
        named = canonical([self._owner, dict(context)])
        return self._folder / f"{sha256(named).hexdigest()[:32]}.policy"
