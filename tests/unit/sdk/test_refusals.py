"""What does not blame a record costs none: pages of somebody on the way, refusals of the request, clocks set back."""

import asyncio
import time
from pathlib import Path

import edgewise
import pytest
from edgewise import delivery
from edgewise.buffer import Kept
from edgewise.errors import UnreachableError

from tests.unit.sdk.scripted import Reply, Server, not_yet, problem, until

HOUR = 3_600.0


@pytest.mark.parametrize(
    "reply",
    [
        (400, {}, b"<h1>Bad Request (400)</h1>"),  # Django's page
        (400, {}, b"The plain HTTP request was sent to HTTPS port"),  # nginx
        (400, {}, b'{"message": "Bad Request"}'),  # an API gateway
        (413, {}, b"<html>"),
        (415, {}, b"<html>"),
        (422, {}, b"<html>"),
        problem(400, "unknown_host"),
        problem(400, "cut_off"),
        problem(415, "unsupported_media_type"),
    ],
)
def test_what_does_not_blame_a_record_costs_none(server: Server, tmp_path: Path, reply: Reply) -> None:
    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        server.script = [reply] * 10_000
        ids = [client.log({"n": number}) for number in range(3)]
        assert not client.flush(0.5)
        assert (client.rejected_total, client.lost_total) == (0, 0)
        assert str(reply[0]) in client.trouble or "No." in client.trouble
        assert client.spool_bytes
        server.script = []
        assert client.flush(30)
    assert sorted(server.logged) == sorted(ids)


def test_a_proxy_that_bounds_requests_is_sent_fewer_at_once(server: Server, client: edgewise.Client) -> None:
    """nginx takes a mebibyte unless it is told otherwise; a record has far less."""

    def proxy(records: list[dict]) -> Reply:
        return (413, {}, b"<html>") if len(records) > 3 else server.accept(records)

    client.limits()
    server.script = [proxy] * 100
    ids = [client.log({"n": number}) for number in range(20)]
    assert client.flush(10)
    assert (sorted(server.logged), client.rejected_total) == (sorted(ids), 0)


@pytest.mark.parametrize("code", ["malformed", "too_large"])
def test_what_the_server_blames_is_rejected_alone(server: Server, client: edgewise.Client, code: str) -> None:
    def reader(records: list[dict]) -> Reply:
        bad = any("bad" in record for record in records)
        return problem(413 if code == "too_large" else 400, code) if bad else server.accept(records)

    client.limits()
    server.script = [reader] * 30
    for number in range(5):
        client.log({"bad": 1} if number == 3 else {"n": number})
    assert client.flush(10)
    assert (len(server.logged), client.rejected_total, client.lost_total) == (4, 1, 0)


def test_a_record_kept_before_the_clock_was_set_back_is_due(server: Server, client: edgewise.Client) -> None:
    """And nobody logs anything more that would wake the thread."""
    client._delivery._memory.keep([Kept(b'{"id":"one"}', time.time() + HOUR)])
    client._delivery._threads.start()
    assert until(lambda: server.logged)


def test_others_files_are_looked_for_however_long_records_may_wait(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for the oldest record ends in time, whatever the clock said when it was kept."""
    monkeypatch.setattr(delivery, "LOOK_EVERY", 0.05)
    with edgewise.Client(server.url, "ew_key", spool=tmp_path) as client:
        client._delivery._max_age = HOUR
        client.log({"id": "own"})
        assert until(lambda: client._delivery._waiting())
        with edgewise.Client("http://127.0.0.1:9", "ew_key", spool=tmp_path) as other:
            other.log({"id": "left"})
            other.close(0)
        assert until(lambda: "left" in server.logged)


def test_what_is_taken_not_yet_is_tried_no_longer_since_the_clock_was_set_back(
    server: Server, client: edgewise.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RETRY_PAUSE", 0.01)
    monkeypatch.setattr(delivery, "RETRY_FOR", 0.2)
    server.script = [not_yet] * 100_000
    client._delivery._memory.keep([Kept(b'{"id":"one"}', time.time() + HOUR)])
    client._delivery._threads.start()
    assert client.flush(20)
    assert client.rejected_total == 1


@pytest.mark.parametrize("body", [b"5", b"null", b"[]", b'"items"', b'{"items": 5}', b'{"items": [5]}'])
def test_an_answer_that_is_no_answer_is_the_servers_absence(
    server: Server, client: edgewise.Client, body: bytes
) -> None:
    server.script = [(201, {}, body)]
    with pytest.raises(UnreachableError, match="not understood"):
        client.log_many([{}])


def test_a_receipt_that_is_no_text_is_the_servers_absence(server: Server, client: edgewise.Client) -> None:
    server.routes["/api/v1/decisions/x/proof"] = lambda _: (200, {}, b"\xff\xfe<html>")
    with pytest.raises(UnreachableError, match="no receipt"):
        client.receipt("x")

    async def story() -> None:
        async with edgewise.AsyncClient(server.url, "ew_key") as other:
            with pytest.raises(UnreachableError, match="no receipt"):
                await other.receipt("x")

    asyncio.run(story())
