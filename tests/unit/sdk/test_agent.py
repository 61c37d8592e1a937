"""The sidecar: what it answers 202 is on disk, and reaches the server."""

import errno
import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import edgewise
import pytest
from edgewise import agent_server, cli, spool_files
from edgewise.agent import Agent

from tests.unit.sdk.scripted import Server, problem
from tests.unit.sdk.signed_policies import POLICY_SIGNER, policy_body, serve_policy

VECTOR = Path(__file__).parents[2] / "vectors" / "records" / "good-full.json"


def decision(**changes: Any) -> dict[str, Any]:
    record = json.loads(VECTOR.read_text())["record"] | changes
    return {name: value for name, value in record.items() if value is not None}


@contextmanager
def serving(server: Server, spool: Path, **options: Any) -> Iterator[agent_server.AgentServer]:
    client = edgewise.Client(server.url, "k", spool=spool, patience=0.2, **options)
    made = agent_server.AgentServer("127.0.0.1", 0, Agent(client))
    stop = threading.Event()
    thread = threading.Thread(target=agent_server.serve, args=(made, stop))
    thread.start()
    try:
        yield made
    finally:
        stop.set()
        thread.join()
        client.close(5)


def ask(
    agent: Any, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict, Any]:
    port = agent if isinstance(agent, int) else agent.server_address[1]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **named})
        response = connection.getresponse()
        data = response.read()
    finally:
        connection.close()
    is_json = "json" in response.headers.get("Content-Type", "")
    return response.status, dict(response.headers), json.loads(data) if is_json else data.decode()


def test_what_is_answered_202_is_on_disk_and_reaches_the_server(server: Server, tmp_path: Path) -> None:
    server.script = [problem(503, "busy")] * 10_000
    with serving(server, tmp_path) as agent:
        status, _, answer = ask(agent, "POST", "/v1/decisions", json.dumps(decision(id=None)).encode())
        assert (status, answer["items"][0]["status"]) == (202, "accepted")
        wanted = answer["items"][0]["id"]
        assert wanted.encode() in b"".join(path.read_bytes() for path in tmp_path.glob("*.records"))
        server.script = []
        assert agent.agent.client.flush(10)
    assert list(server.logged) == [wanted]


def test_a_body_is_a_record_an_array_or_lines_plain_or_gzip(server: Server, tmp_path: Path) -> None:
    ids = [f"019aa7a4-7c1f-7d3a-9c55-2f0c3f6c9b{n:02d}" for n in range(5)]
    texts = [json.dumps(decision(id=each)) for each in ids]
    packed = gzip.compress(texts[3].encode())
    with serving(server, tmp_path) as agent:
        answers = [
            ask(agent, "POST", "/v1/decisions", texts[0].encode()),
            ask(agent, "POST", "/v1/decisions", f"[{texts[1]}]".encode()),
            ask(
                agent,
                "POST",
                "/v1/decisions",
                f"\n{texts[2]}\n".encode(),
                Content_Type="application/x-ndjson",
            ),
            ask(agent, "POST", "/v1/decisions", packed, Content_Encoding="gzip"),
            ask(agent, "POST", "/v1/decisions", f"[{texts[4]}, {{}}, 7]".encode()),
        ]
        assert [status for status, _, _ in answers] == [202, 202, 202, 202, 207]
        refused = [item["error"]["code"] for item in answers[4][2]["items"][1:]]
        assert refused == ["missing_field", "malformed"]
        assert ask(agent, "POST", "/v1/decisions", b"[{}]")[0] == 422
        assert agent.agent.client.flush(10)
    assert set(server.logged) == set(ids)


def test_with_wait_the_server_answers(server: Server, tmp_path: Path) -> None:
    body = json.dumps([decision(), {"id": "x"}]).encode()
    with serving(server, tmp_path) as agent:
        status, _, answer = ask(agent, "POST", "/v1/decisions?wait=1", body)
        assert (status, [item["status"] for item in answer["items"]]) == (207, ["logged", "rejected"])
        assert answer["items"][0]["index"] == 1
        server.script = [problem(503, "busy")] * 100
        status, headers, answer = ask(agent, "POST", "/v1/decisions?wait=1", body)
        assert (status, answer["code"], "Retry-After" in headers) == (503, "server_away", True)
        server.script = [problem(401, "unauthenticated")]
        status, _, answer = ask(agent, "POST", "/v1/decisions?wait=1", body)
        assert (status, answer["code"]) == (502, "unauthenticated")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "malformed"),
        (b"[" + b",".join([b"1"] * 5_001) + b"]", {}, 413, "too_large"),
        (b"x", {"Content_Encoding": "gzip"}, 400, "malformed"),
        (gzip.compress(b"[]", mtime=0)[:-4], {"Content_Encoding": "gzip"}, 400, "malformed"),
        (gzip.compress(bytes(9 << 20), mtime=0), {"Content_Encoding": "gzip"}, 413, "too_large"),
        (b"x", {"Content_Encoding": "br"}, 415, "unsupported_media_type"),
        (b"{}", {"Content_Type": "text/plain"}, 415, "unsupported_media_type"),
        (b"{}", {"Content_Length": str(9 << 20)}, 413, "too_large"),
        (b"{}", {"Content_Length": "x"}, 411, "length_required"),
        (b"{}", {"Content_Length": "9" * 5_000}, 413, "too_large"),
        (b"{}", {"Host": "[::1"}, 403, "forbidden"),
        (b'[{"id": "\\ud800"}]', {}, 400, "malformed"),
        (b"{}", {"Host": "evil.example"}, 403, "forbidden"),
    ],
)
def test_a_bad_request_is_named(
    server: Server, tmp_path: Path, body: bytes, headers: dict, status: int, code: str
) -> None:
    with serving(server, tmp_path) as agent:
        found = ask(agent, "POST", "/v1/decisions", body, **headers)
        assert (found[0], found[2].get("code")) == (status, code)
        assert ask(agent, "GET", "/nothing")[2]["code"] == "not_found"
    assert server.logged == {}


def test_the_unexpected_is_answered_and_logged(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not a connection that closes without a word."""
    monkeypatch.setattr(Agent, "state", lambda self: {}["no such state"])
    with serving(server, tmp_path) as agent:
        status, headers, answer = ask(agent, "GET", "/healthz")
        assert (status, answer["code"], headers["Connection"]) == (500, "defect", "close")
        assert ask(agent, "GET", "other://[")[2]["code"] == "malformed"
        assert ask(agent, "GET", "/metrics")[0] == 200
    (told,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "the agent failed at GET '/healthz'" in told.message
    assert told.exc_info is not None


@pytest.mark.parametrize("sent", [b"Content-Length: 100\r\n\r\n", b""])
def test_a_request_has_its_time_however_it_trickles(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """Each byte in time, and yet never the whole: a body is answered, a head is given up."""
    monkeypatch.setattr(agent_server, "SECONDS_PER_REQUEST", 0.5)
    with serving(server, tmp_path) as agent, socket.create_connection(agent.server_address) as wire:
        wire.sendall(b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\n")
        wire.sendall(b"Content-Type: application/json\r\n" + sent)
        wire.settimeout(0.05)
        answer, until = b"", time.monotonic() + 20
        while time.monotonic() < until:
            try:
                wire.sendall(b"x")
                piece = wire.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                break
            answer += piece
            if not piece:
                break
        assert time.monotonic() < until
    assert answer.startswith(b"HTTP/1.1 408 " if sent else b"")
    assert (b"too_slow" in answer) == bool(sent)


def test_a_disk_that_is_full_is_said_and_nothing_is_accepted(server: Server, tmp_path: Path) -> None:
    with serving(server, tmp_path, spool_limit_bytes=10) as agent:
        status, headers, answer = ask(agent, "POST", "/v1/decisions", json.dumps(decision()).encode())
        assert (status, answer["code"], "Retry-After" in headers) == (507, "spool_full", True)
        assert agent.agent.accepted_total == 0


def test_what_the_disk_does_not_sync_is_not_accepted(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(spool_files.os, "fsync", fail)
    with serving(server, tmp_path) as agent:
        status, _, answer = ask(agent, "POST", "/v1/decisions", json.dumps(decision()).encode())
        assert (status, agent.agent.accepted_total) == (507, 0)
        assert "the disk is broken" in answer["detail"]


def test_the_policy_comes_from_the_cache_with_tag_and_age(server: Server, tmp_path: Path) -> None:
    serve_policy(server, policy_body({"safety": "1"}))
    with serving(server, tmp_path, policy_fresh_for=0.0) as agent:
        status, headers, policy = ask(agent, "GET", "/v1/policy?community=de")
        assert (status, headers["ETag"], headers["Age"], policy["version"]) == (200, '"3"', "0", 3)
        assert ask(agent, "GET", "/v1/policy?community=de", If_None_Match='"3"')[0] == 304
        server.routes["/api/v1/policy"] = lambda _: problem(503, "busy", {"Retry-After": "9"})
        assert ask(agent, "GET", "/v1/policy?community=de")[0] == 200
        assert ask(agent, "GET", "/v1/policy?community=fr")[2]["code"] == "server_away"
        del server.routes["/api/v1/policy"]
        assert ask(agent, "GET", "/v1/policy?community=fr")[0] == 404


def test_the_command_hands_out_the_policies_of_the_system_it_names(server: Server, tmp_path: Path) -> None:
    serve_policy(server, policy_body({"safety": "1"}, organisation="safe", system="chat"))
    process, port = started(server, tmp_path, "--vkey", POLICY_SIGNER.vkey, "--system", "moderator")
    with process:
        status, _, answer = ask(port, "GET", "/v1/policy?community=de")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert (status, answer["code"]) == (502, "not_verified")
    assert "for the system 'chat', not 'moderator'" in answer["detail"]


def test_health_and_metrics_tell_what_waits(server: Server, tmp_path: Path) -> None:
    server.script = [problem(503, "busy")] * 10_000
    with serving(server, tmp_path) as agent:
        assert ask(agent, "GET", "/healthz")[2]["status"] == "ok"
        ask(agent, "POST", "/v1/decisions", json.dumps(decision()).encode())
        deadline = time.monotonic() + 5
        while ask(agent, "GET", "/healthz")[2]["status"] == "ok":
            assert time.monotonic() < deadline
        assert "busy" in ask(agent, "GET", "/healthz")[2]["trouble"]
        text = ask(agent, "GET", "/metrics")[2]
        assert "edgewise_agent_accepted_total 1\n" in text
        assert "# TYPE edgewise_agent_spool_bytes gauge" in text
        server.script = []


def test_there_are_no_more_connections_than_threads(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_server, "MAX_CONNECTIONS", 2)
    with serving(server, tmp_path) as agent:
        port = agent.server_address[1]
        held = [http.client.HTTPConnection("127.0.0.1", port, timeout=5) for _ in range(2)]
        for connection in held:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(agent, "GET", "/healthz")
        for connection in held:
            connection.close()


def test_what_was_answered_202_survives_a_kill(server: Server, tmp_path: Path) -> None:
    """Killed in the middle of its work, again and again; the next agent on the folder sends what is left."""
    answered: list[str] = []
    for round_ in range(3):
        server.script = [problem(503, "busy")] * 100_000 if round_ < 2 else []
        process, port = started(server, tmp_path)
        with process:
            for _ in range(20):
                items = ask(port, "POST", "/v1/decisions", json.dumps([decision(id=None)] * 5).encode())[2][
                    "items"
                ]
                answered += [item["id"] for item in items]
            if round_ < 2:
                process.send_signal(signal.SIGKILL)
                continue
            deadline = time.monotonic() + 30
            while len(server.logged) < 300 and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    assert (len(answered), set(server.logged)) == (300, set(answered))
    assert list(tmp_path.glob("*.records")) == []


def started(server: Server, spool: Path, *more: str) -> tuple[subprocess.Popen, int]:
    """`edgewise agent` in a process of its own, and its port."""
    options = ["--spool", str(spool), "--listen", "127.0.0.1:0", *more]
    command = [sys.executable, "-m", "edgewise", "agent", *options]
    environment = os.environ | {"EDGEWISE_URL": server.url, "EDGEWISE_API_KEY": "ew_key"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    address = process.stdout.readline().split()[-1]
    with urllib.request.urlopen(f"{address}/healthz", timeout=10) as response:
        assert response.status == 200
    return process, int(address.rpartition(":")[2])


def test_it_listens_to_this_machine_alone_unless_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["agent", "--spool", str(tmp_path / "s"), "--url", "http://127.0.0.1:9", "--api-key", "k"]
    assert cli.main([*options, "--listen", "0.0.0.0:8127"]) == 2
    assert "--allow-remote" in capsys.readouterr().err
    assert cli.main([*options, "--listen", "8127"]) == 2
    assert "HOST:PORT" in capsys.readouterr().err
    assert [agent_server.is_loopback(host) for host in ("127.9.9.9", "::1", "localhost", "::", "example.org")] == [
        True, True, True, False, False,
    ]  # fmt: skip
