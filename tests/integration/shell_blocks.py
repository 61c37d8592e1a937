"""Documents whose shell blocks are run, block by block, as a person copies them."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Receipts and policies follow within about a second; a person is slower than that.
PAUSE_SECONDS = 1.5


def of(document: str, heading: str = "") -> list[str]:
    """The shell blocks of a document, or of the section under a second-level heading."""
    text = (ROOT / document).read_text()
    if heading:
        text = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


def checkout(place: Path) -> Path:
    """A folder that looks like the checkout after `make setup`."""
    (place / ".venv").symlink_to(Path(sys.prefix))
    (place / "manage.py").symlink_to(ROOT / "manage.py")
    return place


def run(blocks: list[str], place: Path, environment: Mapping[str, str] | None = None) -> list[str]:
    """What each block printed, run one after the other in one shell; one that fails is shown."""
    script = "\n".join(
        f"echo; echo =={n}==; {block}\nsleep {PAUSE_SECONDS}" for n, block in enumerate(blocks)
    )
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=place, env=environment, capture_output=True, text=True, timeout=900,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return re.split(r"\n==\d+==\n", done.stdout)[1:]
