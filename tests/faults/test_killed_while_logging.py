"""Servers killed in the middle of batches: what was acknowledged is in the log, the rest is whole or absent."""

import itertools
import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import live
from tests.serving import Serving, ask, start

POSTERS = 4
BATCH = 40
BATCHES = 30
KILL_AFTER = 20
FOUND = """
import django, json
django.setup()
from tests.unit.audits.decisions import worlds
world = worlds.make("{slug}")
print(json.dumps({{"secret": world.secret, "record": world.record()}}))
"""
LOOK = """
import django, json
django.setup()
from audits.decisions.models import Decision
from audits.ledger import selectors, verification
from governance.systems.models import AISystem
system = AISystem.objects.get(organisation__slug="{slug}")
log = selectors.log_of(organisation=system.organisation, system=system)
entries = selectors.entries(log=log, start=0, stop=verification.verify(log=log).size)
records = [(json.loads(entry).get("record"), index) for index, entry in enumerate(entries)]
print(json.dumps({{
    "rows": {{str(row.uuid): row.index for row in Decision.objects.filter(system=system)}},
    "entries": {{record["id"]: index for record, index in records if record}},
}}))
"""


@dataclass
class Model:
    """A deployed model: it posts its batches and remembers what was acknowledged, by id."""

    serving: Serving
    secret: str
    record: dict[str, Any]
    acknowledged: dict[str, int] = field(default_factory=dict)
    unanswered: list[list[str]] = field(default_factory=list)
    answers: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def batches(self) -> list[list[str]]:
        return [[str(uuid.uuid4()) for _ in range(BATCH)] for _ in range(BATCHES)]

    def post(self, ids: list[str]) -> list[dict[str, Any]] | None:
        """The items answered; None when the server was gone."""
        body = json.dumps([self.record | {"id": each} for each in ids]).encode()
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.serving.port}/api/v1/decisions?brief=1"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as response:
                return list(json.load(response)["items"])
        except (OSError, ValueError):
            return None

    def work(self, batches: list[list[str]]) -> None:
        for ids in batches:
            items = self.post(ids)
            with self.lock:
                self.note(ids, items)
            if items is None:
                time.sleep(0.2)

    def note(self, ids: list[str], items: list[dict[str, Any]] | None) -> None:
        if items is None:
            self.unanswered.append(ids)
            return
        assert {item["status"] for item in items} == {"logged"}
        self.answers += 1
        self.acknowledged |= {item["id"]: item["index"] for item in items}


def run(serving: Serving, code: str) -> dict[str, Any]:
    """What a script prints, run with the database of the serving command."""
    settings = "DJANGO_SETTINGS_MODULE=governance.config.settings"
    done = ask(serving, "shell", "--", "env", settings, sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    serving = start(tmp_path_factory.mktemp("home").resolve())
    yield serving
    with serving.process:
        serving.process.send_signal(signal.SIGINT)
        serving.process.wait(60)


def kill_web(serving: Serving) -> None:
    """The web server and its processes at once."""
    os.killpg(serving.child("granian"), signal.SIGKILL)


def kill_database(serving: Serving) -> None:
    """The postmaster; its backends follow."""
    note = serving.home / "postgres" / "postmaster.pid"
    os.kill(int(note.read_text().split()[0]), signal.SIGKILL)


def is_ready(serving: Serving) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/readyz", timeout=10):
            return True
    except OSError:
        return False


def post_and_kill(model: Model, kill: Callable[[Serving], None]) -> None:
    """Several connections post at once; after some answers the blow falls."""
    posters = [threading.Thread(target=model.work, args=(model.batches(),)) for _ in range(POSTERS)]
    for poster in posters:
        poster.start()
    live.wait_for(lambda: model.answers >= KILL_AFTER, seconds=60)
    kill(model.serving)
    for poster in posters:
        poster.join()


@pytest.mark.parametrize(("slug", "kill"), [("web", kill_web), ("database", kill_database)])
def test_what_was_acknowledged_is_in_the_log(
    serving: Serving, slug: str, kill: Callable[[Serving], None]
) -> None:
    """Each acknowledged record stands at its index, none is there in part, and posting again completes the rest."""
    found = run(serving, FOUND.format(slug=slug))
    model = Model(serving, found["secret"], found["record"])
    post_and_kill(model, kill)
    assert model.unanswered, "the blow fell too late to interrupt anything"
    live.wait_for(lambda: is_ready(serving), seconds=90)

    log = run(serving, LOOK.format(slug=slug))
    assert log["rows"] == log["entries"]
    assert model.acknowledged.items() <= log["rows"].items()
    for ids in model.unanswered:
        assert sum(each in log["rows"] for each in ids) in {0, BATCH}

    for ids in model.unanswered:
        items = model.post(ids)
        assert items is not None
        assert {item["status"] for item in items} <= {"logged", "duplicate"}
    log = run(serving, LOOK.format(slug=slug))
    everything = set(itertools.chain(model.acknowledged, *model.unanswered))
    assert set(log["rows"]) == everything
    assert sorted(log["rows"].values()) == sorted(log["entries"].values())
