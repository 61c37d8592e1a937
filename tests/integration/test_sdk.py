"""The SDK against the real server: log, follow the policy, verify what is served."""

import json
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from edgewise import Client, RefusedError, VerificationError, proofs, trust, verifier

from audits.ledger import keys, selectors
from governance.organisations.models import Organisation
from governance.policies import signing
from tests.unit.audits.decisions import worlds
from tests.unit.sdk import interpreters

MODEL = Path(__file__).with_name("sdk_model.py")


@pytest.fixture(scope="module")
def world(live_edgewise):
    made = worlds.make("sdk")
    Organisation.objects.filter(pk=made.organisation.pk).update(log_is_public=True)
    return made


@pytest.fixture
def client(live_edgewise, world):
    with Client(live_edgewise.url, world.secret, policy_vkey=signing.vkey()) as made:
        yield made


def log_of(world):
    return selectors.log_of(organisation=world.organisation, system=world.system)


def test_decisions_are_logged_and_the_log_verifies_over_http(live_edgewise, world, client):
    records = [world.record() for _ in range(300)]
    items = client.log_many([*records, world.record(chosen="burn"), records[0]])
    assert [item.status for item in items[:300]] == ["logged"] * 300
    assert (items[300].status, items[300].code) == ("rejected", "chosen_not_an_option")
    assert (items[301].status, items[301].index) == ("duplicate", items[0].index)

    buffered = [client.log(world.record()) for _ in range(50)]
    assert client.flush(30)
    assert (client.lost_total, client.rejected_total, len(set(buffered))) == (0, 0, 50)

    wanted = client.log(world.record(rationale="Rude."), wait=True)
    receipt = client.receipt(wanted.id)
    log = log_of(world)
    address = f"{live_edgewise.url}/log/{world.organisation.slug}/{world.system.slug}"
    with closing(verifier.Site(address)) as site:
        found = verifier.verify_log(site, trust.for_log(keys.vkeys(log.origin)))
        assert verifier.stated_policy(site).check(found.note) == found.checkpoint
    assert found.checkpoint.size > wanted.index
    assert proofs.verify(receipt, keys.vkeys(log.origin)[0], entry=wanted.entry).size > wanted.index


def test_a_receipt_proves_the_very_record_sent(world, client):
    record = world.record(subject={"ref": "user-1"}, rationale="Rude, not harmful.")
    logged = client.log(record, wait=True)
    claim = {"entry": logged.entry, "salts": logged.salts}
    receipt, vkey = client.receipt(logged.id), keys.vkeys(log_of(world).origin)[0]
    proofs.verify(receipt, vkey, record=record, **claim)
    with pytest.raises(VerificationError, match="/rationale"):
        proofs.verify(receipt, vkey, record=record | {"rationale": "Harmful."}, **claim)


def test_the_signed_policy_is_followed(world, client):
    policy = client.policy({"community": "de"})
    assert (policy["version"], policy["digest"]) == (world.policy.version, world.policy.digest)
    assert policy["weights"] == world.policy.weights_float
    assert client.choose(world.record()["options"], {"community": "de"}).option_id == "label"


def test_a_wrong_key_is_refused(live_edgewise, world):
    with Client(live_edgewise.url, "ew_wrong") as stranger, pytest.raises(RefusedError) as raised:
        stranger.log(world.record(), wait=True)
    assert (raised.value.status, raised.value.code) == (401, "unauthenticated")


@pytest.mark.slow
@pytest.mark.parametrize("version", interpreters.VERSIONS)
def test_a_model_on_any_python_it_is_for_logs_here(live_edgewise, world, tmp_path, version):
    """It follows the policy, logs in each way there is, and leaves its last words to the end of the script."""
    command = [
        interpreters.other(version),
        "-W",
        "error",
        str(MODEL),
        live_edgewise.url,
        str(tmp_path / "spool"),
    ]
    done = subprocess.run(
        command,
        input=json.dumps({"key": world.secret, "record": world.record()}),
        env=interpreters.environment(),
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert "no policy_vkey is given" in done.stderr
    said = json.loads(done.stdout)
    assert (said["version"], said["policy"], said["chosen"]) == (version, world.policy.version, "label")
    with Client(live_edgewise.url, world.secret) as client:
        again = client.log_many(world.record(id=name) for name in said["ids"])
    assert len(again) == 71
    assert {item.status for item in again} == {"duplicate"}
    assert list((tmp_path / "spool").glob("*.records")) == []
