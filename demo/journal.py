"""What a run has done so far, kept beside its summary: a second run, or one after a crash, goes on from there."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
PRIVATE = 0o600


class Journal:
    """The finished steps of one scenario and what each left behind. Holds passwords and keys: private."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / "journal.json"
        self.steps: dict[str, Json] = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.began = time.monotonic()
        self.fresh = 0

    def step(self, name: str, title: str, act: Callable[[], Json]) -> Json:
        """What ``act`` returns, done once: a later run reads what the first one left."""
        if name in self.steps:
            self.say(f"{title}: exists")
            return self.steps[name]
        self.say(title)
        self.steps[name] = act()
        self.fresh += 1
        write_private(self.path, self.steps)
        return self.steps[name]

    def say(self, text: str) -> None:
        """A line of progress."""
        print(f"[{self.seconds:5.1f} s] {text}", file=sys.stdout, flush=True)

    @property
    def seconds(self) -> float:
        """Since this run began."""
        return time.monotonic() - self.began


def write_private(path: Path, document: Any) -> None:
    """A document as JSON; see ``write_private_text``."""
    write_private_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_private_text(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner only."""
    draft = path.with_name(f".{path.name}.draft")
    draft.touch(mode=PRIVATE)
    draft.chmod(PRIVATE)
    draft.write_text(text)
    draft.replace(path)
