"""The SDK's examples and the quick start of its README, run against the real server."""

import asyncio
import importlib.util
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import edgewise
import httpx
import pytest

from audits.decisions.models import Decision
from audits.ledger import keys, selectors
from governance.policies import signing
from tests.unit.audits.decisions import worlds

SDK = Path(__file__).resolve().parents[2] / "sdk"


@pytest.fixture(scope="module")
def world(live_edgewise):
    return worlds.make("examples")


@pytest.fixture
def environment(live_edgewise, world, tmp_path, monkeypatch):
    """What the examples are told about the server."""
    told = {
        "EDGEWISE_URL": live_edgewise.url,
        "EDGEWISE_API_KEY": world.secret,
        "EDGEWISE_SPOOL": str(tmp_path / "spool"),
        "EDGEWISE_POLICY_CACHE": str(tmp_path / "policies"),
        "EDGEWISE_POLICY_VKEY": signing.vkey(),
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return os.environ | told


def log_of(world):
    return selectors.log_of(organisation=world.organisation, system=world.system)


def entry_of(world, decision_id):
    log = log_of(world)
    index = Decision.objects.get(system=world.system, uuid=decision_id).index
    (entry,) = selectors.entries(log=log, start=index, stop=index + 1)
    return edgewise.strict_json.loads(entry)["record"]


def loaded(name):
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(name, SDK / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_moderation_service_follows_the_policy_and_logs(world, environment):
    service = loaded("moderation_service")

    async def story():
        transport = httpx.ASGITransport(app=service.app)
        async with (
            service.connected(service.app),
            httpx.AsyncClient(transport=transport, base_url="http://service") as browser,
        ):
            kind = await browser.post("/posts", json={"text": "good morning", "community": "de"})
            harsh = await browser.post("/posts", json={"text": "i will hurt you", "community": "de"})
            for number in range(3):
                await browser.post("/posts", json={"text": "hello", "community": f"made up {number}"})
            known = service.app.state.edgewise._policies._known
            assert sorted(known) == [(), (("community", "de"),)]
            assert await service.app.state.edgewise.flush(60)
            return kind.json(), harsh.json()

    kind, harsh = asyncio.run(story())
    assert (kind["action"], harsh["action"]) == ("allow", "remove")
    record = entry_of(world, kind["decision"])
    assert record["chosen"] == "allow"
    assert record["masked"] == ["/input/text"]
    assert entry_of(world, harsh["decision"])["options"][0]["edges"]["safety"] == 0.1


def test_the_batch_job_can_be_run_again_and_keeps_a_receipt(world, environment, tmp_path):
    (tmp_path / "posts.txt").write_text("good morning\nGO AWAY\nsee you\n")
    command = [
        sys.executable,
        str(SDK / "examples/batch_job.py"),
        str(tmp_path / "posts.txt"),
        str(tmp_path / "kept"),
    ]
    before = Decision.objects.filter(system=world.system).count()
    for _ in range(2):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stdout) == (0, "3 in the log, 0 refused\n"), done.stderr
    assert Decision.objects.filter(system=world.system).count() == before + 3
    (receipt,) = (tmp_path / "kept").glob("*.tlog-proof")
    entry = receipt.with_suffix(".entry").read_bytes()
    edgewise.verify(receipt.read_text(), keys.vkeys(log_of(world).origin)[0], entry=entry)


def quick_start(live_edgewise, environment):
    """The code of the README up to the receipt; only the address, the names and the scores are the test's."""
    part = (SDK / "README.md").read_text().split("\n## Log a decision\n")[1].split("\n## Check policies\n")[0]
    blocks = re.findall(r"```python\n(.*?)```", part, re.DOTALL)
    assert len(blocks) == part.count("```python") == 6
    code = "\n".join(blocks).replace("http://127.0.0.1:8000", live_edgewise.url)
    code = code.replace('"system": "moderator"', '"system": "assistant"')
    code = re.sub(
        r'"edges": \{("safety": [\d.]+, "privacy": [\d.]+)\}', r'"edges": {\1, "expression": 0.5}', code
    )
    return code.replace("/var/spool/moderator", environment["EDGEWISE_SPOOL"])


def what_a_model_has(live_edgewise, world):
    """The keys, a decision, what an auditor was shown of another, and what scores: stand-ins that answer at once."""
    with edgewise.Client(live_edgewise.url, world.secret, policy_vkey=signing.vkey()) as client:
        shown = client.log(world.record(rationale="It is rude, not harmful."), wait=True)
    rewards = [number / 4 - 10 for number in range(80)]
    return {
        "api_key": world.secret,
        "policy_key": signing.vkey(),
        "vkey": keys.vkeys(log_of(world).origin)[0],
        "decision": world.record(rationale="Rude, not harmful."),
        "entry": shown.entry,
        "salt": shown.salts["/rationale"],
        "rewards": rewards,
        "ratings": [1 / (1 + math.exp(-each)) for each in rewards],
        "reward": lambda text, option: float(len(option)),
        "rate": lambda text, option, edge: 4,
        "record": world.record(),
        "text": "A post.",
    }


def test_the_quick_start_runs_as_it_is_written(live_edgewise, world, environment):
    """Every block, in one go."""
    names = what_a_model_has(live_edgewise, world)
    before = Decision.objects.filter(system=world.system).count()
    exec(compile(quick_start(live_edgewise, environment), "sdk/README.md", "exec"), names)
    for client in (names["client"], names["careful"]):
        assert client.flush(60)
        client.close()
        assert (client.rejected_total, client.lost_total) == (0, 0)
    assert Decision.objects.filter(system=world.system).count() == before + 2
    assert names["policy"]["version"] == world.policy.version
    assert names["record"]["scorer"] == {"helpfulness": "reward@2026-11", "fairness": "judge@7"}
    assert [set(each["edges"]) for each in names["record"]["options"]] == [{"helpfulness", "fairness"}] * 2
