"""The Makefile as people meet it: its list of commands, and the commands that the documents name."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# At the start of a line of shell or of a span of code, after variables if there are some.
COMMAND = r"(?:^|`|[A-Z_]+=\S+ )make ([a-z0-9][\w-]*)"


def helped():
    """What `make help` prints, also within `make test`, where make would say in which folder it is."""
    command = ["make", "--no-print-directory", "help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_help_lists_every_target_that_says_what_it_does():
    told = dict(re.findall(r"^make (\S+) +(.+)$", helped(), re.MULTILINE))
    assert told == dict(re.findall(r"^(\S+):.*?## (.+)$", MAKEFILE, re.MULTILINE))
    assert {"bench-10m", "bench-peers"} <= set(told)


def test_help_begins_every_explanation_in_one_column():
    assert len({re.match(r"make \S+ +", line).end() for line in helped().splitlines()}) == 1


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_command_of_a_document_exists(document):
    targets = set(re.findall(r"^([\w-]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(COMMAND, document.read_text(), re.MULTILINE)) <= targets


def test_a_command_with_digits_or_a_hyphen_is_read_whole():
    text = "`make bench-10m` and\nPORT=1 make bench-peers"
    assert re.findall(COMMAND, text, re.MULTILINE) == ["bench-10m", "bench-peers"]
