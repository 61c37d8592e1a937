"""The client against a server that is scripted: what it sends, retries, splits, counts."""

import asyncio
import json
import threading
import time
from pathlib import Path

import edgewise
import pytest
from edgewise import batches, buffer, cli, spool

from tests.unit.sdk.scripted import POLICY_SIGNER, Reply, Server, policy_body, problem, serve_policy


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
    client.log({"context": object()})
    client.log({"score": float("nan")})
    assert client.rejected_total == 2


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


def test_a_server_that_stays_away_costs_records_that_are_counted(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with edgewise.Client(server.url, "ew_key", patience=0.05) as client:
        client.limits()
        server.script = [problem(503, "busy")] * 50
        client.log({})
        client.log({})
        assert client.flush(5)
        assert client.lost_total == 2
        server.script = []
        client.log({}, wait=True)
    assert server.requests[-1][2]["Edgewise-Lost-Total"] == "2"
    assert [record.message for record in caplog.records if "lost" in record.message] != []


def test_records_wait_on_disk_while_the_server_is_away(server: Server, tmp_path: Path) -> None:
    kept = tmp_path / "spool" / "records"
    options = {"patience": 0.05, "spool": kept}
    with edgewise.Client(server.url, "ew_key", **options) as client:
        client.limits()
        server.script = [problem(503, "busy")] * 100
        ids = [client.log({"n": number}) for number in range(3)]
        assert client.flush(5)
        assert (client.lost_total, len(kept.read_bytes().splitlines()), kept.stat().st_mode & 0o77) == (
            0,
            3,
            0,
        )
    with kept.open("ab") as file:
        file.write(b'{"id": "half')
    server.script = []
    with edgewise.Client(server.url, "ew_key", **options) as client:
        ids.insert(0, client.log({"n": 3}))
        assert client.flush(5)
    assert list(server.logged) == ids
    assert kept.read_bytes() == b""


def test_a_full_disk_costs_records_that_are_counted(server: Server, tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    with edgewise.Client(server.url, "ew_key", patience=0.02, spool=full) as client:
        client.limits()
        server.script = [problem(503, "busy")] * 100
        client.log({})
        assert client.flush(5)
        assert client.lost_total == 1


def test_a_spool_takes_no_more_than_its_limit(tmp_path: Path) -> None:
    kept = spool.Spool(tmp_path / "records", limit_bytes=10)
    kept.keep([b"1234"])
    with pytest.raises(OSError, match="full"):
        kept.keep([b"12345"])
    sent: list[bytes] = []
    kept.drain(sent.extend)
    kept.drain(sent.extend)
    assert sent == [b"1234"]


def test_what_is_left_at_the_end_is_rescued(tmp_path: Path) -> None:
    never = threading.Event()
    rescued: list[bytes] = []
    kept = buffer.Buffer(lambda _: never.wait(5) and None, rescue=rescued.extend, batch=1, max_age=0.0)
    kept.add(b"1")
    kept.add(b"2")
    time.sleep(0.05)
    kept.close(0.05)
    never.set()
    assert (rescued, kept.lost_total) == ([b"1", b"2"], 0)


def test_an_unreachable_server_is_named() -> None:
    with (
        edgewise.Client("http://127.0.0.1:9", "ew_key", patience=0.05) as client,
        pytest.raises(edgewise.UnreachableError, match="cannot be reached"),
    ):
        client.log({}, wait=True)
    with pytest.raises(ValueError, match="address"):
        edgewise.Client("localhost:8000", "ew_key")


def test_a_full_or_closed_buffer_loses_and_counts() -> None:
    release = threading.Event()
    kept = buffer.Buffer(lambda _: release.wait(5) and None, capacity=3, max_age=0.0)
    for _ in range(10):
        kept.add(b"{}")
        time.sleep(0.002)
    assert kept.lost_total >= 5
    release.set()
    kept.close(5)
    before = kept.lost_total
    kept.add(b"{}")
    assert kept.lost_total == before + 1


def test_the_async_client_does_the_same(server: Server) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    server.routes["/api/v1/decisions/x/proof"] = lambda _: (200, {}, b"c2sp.org/tlog-proof@v1\n")

    async def story() -> list[str]:
        async with edgewise.AsyncClient(server.url, "ew_key", patience=0.5) as client:
            buffered = client.log({})
            assert await client.flush(5)
            logged = await client.log_durably({})
            (more,) = await client.log_many([{}])
            chosen = await client.choose([{"id": "a", "edges": {"safety": 0.5}}])
            assert (chosen.option_id, (await client.policy())["version"]) == ("a", 3)
            assert (await client.receipt("x")).startswith("c2sp.org")
            assert (client.lost_total, client.rejected_total) == (0, 0)
            return [buffered, logged.id or "", more.id or ""]

    assert asyncio.run(story()) == list(server.logged)


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


def test_the_log_command_counts_and_names_refusals(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server_options = ["--url", server.url, "--api-key", "ew_key"]
    (tmp_path / "lines").write_text('\n{"id": "a"}\n\n{"id": "b"}\n')
    (tmp_path / "array").write_text('[{"id": "a"},\n{"id": "c"}]')
    assert cli.main(["log", str(tmp_path / "lines"), *server_options]) == 0
    assert cli.main(["log", str(tmp_path / "array"), *server_options]) == 0
    assert capsys.readouterr().out == "2 logged\n1 duplicate, 1 logged\n"
    items = [{"id": "d", "status": "rejected", "error": {"code": "unknown_edge", "detail": "No."}}]
    server.script = [(422, {}, json.dumps({"items": items}).encode())]
    (tmp_path / "bad").write_text('{"id": "d"}')
    assert cli.main(["log", str(tmp_path / "bad"), *server_options]) == 1
    assert "d: unknown_edge" in capsys.readouterr().err
    assert cli.main(["log", str(tmp_path / "bad"), "--url", server.url]) == 1
    assert cli.main(["log", str(tmp_path / "none"), *server_options]) == 1


def test_the_policy_command_shows_it(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    arguments = ["policy", "--context", "community=de", "--url", server.url, "--api-key", "ew_key"]
    assert cli.main([*arguments, "--vkey", POLICY_SIGNER.vkey]) == 0
    assert json.loads(capsys.readouterr().out)["weights"] == {"safety": 1.0}
