"""A model goes on while its server is killed and restarted and the network drops: ten times in `make faults`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from audits.ledger import selectors, verification
from tests import live
from tests.faults.tcp_wire import Wire
from tests.unit.audits.decisions import worlds

MODEL = Path(__file__).with_name("model_process.py")
# One of each kind of trouble; `make faults` asks for ten.
RESTARTS = int(os.environ.get("EDGEWISE_FAULTS_RESTARTS", "3"))
READY_SECONDS = 240
MOST_WAITED = 0.005
# The share of calls from which the system may take the processor: what they waited for is not the SDK's doing.
MOST_DISTURBED = 0.02
ASKED_SECONDS = 60

pytestmark = pytest.mark.slow


@pytest.fixture
def edgewise(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[live.LiveEdgewise]:
    """A server that may take its time to come up: it does so eleven times, beside other tests."""
    with django_db_blocker.unblock(), live.edgewise(template_database, web=False) as started:
        start_web(started)
        yield started


def start_web(edgewise: live.LiveEdgewise) -> None:
    child = edgewise.start("web")
    live.wait_for(edgewise.answers, seconds=READY_SECONDS, or_show=child)


def kill_web(edgewise: live.LiveEdgewise) -> None:
    """The web server and all its processes, at once."""
    child = edgewise.children.pop("web")
    assert child.process is not None
    os.killpg(child.pid, signal.SIGKILL)
    child.process.wait(30)


def trouble(wire: Wire, number: int) -> None:
    """Another fault of the network each time; what was held arrives late or never."""
    wire.cut_answers(2)
    time.sleep(1.0)
    if number == 0:
        # Later the model may be resting after the trouble before.
        live.wait_for(lambda: wire.happened("cut") > 0, seconds=ASKED_SECONDS)
    match number % 3:
        case 0:
            wire.drop()
        case 1:
            wire.hold()
            time.sleep(2.5)
            wire.drop()
        case 2:
            wire.refuse()
            time.sleep(1.0)
    wire.mend()


@pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="the kernel keeps no scheduling figures"
)
def test_every_decision_is_in_the_log_exactly_once_and_log_never_waits(
    edgewise: live.LiveEdgewise, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = worlds.make("outlived")
    record = {name: value for name, value in world.record().items() if name not in {"id", "occurred_at"}}
    (tmp_path / "record.json").write_text(json.dumps(record))
    with Wire(int(edgewise.environment["PORT"])) as wire:
        found = story(edgewise, wire, world.secret, tmp_path)
        faults = dict(wire.faults)

    logged = log_of(world)
    with capsys.disabled():
        said = {name: value for name, value in found.items() if name != "ids"}
        print(f"\n{len(found['ids'])} decisions, {RESTARTS} kills, network {faults}: {said}")
    assert found["flushed"], found["trouble"]
    assert (found["lost"], found["rejected"]) == (0, 0)
    assert faults.keys() == {"cut", "dropped", "held", "refused"}
    assert len(found["ids"]) > 100 * RESTARTS
    assert Counter(logged) == Counter(found["ids"])
    assert found["longest_waited"] <= MOST_WAITED
    assert found["disturbed"] < MOST_DISTURBED * len(found["ids"])
    assert found["longest_computed"] <= MOST_WAITED
    assert list((tmp_path / "spool").glob("*.records")) == []


def story(edgewise: live.LiveEdgewise, wire: Wire, secret: str, folder: Path) -> dict:
    """What the model says of itself at the end."""
    result, spool = folder / "result.json", folder / "spool"
    command = [sys.executable, str(MODEL), f"http://127.0.0.1:{wire.port}", str(spool), str(result)]
    with (
        (folder / "record.json").open() as record,
        subprocess.Popen(command, stdin=record, env=os.environ | {"EDGEWISE_API_KEY": secret}) as model,
    ):
        try:
            for number in range(RESTARTS):
                trouble(wire, number)
                time.sleep(1.0)
                kill_web(edgewise)
                time.sleep(0.5)
                start_web(edgewise)
            model.send_signal(signal.SIGTERM)
            assert model.wait(200) == 0
        finally:
            model.kill()
    return json.loads(result.read_text())


def log_of(world: worlds.World) -> list[str]:
    """Ids of the decisions in the log, in order; every entry and tile of it verified."""
    log = selectors.log_of(organisation=world.organisation, system=world.system)
    size = verification.verify(log=log).size
    entries = (json.loads(entry) for entry in selectors.entries(log=log, start=0, stop=size))
    return [entry["record"]["id"] for entry in entries if entry["type"] == "decision"]
