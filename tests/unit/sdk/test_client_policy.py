"""The client's policy: fetched, checked, kept."""

import inspect
import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import edgewise
import pytest
from edgewise import notes, policies, shelf
from edgewise.options import Options
from edgewise.policy_identity import Identity
from edgewise.recording import Recorder
from edgewise.transport import Answer

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
    (file,) = (tmp_path / "kept").glob("*.policy")
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
        edgewise.Client(server.url, "another_key", patience=0.1, **options) as stranger,
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
    (file,) = tmp_path.glob("*.policy")
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


def given(client: edgewise.Client, times: int = 3) -> list:
    """What as many callers get in turn: a version, or the error's words."""
    found: list = []
    for _ in range(times):
        try:
            found.append(client.policy({"community": "de"})["version"])
        except edgewise.EdgewiseError as problem:
            found.append(str(problem).partition(":")[0])
    return found


STRANGER = notes.NoteSigner("edgewise.local/policy", bytes(32))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        *((lambda _, status=status: problem(status, "no"), "no") for status in (401, 403, 404)),
        (lambda _: (200, {}, json.dumps(policy_body({"safety": "1"}, STRANGER)).encode()), "no signature by"),
        (lambda _: (200, {}, b"[]"), "the policy is not a JSON object"),
    ],
)
def test_a_policy_refused_or_not_believed_is_given_to_nobody(
    server: Server, answer: object, told: str
) -> None:
    """Not one error every few seconds, and between them the old policy without a word."""
    serve_policy(server, policy_body({"safety": "1"}))
    good = server.routes["/api/v1/policy"]
    options = {"policy_vkey": POLICY_SIGNER.vkey, "patience": 0.1}
    with edgewise.Client(server.url, "k", policy_fresh_for=0.05, **options) as client:
        assert given(client) == [3, 3, 3]
        time.sleep(0.06)
        server.routes["/api/v1/policy"] = answer
        assert [each.startswith(told) for each in map(str, given(client))] == [True] * 3
        server.routes["/api/v1/policy"] = away
        time.sleep(0.06)
        assert [each.startswith(told) for each in map(str, given(client))] == [True] * 3
        server.routes["/api/v1/policy"] = good
        time.sleep(0.06)
        assert given(client) == [3, 3, 3]


def test_while_one_asks_the_others_are_not_given_what_was_refused(server: Server) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    with edgewise.Client(server.url, "k", policy_fresh_for=60.0) as client:
        assert client.policy({"community": "de"})["version"] == 3
        cache, where = client._policies, {"community": "de"}
        cache._known = {key: replace(known, asked_at=0.0) for key, known in cache._known.items()}
        cache.question(where, 1.0)
        assert cache.fresh(where) is not None
        with pytest.raises(edgewise.RefusedError):
            cache.learn(where, Answer(404, {}, b'{"code": "not_found"}'))
        cache.question(where, 1.0)
        with pytest.raises(edgewise.RefusedError) as raised:
            cache.fresh(where)
        assert (raised.value.status, raised.value.code) == (404, "not_found")


def test_a_page_of_somebody_on_the_way_is_no_refusal(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    with edgewise.Client(server.url, "k", policy_fresh_for=0.0, patience=0.1) as client:
        assert given(client, 1) == [3]
        server.routes["/api/v1/policy"] = lambda _: (403, {}, b"<html>Sign in</html>")
        assert given(client, 2) == [3, 3]
        with pytest.raises(edgewise.UnreachableError, match="403, but not by the server"):
            client.policy({"community": "fr"})
    assert len([record for record in caplog.records if "is away" in record.message]) == 2


def test_what_was_refused_is_not_given_after_a_restart(server: Server, tmp_path: Path) -> None:
    """A policy withdrawn is so for the next process too; one that was forged leaves the last good one."""
    where, options = {"community": "de"}, {"policy_vkey": POLICY_SIGNER.vkey, "policy_cache": tmp_path}
    options |= {"policy_fresh_for": 0.0, "patience": 0.1}
    forged = json.dumps(policy_body({"safety": "1"}, STRANGER)).encode()
    for answer, kept in ((lambda _: (200, {}, forged), 1), (lambda _: problem(404, "not_found"), 0)):
        serve_policy(server, policy_body({"safety": "1"}))
        with edgewise.Client(server.url, "k", **options) as client:
            client.policy(where)
            server.routes["/api/v1/policy"] = answer
            with pytest.raises(edgewise.EdgewiseError):
                client.policy(where)
        assert len(list(tmp_path.glob("*.policy"))) == kept


def test_the_cache_has_an_end_in_memory_and_on_disk(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contexts may come from whoever asks a service: the ones last asked for are kept."""
    monkeypatch.setattr(policies, "MAX_CONTEXTS", 5)
    monkeypatch.setattr(shelf, "MOST_FILES", 5)
    serve_policy(server, policy_body({"safety": "1"}, context={}))
    with edgewise.Client(server.url, "k", policy_cache=tmp_path) as client:
        for number in range(12):
            client.policy({"community": str(number)})
        known = {dict(key)["community"] for key in client._policies._known}
        assert client.policy_age({"community": "1"}) is None
    assert known == {"7", "8", "9", "10", "11"}
    assert len(list(tmp_path.glob("*.policy"))) == 5


def signed_for(system: str, version: int, **more: object) -> dict:
    return policy_body({"safety": "1"}, system=system, version=version, **more)


def test_a_signed_policy_of_another_system_is_not_believed(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One key signs for all systems of a deployment; the policy for another one is as well signed."""
    options = {"policy_vkey": POLICY_SIGNER.vkey, "policy_fresh_for": 0.0, "policy_cache": tmp_path}
    where = {"community": "de"}

    def serve(system: str, version: int) -> None:
        body = json.dumps(signed_for(system, version)).encode()
        server.routes["/api/v1/policy"] = lambda _: (200, {}, body)

    serve("moderator", 5)
    with edgewise.Client(server.url, "k", **options) as client:
        assert client.policy(where)["version"] == 5
        serve("moderator", 2)
        assert client.policy(where)["version"] == 2
        assert [each for each in caplog.messages if "fell from version 5 to 2" in each]
        serve("other", 9)
        with pytest.raises(edgewise.VerificationError, match="acme/other, those before were for acme/mod"):
            client.policy(where)
        serve("moderator", 6)
        assert client.policy(where)["version"] == 6
    serve("other", 9)
    with (
        edgewise.Client(server.url, "k", **options) as client,
        pytest.raises(edgewise.VerificationError, match="those before"),
    ):
        client.policy({"community": "de", "surface": "app"})
    with edgewise.Client(server.url, "k", policy_system="other", **options) as client:
        assert client.policy({"community": "de", "surface": "app"})["version"] == 9


def without_organisation(system: str) -> dict:
    """As servers answered that stated it in the signed text alone."""
    body = signed_for(system, 3)
    del body["organisation"]
    return body


@pytest.mark.parametrize("body", [signed_for("moderator", 3), without_organisation("moderator")])
def test_a_key_may_be_pinned_and_let_go_on_one_folder(server: Server, tmp_path: Path, body: dict) -> None:
    """What an answer does not state is unknown, not another; what is known of it is kept."""
    server.routes["/api/v1/policy"] = lambda _: (200, {}, json.dumps(body).encode())
    for vkey in (None, POLICY_SIGNER.vkey, None, POLICY_SIGNER.vkey):
        with edgewise.Client(server.url, "k", policy_vkey=vkey, policy_cache=tmp_path) as client:
            assert client.policy({"community": "de"})["version"] == 3
    stranger = json.dumps(signed_for("moderator", 4, organisation="other")).encode()
    server.routes["/api/v1/policy"] = lambda _: (200, {}, stranger)
    with (
        edgewise.Client(server.url, "k", policy_vkey=POLICY_SIGNER.vkey, policy_cache=tmp_path) as client,
        pytest.raises(edgewise.VerificationError, match="other/moderator, those before were for acme/mod"),
    ):
        client.policy({"community": "de"})


def test_an_organisation_that_was_unknown_is_kept_once_it_is_known(server: Server, tmp_path: Path) -> None:
    """The file that an earlier version left says null; so does what a client saw before it was told more."""
    kept = shelf.Shelf(tmp_path, "owner")
    kept.write_whose({"organisation": None, "system": "moderator"})
    Identity("", kept).check(signed_for("moderator", 3))
    assert kept.read_whose() == {"organisation": "acme", "system": "moderator"}
    found = Identity("", None)
    found.check(without_organisation("moderator"))
    found.check(signed_for("moderator", 3))
    found.check(without_organisation("moderator"))
    with pytest.raises(edgewise.VerificationError, match="other/moderator, those before were for acme/mod"):
        found.check(signed_for("moderator", 3, organisation="other"))


def test_the_system_may_be_named(server: Server) -> None:
    serve_policy(server, signed_for("other", 3))
    with (
        edgewise.Client(server.url, "k", policy_vkey=POLICY_SIGNER.vkey, policy_system="moderator") as client,
        pytest.raises(edgewise.VerificationError, match="for the system 'other', not 'moderator'"),
    ):
        client.policy({"community": "de"})


def test_a_client_without_a_key_says_once_that_nothing_is_checked(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    for vkey, told in ((None, 1), (POLICY_SIGNER.vkey, 0)):
        caplog.clear()
        with edgewise.Client(server.url, "k", policy_vkey=vkey, policy_fresh_for=0.0) as client:
            for community in ("de", "de"):
                client.policy({"community": community})
        assert len([each for each in caplog.messages if "no policy_vkey" in each]) == told


def test_an_option_of_the_clients_is_one_of_the_recorder() -> None:
    """What mypy lets through is what there is, and the other way round."""
    known = list(inspect.signature(Recorder.__init__).parameters)[3:]
    assert set(Options.__annotations__) == set(known)
    with pytest.raises(TypeError, match="spol"):
        edgewise.Client("http://127.0.0.1:9", "k", spol="x")
