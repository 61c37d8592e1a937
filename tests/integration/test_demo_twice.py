"""`make demo` from nothing, and again: what summary.json holds (docs/demo.md), and that nothing is posted twice."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from governance.embedded import commands
from tests import live
from tests.serving import EMBEDDED, environment

pytestmark = pytest.mark.deep

SUMMARY = {
    "base_url", "accounts", "systems", "organisation_log", "auditor_token", "proposal", "open_proposal", "votes",
    "weights_before", "weights_after", "documents", "results", "seconds",
}  # fmt: skip
LOG = {"log_url", "origin", "vkey", "private", "tree_size", "root_hash"}


@dataclass
class Ran:
    """What a run printed and left."""

    printed: str
    summary: dict[str, Any]
    folder: Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Ran]:
    """Twice in one home, on one port."""
    home, port = tmp_path_factory.mktemp("home").resolve(), live.free_port()
    return _run(home, port), _run(home, port)


def _run(home: Path, port: int) -> Ran:
    done = subprocess.run(
        [*EMBEDDED, "demo"], env=environment(home, port), cwd=commands.ROOT, capture_output=True, text=True,
        check=False, timeout=3_600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    folder = home / "demo"
    return Ran(done.stdout, json.loads((folder / "summary.json").read_text()), folder)


def test_the_summary_holds_what_the_document_says(ran: tuple[Ran, Ran]) -> None:
    first = ran[0].summary
    assert set(first) == SUMMARY
    assert set(first["organisation_log"]) == LOG
    assert {slug: set(system) for slug, system in first["systems"].items()} == {
        "edge-aware": {*LOG, "api_key", "decisions"},
        "scalar-baseline": {*LOG, "api_key", "decisions"},
    }
    assert set(first["proposal"]) == {"url", "state", "policy_version"}
    assert first["open_proposal"]["url"].startswith(f"{first['base_url']}/proposals/")
    assert {account["role"] for account in first["accounts"]} == {
        "admin", "owner", "chair", "member", "auditor", "outsider",
    }  # fmt: skip


def test_everything_it_leaves_is_its_owners_alone(ran: tuple[Ran, Ran]) -> None:
    for name in ("summary.json", "journal.json", "tour.env", "decision.json"):
        assert (ran[0].folder / name).stat().st_mode & 0o077 == 0, name
    assert ran[0].folder.stat().st_mode & 0o077 == 0
    assert any((ran[0].folder / "documents").iterdir())


def test_the_vote_changed_the_weights_and_the_tour_shows_its_results(ran: tuple[Ran, Ran]) -> None:
    first = ran[0].summary
    assert first["weights_before"].keys() == first["weights_after"].keys()
    assert first["weights_before"] != first["weights_after"]
    results = first["proposal"]["url"].removeprefix(first["base_url"])
    assert f'EW_RESULTS="$EW_URL"{results}results/' in (ran[0].folder / "tour.env").read_text()


def test_a_second_run_posts_nothing(ran: tuple[Ran, Ran]) -> None:
    first, second = (run.summary["systems"] for run in ran)
    assert first == second
    assert all(system["decisions"] > 0 for system in first.values())
    assert "Everything existed already; nothing was posted" in ran[1].printed
    kept = SUMMARY - {"seconds", "organisation_log"}
    assert {name: ran[0].summary[name] for name in kept} == {name: ran[1].summary[name] for name in kept}
