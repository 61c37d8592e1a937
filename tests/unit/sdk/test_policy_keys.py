"""Which keys a model believes when the policy key was rotated: pinned ones, and their announced successors."""

from pathlib import Path

import edgewise
import pytest
from edgewise import VerificationError, notes, policy_keys
from edgewise.strict_json import canonical

from tests.unit.sdk.scripted import Server, problem
from tests.unit.sdk.signed_policies import POLICY_SIGNER, policy_body, serve_policy

NAME = POLICY_SIGNER.key.name
SECOND, THIRD, STRANGER = (notes.NoteSigner(NAME, bytes([n]) * 32) for n in (10, 11, 12))
FIRST_TO_SECOND = policy_keys.announce(POLICY_SIGNER, SECOND)
SECOND_TO_THIRD = policy_keys.announce(SECOND, THIRD)


def stated(*signers: notes.NoteSigner, **changes: str) -> str:
    """An announcement from first to second, changed, signed by these."""
    text = {"schema": policy_keys.SCHEMA, "old": POLICY_SIGNER.vkey, "new": SECOND.vkey, **changes}
    return notes.sign(canonical(text).decode() + "\n", signers)


def test_a_successor_of_a_successor_is_trusted_whichever_key_is_pinned() -> None:
    chain = [FIRST_TO_SECOND, SECOND_TO_THIRD]
    assert policy_keys.trusted([POLICY_SIGNER.vkey], chain) == (POLICY_SIGNER.vkey, SECOND.vkey, THIRD.vkey)
    assert policy_keys.trusted([SECOND.vkey], chain) == (SECOND.vkey, THIRD.vkey)
    assert policy_keys.trusted([THIRD.vkey], chain) == (THIRD.vkey,)


@pytest.mark.parametrize(
    "note",
    [
        policy_keys.announce(STRANGER, SECOND),
        policy_keys.announce(STRANGER, POLICY_SIGNER),
        stated(POLICY_SIGNER, SECOND, old=STRANGER.vkey),
    ],
)
def test_what_a_stranger_announces_is_passed_over(note: str) -> None:
    assert policy_keys.trusted([POLICY_SIGNER.vkey], [note]) == (POLICY_SIGNER.vkey,)


other_name = notes.NoteSigner("elsewhere/policy", bytes([10]) * 32)


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (stated(POLICY_SIGNER), "no signature by a known key"),
        (stated(POLICY_SIGNER, STRANGER), "no signature by a known key"),
        (stated(POLICY_SIGNER, SECOND, schema="edgewise.policy/1"), "malformed"),
        (stated(POLICY_SIGNER, other_name, new=other_name.vkey), "another name"),
        (stated(POLICY_SIGNER, SECOND, new="nothing"), "name\\+id\\+key"),
        (notes.sign("{}\n", [POLICY_SIGNER]), "malformed"),
        (notes.sign("[1]\n", [POLICY_SIGNER]), "malformed"),
        (notes.sign("no json\n", [POLICY_SIGNER]), "malformed"),
        (FIRST_TO_SECOND.replace('"old"', '"Old"'), "does not verify|wrong|signature"),
        ("nothing", "blank line"),
    ],
)
def test_a_trusted_key_is_not_believed_beyond_what_both_signed(note: str, why: str) -> None:
    with pytest.raises(VerificationError, match=why):
        policy_keys.trusted([POLICY_SIGNER.vkey], [note])


def test_very_many_announcements_are_not_read() -> None:
    with pytest.raises(VerificationError, match="more than 100"):
        policy_keys.trusted([POLICY_SIGNER.vkey], [FIRST_TO_SECOND] * 101)


def test_the_client_goes_on_with_an_announced_key_and_says_so(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    serve_policy(server, policy_body({"safety": "1"}, SECOND) | {"key_announcements": [FIRST_TO_SECOND]})
    with edgewise.Client(server.url, "k", policy_fresh_for=0.0, policy_vkey=POLICY_SIGNER.vkey) as client:
        assert client.policy({"community": "de"})["version"] == 3
        assert client.policy({"community": "de"})["version"] == 3
    assert [SECOND.vkey in record.getMessage() for record in caplog.records].count(True) == 1


def test_without_the_announcement_the_new_key_is_believed_only_if_it_is_pinned(server: Server) -> None:
    serve_policy(server, policy_body({"safety": "1"}, SECOND))
    with (
        edgewise.Client(server.url, "k", policy_vkey=POLICY_SIGNER.vkey) as client,
        pytest.raises(VerificationError, match="known key"),
    ):
        client.policy({"community": "de"})
    both = [POLICY_SIGNER.vkey, SECOND.vkey]
    with edgewise.Client(server.url, "k", policy_vkey=both) as client:
        assert client.policy({"community": "de"})["version"] == 3


@pytest.mark.parametrize("announcements", ["text", [1], {"a": 1}, None])
def test_announcements_of_another_type_are_refused(server: Server, announcements: object) -> None:
    serve_policy(server, policy_body({"safety": "1"}) | {"key_announcements": announcements})
    with (
        edgewise.Client(server.url, "k", policy_vkey=POLICY_SIGNER.vkey) as client,
        pytest.raises(VerificationError, match="announcements"),
    ):
        client.policy({"community": "de"})


def test_a_kept_policy_is_believed_by_its_announcement_after_a_restart(
    server: Server, tmp_path: Path
) -> None:
    options = {"policy_vkey": POLICY_SIGNER.vkey, "policy_cache": tmp_path}
    serve_policy(server, policy_body({"safety": "1"}, SECOND) | {"key_announcements": [FIRST_TO_SECOND]})
    with edgewise.Client(server.url, "k", **options) as client:
        policy = client.policy({"community": "de"})
    server.routes["/api/v1/policy"] = lambda _: problem(503, "busy", {"Retry-After": "9"})
    with edgewise.Client(server.url, "k", patience=0.1, **options) as client:
        assert client.policy({"community": "de"}) == policy
