"""A `make run` in a process of its own, for tests that kill parts of it."""

import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from governance.embedded import children, commands
from tests import live

EMBEDDED = [sys.executable, "-m", "governance.embedded"]
READY = "Ctrl-C stops it."
OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL", "EDGEWISE_HOME", "PORT")


def environment(home: Path, port: int) -> dict[str, str]:
    rest = {name: value for name, value in os.environ.items() if name not in OURS}
    return rest | {"EDGEWISE_HOME": str(home), "PORT": str(port), "PYTHONUNBUFFERED": "1"}


@dataclass
class Serving:
    """A `make run` that is ready."""

    process: subprocess.Popen[str]
    home: Path
    port: int

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def child(self, word: str) -> int:
        """The id of the supervisor's own child whose command line has `word`; 0 when there is none."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                line = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if parent == self.process.pid and word.encode() in line:
                return int(folder.name)
        return 0

    def left(self) -> list[int]:
        return children.orphans(f"EDGEWISE_SUPERVISED={self.home}")


def start(home: Path, extra: dict[str, str] | None = None) -> Serving:
    port = live.free_port()
    process = subprocess.Popen(
        [*EMBEDDED, "run"],
        env=environment(home, port) | (extra or {}),
        cwd=commands.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    assert READY in line, line
    return Serving(process, home, port)


def ask(serving: Serving, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Another command on the same home."""
    command = [*EMBEDDED, *arguments]
    own = environment(serving.home, serving.port)
    return subprocess.run(command, env=own, cwd=commands.ROOT, capture_output=True, text=True, timeout=120)
