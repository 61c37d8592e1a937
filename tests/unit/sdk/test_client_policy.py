"""The client's policy: fetched, checked, kept."""

import time

import edgewise
import pytest
from edgewise import notes

from tests.unit.sdk.scripted import POLICY_SIGNER, Server, policy_body, problem, serve_policy


def test_the_policy_is_cached_and_asked_for_by_etag(server: Server) -> None:
    serve_policy(server, policy_body({"safety": "2/3", "privacy": "1/3"}))
    with edgewise.Client(server.url, "k", policy_fresh_for=0.05, policy_vkey=POLICY_SIGNER.vkey) as client:
        policy = client.policy({"community": "de"})
        assert policy["weights"]["privacy"] == pytest.approx(1 / 3)
        assert len(policy["digest"]) == 64
        assert client.policy({"community": "de"}) == policy
        assert len(server.requests) == 1
        time.sleep(0.06)
        assert client.policy({"community": "de"}) == policy
        assert server.requests[-1][1:2] == ("/api/v1/policy?community=de",)
        assert server.requests[-1][2]["If-None-Match"] == '"3"'
        options = [
            {"id": "a", "edges": {"safety": 0.1, "privacy": 0.9}},
            {"id": "b", "edges": {"safety": 0.9, "privacy": 0.1}},
        ]
        assert client.choose(options, {"community": "de"}).option_id == "b"


def test_the_last_policy_goes_on_when_the_server_is_away(server: Server) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    with edgewise.Client(server.url, "k", policy_fresh_for=0.0, patience=0.3) as client:
        policy = client.policy()
        server.routes["/api/v1/policy"] = lambda _: problem(503, "busy", {"Retry-After": "9"})
        assert client.policy() == policy
        with pytest.raises(edgewise.UnreachableError, match="answers 503"):
            client.policy({"community": "fr"})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (policy_body({"safety": "1"}, notes.NoteSigner("edgewise.local/policy", bytes(32))), "known key"),
        (policy_body({"safety": "1"}, context={"community": "fr"}), "another context"),
        (policy_body({"safety": "1/2"}), "sum to 1"),
        ({"weights": {"safety": 1.0}}, "blank line"),
    ],
)
def test_a_policy_that_the_key_did_not_sign_is_not_believed(server: Server, body: dict, why: str) -> None:
    serve_policy(server, body)
    with (
        edgewise.Client(server.url, "k", policy_vkey=POLICY_SIGNER.vkey) as client,
        pytest.raises(edgewise.VerificationError, match=why),
    ):
        client.policy({"community": "de"})


def test_what_stands_beside_the_signed_policy_is_not_used(server: Server) -> None:
    serve_policy(server, policy_body({"safety": "1"}) | {"weights": {"safety": 0.2}, "version": 99})
    with edgewise.Client(server.url, "k", policy_vkey=POLICY_SIGNER.vkey) as client:
        policy = client.policy({"community": "de"})
    assert (policy["weights"], policy["version"]) == ({"safety": 1.0}, 3)
