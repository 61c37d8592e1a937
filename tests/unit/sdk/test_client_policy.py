"""The client's policy: fetched, checked, kept."""

import json
import threading
import time
from pathlib import Path

import edgewise
import pytest
from edgewise import notes

from tests.unit.sdk.scripted import Server, problem
from tests.unit.sdk.signed_policies import POLICY_SIGNER, policy_body, serve_policy


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


def away(_: dict) -> tuple:
    return problem(503, "busy", {"Retry-After": "9"})


def test_the_last_policy_survives_a_restart_while_the_server_is_away(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where, options = (
        {"community": "de"},
        {"policy_vkey": POLICY_SIGNER.vkey, "policy_cache": tmp_path / "kept"},
    )
    serve_policy(server, policy_body({"safety": "1"}))
    with edgewise.Client(server.url, "k", **options) as client:
        assert client.policy_age(where) is None
        policy = client.policy(where)
        assert client.policy_age(where) < 5
    server.routes["/api/v1/policy"] = away
    (file,) = (tmp_path / "kept").iterdir()
    assert file.stat().st_mode & 0o77 == 0
    kept = json.loads(file.read_bytes())
    file.write_text(json.dumps(kept | {"confirmed_at": kept["confirmed_at"] - 3_600}))
    with edgewise.Client(server.url, "k", patience=0.1, **options) as client:
        assert client.policy(where) == policy
        assert client.policy_age(where) == pytest.approx(3_600, abs=30)
        with pytest.raises(edgewise.UnreachableError):
            client.policy({"community": "fr"})
    assert any("confirmed 36" in record.message for record in caplog.records)
    with (
        edgewise.Client(server.url, "another key", patience=0.1, **options) as stranger,
        pytest.raises(edgewise.UnreachableError),
    ):
        stranger.policy(where)


def test_after_a_restart_the_server_is_asked_by_etag(server: Server, tmp_path: Path) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    for _ in range(2):
        with edgewise.Client(server.url, "k", policy_cache=tmp_path) as client:
            assert client.policy()["version"] == 3
    assert [request[2].get("If-None-Match") for request in server.requests] == [None, '"3"']


@pytest.mark.parametrize(
    "damage", ["{", "[]", "{}", '{"policy": 1, "etag": "", "confirmed_at": 1}', "forged"]
)
def test_a_kept_policy_that_is_damaged_or_forged_is_not_used(
    server: Server, tmp_path: Path, damage: str
) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    where, options = {"community": "de"}, {"policy_vkey": POLICY_SIGNER.vkey, "policy_cache": tmp_path}
    with edgewise.Client(server.url, "k", **options) as client:
        client.policy(where)
    (file,) = tmp_path.iterdir()
    kept = json.loads(file.read_bytes())
    forged = policy_body({"safety": "1"}, notes.NoteSigner("edgewise.local/policy", bytes(32)))
    file.write_text(json.dumps(kept | {"policy": forged}) if damage == "forged" else damage)
    server.routes["/api/v1/policy"] = away
    with (
        edgewise.Client(server.url, "k", patience=0.1, **options) as client,
        pytest.raises(edgewise.UnreachableError),
    ):
        client.policy(where)


def test_a_disk_that_is_full_costs_no_policy(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    serve_policy(server, policy_body({"safety": "1"}))
    with edgewise.Client(server.url, "k", policy_cache=tmp_path / "file" / "below") as client:
        assert client.policy()["version"] == 3
    assert any("cannot be kept" in record.message for record in caplog.records)


def test_while_one_thread_asks_the_others_go_on(server: Server) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    release, asked = threading.Event(), []
    with edgewise.Client(server.url, "k", policy_fresh_for=0.05) as client:
        client.policy()
        time.sleep(0.06)
        answer = server.routes["/api/v1/policy"]

        def slow(headers: dict) -> tuple:
            asked.append(1)
            release.wait(5)
            return answer(headers)

        server.routes["/api/v1/policy"] = slow
        asker = threading.Thread(target=client.policy)
        asker.start()
        while not asked:
            time.sleep(0.001)
        began = time.monotonic()
        assert client.policy()["version"] == 3
        assert time.monotonic() - began < 1
        release.set()
        asker.join()
