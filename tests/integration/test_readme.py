"""The README's tour, copied line by line into a shell, against a real server."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo import builtin, cast, logs, tour

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
POSTS = 200


def blocks(heading: str) -> list[str]:
    """The shell blocks under a second-level heading."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.fixture(scope="module")
def toured(live_edgewise, tmp_path_factory) -> list[str]:
    """What each block of the tour printed, in a folder that looks as `make demo` leaves the checkout."""
    scenario = builtin.plan(posts=POSTS)
    cast.found(scenario)
    key = cast.hand_out_keys(scenario)["keys"]["edge-aware"]
    place = tmp_path_factory.mktemp("checkout")
    (place / "var/demo").mkdir(parents=True)
    (place / ".venv").symlink_to(Path(sys.prefix))
    described = logs.described(logs.of(scenario)["edge-aware"], "edge-aware", live_edgewise.url)
    tour.write(scenario, place / "var/demo", live_edgewise.url, key, described)
    return _run([*blocks("Five minutes")[:2], *blocks("Five minutes")[1:]], place)


def _run(commands: list[str], place: Path) -> list[str]:
    """Runs the blocks in one shell, as a person would, a second apart; the second one is run twice."""
    script = "\n".join(f"echo; echo =={n}==; {block}\nsleep 1.5" for n, block in enumerate(commands))
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=place, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return re.split(r"\n==\d+==\n", done.stdout)[1:]


def test_a_posted_decision_is_logged_and_its_repetition_recognised(toured):
    first, second = (json.loads(printed.strip())["items"][0] for printed in toured[1:3])
    assert (first["status"], second["status"]) == ("logged", "duplicate")
    assert first["index"] == second["index"]


def test_the_policy_comes_signed_and_tagged(toured):
    head, _blank, body = toured[3].replace("\r", "").strip().partition("\n\n")
    assert "200" in head.splitlines()[0]
    assert "etag:" in head.lower()
    assert json.loads(body)["note"]


def test_the_log_verifies(toured):
    assert "edge-aware" in toured[4] or "entries" in toured[4]


def test_the_sdk_finds_what_was_posted_and_picks_the_same(toured):
    status, policy, pick = toured[5].strip().splitlines()
    assert (status, policy.split()[:2]) == ("duplicate", ["policy", "version"])
    assert pick.split()[1] in {"allow", "label", "limit", "remove"}


def test_the_first_screen_shows_the_two_commands_and_a_picture():
    screen = "\n".join(README.splitlines()[:25])
    assert "make demo" in screen
    assert "make run" in screen
    picture = re.search(r"!\[[^\]]+\]\(([^)]+)\)", screen)
    assert picture is not None
    assert (ROOT / picture.group(1)).stat().st_size > 10_000


def test_every_make_command_of_the_readme_exists():
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", README, re.MULTILINE)) <= rules


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)", README))))
def test_every_link_of_the_readme_leads_somewhere(target):
    assert (ROOT / target).exists()
