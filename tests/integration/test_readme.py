"""The README's tour, copied line by line into a shell, against a real server."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from audits.ledger import selectors as ledger
from demo import builtin, cast, logs, tour
from governance.embedded.home import Home
from tests.integration import shell_blocks

ROOT = shell_blocks.ROOT
README = (ROOT / "README.md").read_text()
POSTS = 200
TOUR = shell_blocks.of("README.md", "Five minutes")
ELSEWHERE = "http://127.0.0.1:8001"


@dataclass
class Toured:
    """The place looks as `make demo` leaves the checkout; `printed` is what each block of the tour printed there."""

    place: Path
    url: str
    printed: dict[str, str]

    @property
    def decision(self) -> dict[str, Any]:
        return json.loads((self.place / "var/demo/decision.json").read_text())

    @property
    def logged(self) -> dict[str, Any]:
        return json.loads(self.printed["post"])["items"][0]


STEPS = ("source", "post", "post again", "post changed", "receipt", "policy", "verify", "model")


@pytest.fixture(scope="module")
def toured(live_edgewise, tmp_path_factory) -> Toured:
    """The whole tour; its second block is run twice, as it asks for."""
    scenario = builtin.plan(posts=POSTS)
    cast.found(scenario)
    key = cast.hand_out_keys(scenario)["keys"]["edge-aware"]
    place = shell_blocks.checkout(tmp_path_factory.mktemp("checkout"))
    (place / "var/demo").mkdir(parents=True)
    described = logs.described(logs.of(scenario)["edge-aware"], "edge-aware", live_edgewise.url)
    tour.write(scenario, place / "var/demo", live_edgewise.url, key, described, proposal=1)
    printed = shell_blocks.run([*TOUR[:2], *TOUR[1:]], place)
    return Toured(place, live_edgewise.url, dict(zip(STEPS, printed, strict=True)))


def test_a_posted_decision_is_logged_and_its_repetition_recognised(toured):
    again = json.loads(toured.printed["post again"])["items"][0]
    assert (toured.logged["status"], again["status"]) == ("logged", "duplicate")
    assert toured.logged["id"] == again["id"] == toured.decision["id"]
    assert toured.logged["index"] == again["index"]


def test_a_changed_score_is_a_conflict(toured):
    (item,) = json.loads(toured.printed["post changed"])["items"]
    assert (item["status"], item["error"]["code"]) == ("rejected", "conflicting_duplicate")


def test_the_receipt_verifies(toured):
    origin = f"{settings.EDGEWISE_ORIGIN}/log/demo/edge-aware"
    told = rf"VERIFIED entry {toured.logged['index']} of {origin}, of \d+ entries\n"
    assert re.fullmatch(told, toured.printed["receipt"])


def test_the_policy_comes_signed_and_tagged(toured):
    head, _blank, body = toured.printed["policy"].replace("\r", "").strip().partition("\n\n")
    policy = json.loads(body)
    assert "200" in head.splitlines()[0]
    assert f'etag: "{policy["digest"]}' in head.lower()
    assert (policy["system"], policy["version"]) == ("edge-aware", toured.decision["policy"]["version"])
    assert "\n\u2014 " in policy["note"]


def test_the_log_verifies(toured):
    log = logs.of(builtin.plan(posts=POSTS))["edge-aware"]
    first, second, *_ = toured.printed["verify"].splitlines()
    assert first == f"VERIFIED {settings.EDGEWISE_ORIGIN}/log/demo/edge-aware"
    assert second.startswith(f"  {ledger.size(log=log)} entries, ")


def test_the_sdk_finds_what_was_posted_and_picks_the_same(toured):
    decision = toured.decision
    assert toured.printed["model"].strip().splitlines() == [
        "duplicate",
        f"policy version {decision['policy']['version']}",
        f"picks {decision['chosen']}",
    ]


def test_the_tour_finds_the_address_of_a_server_that_was_started_elsewhere(toured):
    """The demo's own while nothing serves its home, another port's when `make run` noted one."""
    show = [TOUR[0], 'echo "$EW_URL $EW_LOG $EW_RESULTS"']
    note = Home.of({"EDGEWISE_HOME": str(settings.EDGEWISE_HOME)}).note("address")
    for noted, url in ((None, toured.url), (ELSEWHERE, ELSEWHERE)):
        if noted:
            note.write(noted)
        printed = shell_blocks.run(show, toured.place)[1]
        note.forget()
        assert printed.split() == [url, f"{url}/log/demo/edge-aware", f"{url}/proposals/1/results/"]


def test_the_first_screen_shows_the_two_commands_and_a_picture():
    screen = "\n".join(README.splitlines()[:25])
    assert "make demo" in screen
    assert "make run" in screen
    picture = re.search(r"!\[[^\]]+\]\(([^)]+)\)", screen)
    assert picture is not None
    assert (ROOT / picture.group(1)).stat().st_size > 10_000


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)", README))))
def test_every_link_of_the_readme_leads_somewhere(target):
    assert (ROOT / target).exists()
