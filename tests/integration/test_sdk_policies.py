"""What the real server answers when it is asked for the policy, and whom the SDK believes it to be for."""

import json
import logging

import httpx
import pytest
from edgewise import Client, notes

from governance.policies import signing
from tests.unit.audits.decisions import worlds
from tests.unit.sdk.signed_policies import POLICY_SIGNER, policy_body

GERMAN = {"community": "de"}


@pytest.fixture(scope="module")
def world(live_edgewise):
    return worlds.make("policies")


@pytest.fixture
def served(live_edgewise, world):
    answer = httpx.get(
        f"{live_edgewise.url}/api/v1/policy",
        params=GERMAN,
        headers={"Authorization": f"Bearer {world.secret}"},
    )
    assert answer.status_code == 200
    return answer.json()


def shape(told):
    """The names in a JSON object, and the type of each; numbers are numbers."""
    return {name: float if type(value) is int else type(value) for name, value in told.items()}


def test_the_scripted_server_answers_in_the_shape_of_this_one(served):
    """Else the SDK's own tests cannot see what a model meets here."""
    weights, context = served["weights_exact"], served["context"]
    stand_in = policy_body(weights, context=context, review_by=served["review_by"])
    told, signed = shape(served), json.loads(notes.open_note(served["note"], [signing.vkey()]))
    scripted = json.loads(notes.open_note(stand_in["note"], [POLICY_SIGNER.vkey]))
    assert told == shape(stand_in)
    assert shape(signed) == shape(scripted)


def test_what_stands_beside_the_note_names_the_same_organisation_and_system(served, world):
    signed = json.loads(notes.open_note(served["note"], [signing.vkey()]))
    for told in (served, signed):
        assert (told["organisation"], told["system"]) == (world.organisation.slug, world.system.slug)
    assert signed["schema"] == served["schema"] == "edgewise.policy/1"
    assert set(signed) - {"reference"} <= set(served)


def test_a_key_is_pinned_and_let_go_on_one_folder(live_edgewise, world, tmp_path, caplog):
    """The client's own warning says to pin it; nothing that was kept before may stand against that."""
    for vkey in (None, signing.vkey(), None, signing.vkey()):
        with Client(live_edgewise.url, world.secret, policy_vkey=vkey, policy_cache=tmp_path) as client:
            assert client.policy(GERMAN)["version"] == world.policy.version
            assert client.policy()["version"] == world.policy.version
    told = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(told) == 2
    assert all("no policy_vkey is given" in each for each in told)
