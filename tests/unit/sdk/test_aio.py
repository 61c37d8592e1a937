"""The client for asyncio: the same calls, in the loop, and safe to cancel."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import edgewise
import pytest
from edgewise import policies
from edgewise.aio_transport import AsyncTransport
from edgewise.delivery import Delivery
from edgewise.shelf import Shelf

from tests.unit.sdk.scripted import Reply, Server, problem
from tests.unit.sdk.signed_policies import POLICY_SIGNER, policy_body, serve_policy

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


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


def test_no_call_takes_a_thread(server: Server) -> None:
    """A hundred calls at once: the server's threads aside, there are as many threads as before."""

    async def story() -> set[str]:
        async with edgewise.AsyncClient(server.url, "ew_key") as client:
            await client.limits()
            calls = [asyncio.ensure_future(client.log_durably({"n": n})) for n in range(100)]
            names: set[str] = set()
            while not all(call.done() for call in calls):
                names |= {thread.name for thread in threading.enumerate()}
                await asyncio.sleep(0.001)
            assert all(call.result().ok for call in calls)
            return names

    names = asyncio.run(story())
    assert len(server.logged) == 100
    assert not [name for name in names if name.startswith(("asyncio", "ThreadPool", "edgewise"))]


def test_the_loop_goes_on_while_the_server_is_slow(server: Server) -> None:
    def slow(records: list[dict]) -> Reply:
        time.sleep(0.3)
        return server.accept(records)

    async def story() -> int:
        async with edgewise.AsyncClient(server.url, "ew_key") as client:
            await client.limits()
            server.script = [slow]
            call = asyncio.ensure_future(client.log_durably({}))
            turns = 0
            while not call.done():
                await asyncio.sleep(0.005)
                turns += 1
            return turns

    assert asyncio.run(story()) > 20


def test_a_cancelled_call_leaves_the_client_usable(server: Server) -> None:
    """Its connection is given up, for its answer may still come; the record may be sent again."""

    def slow(records: list[dict]) -> Reply:
        time.sleep(0.2)
        return server.accept(records)

    async def story() -> list[str]:
        async with edgewise.AsyncClient(server.url, "ew_key") as client:
            await client.limits()
            server.script = [slow]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.log_durably({"id": "a"})
            other = await client.log_durably({"id": "b"})
            await asyncio.sleep(0.3)
            again = await client.log_durably({"id": "a"})
            return [other.id or "", other.status, again.id or "", again.status]

    assert asyncio.run(story()) == ["b", "logged", "a", "duplicate"]


def test_it_tries_again_and_splits_and_says_who_refused(server: Server) -> None:
    def picky(records: list[dict]) -> Reply:
        return problem(413, "too_large") if len(records) > 3 else server.accept(records)

    async def story() -> list[str | None]:
        async with edgewise.AsyncClient(server.url, "ew_key", patience=0.5) as client:
            server.script = [problem(503, "busy"), problem(429, "rate_limited", {"Retry-After": "0"})]
            assert (await client.log_durably({})).ok
            server.logged.clear()
            server.script = [picky] * 7
            items = await client.log_many({"id": f"r{n}"} for n in range(8))
            server.script = [problem(401, "unauthenticated")]
            with pytest.raises(edgewise.RefusedError, match="unauthenticated"):
                await client.log_durably({})
            error = {"code": "unknown_edge", "detail": "No.", "pointer": "/options", "retryable": False}
            refused = [{"id": "x", "status": "rejected", "error": error}]
            server.script = [(422, {}, json.dumps({"items": refused}).encode())]
            with pytest.raises(edgewise.RefusedError, match="unknown_edge"):
                await client.log_durably({})
            with pytest.raises(edgewise.RefusedError, match="not_found"):
                await client.receipt("none")
            return [item.id for item in items]

    assert asyncio.run(story()) == [f"r{n}" for n in range(8)]


def test_the_last_policy_goes_on_when_the_server_is_away(server: Server) -> None:
    serve_policy(server, policy_body({"safety": "1"}))

    async def story() -> None:
        async with edgewise.AsyncClient(server.url, "k", policy_fresh_for=0.0, patience=0.2) as client:
            policy = await client.policy()
            server.routes["/api/v1/policy"] = lambda _: problem(503, "busy", {"Retry-After": "9"})
            assert await client.policy() == policy
            with pytest.raises(edgewise.UnreachableError, match="answers 503"):
                await client.policy({"community": "fr"})

    asyncio.run(story())


def test_the_disk_is_not_waited_for_in_the_loop(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are signatures checked there, nor the threads of the buffer waited for at the end."""
    serve_policy(server, policy_body({"safety": "1"}))
    used: list[str] = []

    def noting(name: str, wrapped: Callable) -> Callable:
        def call(*arguments: object, **more: object) -> object:
            used.append(f"{name} {threading.current_thread() is threading.main_thread()}")
            return wrapped(*arguments, **more)

        return call

    for holder, name in ((Shelf, "read"), (Shelf, "write"), (policies, "verified"), (Delivery, "close")):
        monkeypatch.setattr(holder, name, noting(name, getattr(holder, name)))

    async def story() -> None:
        options = {"policy_vkey": POLICY_SIGNER.vkey, "policy_cache": tmp_path}
        async with edgewise.AsyncClient(server.url, "k", **options) as client:
            assert (await client.policy({"community": "de"}))["version"] == 3

    asyncio.run(story())
    assert used == ["read False", "verified False", "write False", "close False"]


def test_a_flush_that_takes_too_long_says_so(server: Server) -> None:
    async def story() -> None:
        client = edgewise.AsyncClient(server.url, "ew_key")
        server.script = [problem(503, "busy")] * 1_000
        client.log({})
        assert not await client.flush(0.1)
        server.script = []
        assert await client.flush(10)
        await client.close()

    asyncio.run(story())
    assert len(server.logged) == 1


async def asked(handler: Handler, path: str = "/") -> bytes:
    """What a transport reads from a server that answers by `handler`."""
    served = await asyncio.start_server(handler, "127.0.0.1", 0)
    port = served.sockets[0].getsockname()[1]
    transport = AsyncTransport(f"http://127.0.0.1:{port}", {}, timeout=1.0)
    try:
        first = await transport.send("GET", path, patience=0.3)
        second = await transport.send("GET", path, patience=0.3)
        assert first.body == second.body
        return second.body
    finally:
        await transport.close()
        served.close()
        await served.wait_closed()


def answering(answer: bytes, *, close: bool = False) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(answer)
                await writer.drain()
                if close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    return handle


@pytest.mark.parametrize(
    ("answer", "close", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", False, b"abc"),
        (b"HTTP/1.1 200 OK\r\ncontent-length:3\r\nConnection: close\r\n\r\nabc", True, b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: x\r\n\r\n", False, b"abc"),
        (b"HTTP/1.0 200 OK\r\n\r\nabc", True, b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", False, b"a"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False, b""),
    ],
)  # fmt: skip
def test_answers_are_read_in_each_form_that_http_has(answer: bytes, close: bool, body: bytes) -> None:
    assert asyncio.run(asked(answering(answer, close=close))) == body


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000,
        b"",
    ],
)
def test_an_answer_that_is_cut_or_none_is_no_answer(answer: bytes) -> None:
    with pytest.raises(edgewise.UnreachableError):
        asyncio.run(asked(answering(answer, close=True)))
