"""The client against a server that is scripted: what it sends, retries, splits, counts."""

import json
import re
import time

import edgewise
import pytest
from edgewise import batches, cli, delivery, verifier
from edgewise.client import receipt_pause
from edgewise.transport import Answer

from tests.unit.sdk.scripted import Reply, Server, not_yet, problem
from tests.unit.sdk.signed_policies import POLICY_SIGNER, policy_body, serve_policy


def test_a_logged_decision_is_durable_and_completed(server: Server, client: edgewise.Client) -> None:
    item = client.log({"system": "s"}, wait=True)
    assert item.ok
    (stored,) = server.logged.values()
    assert stored["id"] == item.id
    assert stored["id"][14] == "7"
    assert stored["occurred_at"].endswith("+00:00")
    assert server.requests[-1][2]["Authorization"] == "Bearer ew_key"
    assert client.log({"system": "s", "id": item.id}, wait=True).status == "duplicate"


def test_a_refused_decision_raises_only_when_waited_for(server: Server, client: edgewise.Client) -> None:
    error = {"code": "missing_field", "detail": "No.", "pointer": "/options", "retryable": False}
    items = [{"id": "x", "status": "rejected", "error": error}]
    refusal = (422, {}, json.dumps({"items": items}).encode())
    server.script = [refusal, refusal]
    with pytest.raises(edgewise.RefusedError, match="missing_field"):
        client.log({}, wait=True)
    client.log({})
    assert client.flush(5)
    assert client.rejected_total == 1
    assert client.lost_total == 0


def test_what_json_cannot_hold_is_counted_and_not_raised(client: edgewise.Client) -> None:
    assert client.log({"id": "a", "context": object()}) == "a"
    client.log({"score": float("nan")})
    assert client.log(None) == ""  # type: ignore[arg-type]
    assert client.flush(5)
    assert client.rejected_total == 3


@pytest.mark.parametrize(
    "failure",
    [problem(503, "busy"), problem(429, "rate_limited", {"Retry-After": "0"}), (502, {}, b"<html>")],
)
def test_temporary_refusals_are_tried_again(server: Server, client: edgewise.Client, failure: Reply) -> None:
    server.script = [failure, failure]
    assert client.log({}, wait=True).ok
    first, *again = server.posts()
    assert len(again) == 2
    assert all(records == first for records in again)


def test_a_key_that_is_refused_is_not_tried_again(server: Server, client: edgewise.Client) -> None:
    server.script = [problem(401, "unauthenticated")]
    with pytest.raises(edgewise.RefusedError) as raised:
        client.log({}, wait=True)
    assert (raised.value.status, raised.value.code, len(server.posts())) == (401, "unauthenticated", 1)


def test_many_are_split_by_the_limits_and_answered_in_order(server: Server, client: edgewise.Client) -> None:
    server.routes["/api/v1/limits"] = lambda _: (200, {}, b'{"records": 40, "bytes": 1000000}')
    items = client.log_many({"id": f"r{number}"} for number in range(100))
    assert [item.id for item in items] == [f"r{number}" for number in range(100)]
    assert [len(records) for records in server.posts()] == [40, 40, 20]


def test_a_batch_too_large_for_the_server_is_halved(server: Server, client: edgewise.Client) -> None:
    def picky(records: list[dict]) -> Reply:
        return problem(413, "too_large") if len(records) > 3 else server.accept(records)

    server.script = [picky] * 7
    assert [item.id for item in client.log_many({"id": f"r{n}"} for n in range(8))] == [
        f"r{n}" for n in range(8)
    ]


def test_the_buffer_sends_together_and_flushes_at_the_end(server: Server) -> None:
    with edgewise.Client(server.url, "ew_key") as client:
        ids = [client.log({"n": number}) for number in range(1200)]
    assert list(server.logged) == ids
    assert len(server.posts()) <= 4
    assert "brief=1" in server.requests[-1][1]
    assert client.lost_total == 0


def test_records_wait_in_memory_for_a_server_that_is_away(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with edgewise.Client(server.url, "ew_key") as client:
        client.limits()
        server.script = [problem(503, "busy")] * 5 + [problem(401, "unauthenticated")] * 3
        ids = [client.log({}), client.log({})]
        assert client.flush(10)
        assert (client.lost_total, client.rejected_total, client.trouble) == (0, 0, "")
    assert list(server.logged) == ids
    assert [record.message for record in caplog.records if "wait to be sent" in record.message] != []


def test_what_memory_cannot_keep_is_lost_and_counted_at_the_end(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = edgewise.Client(server.url, "ew_key")
    client.limits()
    server.script = [problem(503, "busy")] * 500
    client.log({})
    client.log({})
    client.close(0.2)
    client.log({})
    assert client.lost_total == 3
    assert len([record for record in caplog.records if "lost_total" in record.message]) == 1


def test_what_was_lost_travels_with_the_next_batch(server: Server, client: edgewise.Client) -> None:
    client._delivery.tally.lose(2)
    client.log({}, wait=True)
    assert server.requests[-1][2]["Edgewise-Lost-Total"] == "2"
    client.log({})
    assert client.flush(5)
    assert server.requests[-1][2]["Edgewise-Lost-Total"] == "2"


def test_a_record_that_the_server_cannot_read_costs_no_other(server: Server, client: edgewise.Client) -> None:
    def reader(records: list[dict]) -> Reply:
        bad = any("bad" in record for record in records)
        return problem(400, "malformed") if bad else server.accept(records)

    client.limits()
    server.script = [reader] * 30
    seen: list[tuple] = []
    client._delivery.tally._on_rejected = lambda record, why: seen.append((json.loads(record), why.code))
    for number in range(20):
        client.log({"bad": 1} if number == 7 else {"n": number})
    assert client.flush(5)
    assert (len(server.logged), client.rejected_total, client.lost_total) == (19, 1, 0)
    assert [(record["bad"], code) for record, code in seen] == [(1, "malformed")]


def test_what_the_server_takes_not_yet_is_tried_again(
    server: Server, client: edgewise.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RETRY_PAUSE", 0.01)
    server.script = [not_yet] * 3
    wanted = client.log({})
    assert client.flush(5)
    assert (list(server.logged), client.rejected_total) == ([wanted], 0)
    monkeypatch.setattr(delivery, "RETRY_FOR", 0.0)
    server.script = [not_yet]
    client.log({})
    assert client.flush(5)
    assert (len(server.logged), client.rejected_total) == (1, 1)


def test_the_hook_hears_of_refusals_and_may_fail(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[tuple] = []

    def hook(record: dict, why: edgewise.Logged) -> None:
        heard.append((record.get("n"), why.code))
        raise RuntimeError("the hook is broken")

    with edgewise.Client(server.url, "ew_key", on_rejected=hook) as client:
        error = {"code": "unknown_edge", "detail": "No.", "pointer": "/options", "retryable": False}
        items = [{"id": "x", "status": "rejected", "error": error}]
        server.script = [(422, {}, json.dumps({"items": items}).encode())]
        client.log({"n": 1})
        assert client.flush(5)
        client.log({"n": {1, 2}})
        assert client.flush(5)
    assert heard == [(1, "unknown_edge"), (None, "malformed")]
    assert any("on_rejected failed" in record.message for record in caplog.records)


def test_an_unreachable_server_is_named() -> None:
    with (
        edgewise.Client("http://127.0.0.1:9", "ew_key", patience=0.05) as client,
        pytest.raises(edgewise.UnreachableError, match="cannot be reached"),
    ):
        client.log({}, wait=True)
    with pytest.raises(ValueError, match="address"):
        edgewise.Client("localhost:8000", "ew_key")


@pytest.mark.parametrize(
    "key", ["ew_secret\n", " ew_secret", "ew_secret\r\nX: y", "ew_sécret", "ew secret", "", None]
)
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "http://127.0.0.1:9"
    for made, field in (
        (edgewise.Client, "api_key"),
        (edgewise.AsyncClient, "api_key"),
        (verifier.Site, "token"),
    ):
        if not key and made is verifier.Site:
            continue
        with pytest.raises(ValueError, match=f"^{field} ") as raised:
            made(url, key)
        assert "cret" not in str(raised.value)
    if key:
        assert cli.main(["agent", "--spool", "unused", "--url", url, "--api-key", key]) == 1
        shown = capsys.readouterr().err
        assert "api_key holds" in shown
        assert "cret" not in shown


@pytest.mark.parametrize(
    ("stated", "records", "size"),
    [
        ({"records": 7, "bytes": 100}, 7, 100),
        ({"records": 10**9, "bytes": 10**9}, 500, 4 << 20),
        ({"records": -5, "bytes": 0}, 500, 4 << 20),
        ({"records": "x", "bytes": None}, 500, 4 << 20),
        ({"records": True, "bytes": 1.5}, 500, 4 << 20),
        ([], 500, 4 << 20),
        ("x", 500, 4 << 20),
        (None, 500, 4 << 20),
    ],
)
def test_limits_that_make_no_sense_are_the_usual_ones(stated: object, records: int, size: int) -> None:
    answer = Answer(200, {}, json.dumps(stated).encode())
    assert batches.read_limits(answer) == batches.Limits(records, size)
    assert batches.read_limits(Answer(200, {}, b"<html>")) == batches.Limits()


def test_an_id_or_a_time_that_is_null_is_filled_in(server: Server, client: edgewise.Client) -> None:
    name = client.log({"id": None, "occurred_at": None})
    assert client.flush(5)
    (stored,) = server.logged.values()
    assert stored["id"] == name
    assert stored["occurred_at"]


def test_a_refusal_names_the_place_and_whether_to_try_again(server: Server, client: edgewise.Client) -> None:
    error = {"code": "occurred_in_future", "detail": "No.", "pointer": "/occurred_at", "retryable": True}
    server.script = [
        (422, {}, json.dumps({"items": [{"id": "x", "status": "rejected", "error": error}]}).encode())
    ]
    with pytest.raises(edgewise.RefusedError, match=r"No\. \(/occurred_at\)") as raised:
        client.log({}, wait=True)
    assert (raised.value.pointer, raised.value.retryable) == ("/occurred_at", True)


def test_the_version_is_told(server: Server, client: edgewise.Client) -> None:
    client.log({}, wait=True)
    assert server.requests[-1][2]["User-Agent"] == f"edgewise/{edgewise.__version__}"


def test_a_receipt_is_asked_for_when_the_server_says_or_at_the_deadline() -> None:
    body = json.dumps({"code": "not_yet_published"}).encode()
    now = time.monotonic()
    assert receipt_pause(Answer(404, {"retry-after": "3"}, body), now + 60) == 3
    assert receipt_pause(Answer(404, {"retry-after": "90"}, body), now + 60) <= 60
    assert receipt_pause(Answer(404, {}, body), now + 60) < 1
    with pytest.raises(edgewise.RefusedError, match="not_yet_published"):
        receipt_pause(Answer(404, {}, body), now - 1)


def test_a_receipt_is_waited_for(server: Server, client: edgewise.Client) -> None:
    replies = [
        problem(404, "not_yet_published", {"Retry-After": "1"}),
        (200, {}, b"c2sp.org/tlog-proof@v1\n"),
    ]
    server.routes["/api/v1/decisions/x/proof"] = lambda _: replies.pop(0)
    assert client.receipt("x").startswith("c2sp.org")
    with pytest.raises(edgewise.RefusedError, match="not_found"):
        client.receipt("y")


def test_ids_are_ordered_and_new() -> None:
    ids = [batches.new_id() for _ in range(100)]
    assert len(set(ids)) == 100
    assert [one[:13] for one in ids] == sorted(one[:13] for one in ids)
    assert {one[14] for one in ids} == {"7"}
    assert {one[19] for one in ids} <= set("89ab")


def test_the_policy_command_shows_it(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    arguments = ["policy", "--context", "community=de", "--url", server.url, "--api-key", "ew_key"]
    assert cli.main([*arguments, "--vkey", POLICY_SIGNER.vkey]) == 0
    assert json.loads(capsys.readouterr().out)["weights"] == {"safety": 1.0}
    assert cli.main(["policy", "--context", "de", *arguments[3:]]) == 2
    assert "KEY=VALUE" in capsys.readouterr().err


def test_the_policy_command_refuses_another_systems_policy(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    serve_policy(server, policy_body({"safety": "1"}, organisation="safe", system="chat"))
    arguments = ["policy", "--context", "community=de", "--vkey", POLICY_SIGNER.vkey]
    arguments += ["--url", server.url, "--api-key", "ew_key"]
    assert cli.main([*arguments, "--system", "chat"]) == 0
    assert cli.main([*arguments, "--system", "moderator"]) == 1
    assert "for the system 'chat', not 'moderator'" in capsys.readouterr().err


def test_a_process_names_itself_with_every_batch_and_anew_after_a_fork(server: Server, client) -> None:
    client.log({}, wait=True)
    client.log({}, wait=True)
    first, second = (request[2]["Edgewise-Process"] for request in server.requests if request[0] == "POST")
    assert first == second
    assert re.fullmatch("[0-9a-f]{16}", first)
    client._delivery.tally.forget()
    assert client._delivery.headers()["Edgewise-Process"] != first
