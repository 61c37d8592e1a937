"""No thread waits for a body that does not come; what comes, comes as it was sent; a cut answer can be told."""

import asyncio
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.config import bridge
from governance.config.bridge import Bridge

GRACE = 0.3


def scope(method="POST", path=b"/", headers=()):
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "raw_path": path,
        "query_string": b"a=%C3%A9",
        "headers": list(headers),
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 9),
    }


def sized(length):
    return scope(headers=[(b"content-length", str(length).encode())])


def refuse(error):
    return (408 if isinstance(error, TimeoutError) else 400), [], b"late"


def echo(environ, start_response):
    start_response("200 OK", [("Content-Length", "0")])
    return [environ["wsgi.input"].read()]


def ask(application, request, pieces=(), *, ends=True, cut=False, takes=True, told=None):
    """Everything that is told for one request whose body comes in ``pieces`` and may then stop coming."""

    async def run():
        left = [*pieces]

        async def receive():
            if left:
                return {
                    "type": "http.request",
                    "body": left.pop(0),
                    "more_body": bool(left) or cut or not ends,
                }
            if cut:
                return {"type": "http.disconnect"}
            await asyncio.sleep(0 if ends else 60)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            await asyncio.sleep(0 if takes else 60)
            told.append(message)

        await Bridge(application, threads=2, grace=GRACE, refuse=refuse)(request, receive, send)

    told = [] if told is None else told
    asyncio.run(run())
    return told


def body(told):
    return b"".join(message.get("body", b"") for message in told)


@pytest.mark.parametrize("known", [True, False])
@given(pieces=st.lists(st.binary(max_size=9), min_size=1, max_size=9), sizes=st.lists(st.integers(1, 9)))
def test_a_body_is_read_as_it_was_sent(known, pieces, sizes):
    whole = b"".join(pieces)

    def application(environ, start_response):
        found = b"".join(environ["wsgi.input"].read(size) for size in sizes)
        start_response("200 OK", [("Content-Length", "0")])
        return [found, *environ["wsgi.input"]]

    assert body(ask(application, sized(len(whole)) if known else scope(), pieces)) == whole


def test_lines_end_where_they_end():
    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "0")])
        stream = environ["wsgi.input"]
        return [repr([stream.readline(), stream.readline(2), *stream.readlines()]).encode()]

    assert (
        body(ask(application, scope(), [b"a", b"b\ncde", b"f\n\ng"]))
        == b"[b'ab\\n', b'cd', b'ef\\n', b'\\n', b'g']"
    )


def test_a_short_body_that_stops_costs_no_thread_and_is_answered():
    asked = []
    told = ask(lambda *given: asked.append(given), sized(100), [b"{"], ends=False)
    assert (told[0]["status"], body(told), asked) == (408, b"late", [])


@pytest.mark.parametrize("request_", [scope(), sized(bridge.SHORT + 1)])
def test_a_long_body_that_stops_is_given_up_by_its_thread(request_):
    def application(environ, start_response):
        with pytest.raises(TimeoutError):
            environ["wsgi.input"].read()
        start_response("408 Request Timeout", [("Content-Length", "0")])
        return []

    assert ask(application, request_, [b"{"], ends=False)[0]["status"] == 408


def test_a_short_body_that_is_cut_is_never_shown_to_the_application():
    """Half a form is another form."""
    asked = []
    told = ask(lambda *given: asked.append(given), sized(100), [b"points=6"], cut=True)
    assert (told[0]["status"], asked) == (400, [])


@pytest.mark.parametrize("request_", [scope(), sized(bridge.SHORT + 1)])
def test_a_long_body_that_is_cut_does_not_look_ended(request_):
    def application(environ, start_response):
        for read in (environ["wsgi.input"].read, environ["wsgi.input"].readline):
            with pytest.raises(ConnectionAbortedError):
                read()
        start_response("400 Bad Request", [("Content-Length", "0")])
        return []

    assert ask(application, request_, [b"{"], cut=True)[0]["status"] == 400


def test_each_kib_buys_a_second():
    pieces = [b"x" * 4_096] * 3

    async def run():
        left = [*pieces]

        async def receive():
            await asyncio.sleep(0.2)
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

        taken = bridge.Body(receive, asyncio.get_running_loop(), GRACE)
        await taken.take_in()
        return taken.read()

    assert asyncio.run(run()) == b"".join(pieces)


def test_bodies_that_are_taken_in_hold_little_memory_together(monkeypatch):
    """What comes when there is no room is read by its thread."""
    monkeypatch.setattr(bridge, "AHEAD", 50)

    def application(environ, start_response):
        with pytest.raises(TimeoutError):
            environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", "0")])
        return []

    assert ask(application, sized(51), [b"{"], ends=False)[0]["status"] == 200


def test_a_body_that_was_taken_in_counts_until_its_request_is_answered(monkeypatch):
    monkeypatch.setattr(bridge, "AHEAD", 50)
    both, found = threading.Barrier(2), []

    def application(environ, start_response):
        found.append(len(environ["wsgi.input"]._here))
        both.wait(10)
        return echo(environ, start_response)

    async def run():
        made = Bridge(application, threads=2, grace=GRACE, refuse=refuse)

        async def receive():
            return {"type": "http.request", "body": b"x" * 40, "more_body": False}

        async def send(message):
            return None

        await asyncio.gather(*(made(sized(40), receive, send) for _ in range(2)))

    asyncio.run(run())
    assert sorted(found) == [0, 40]


def test_a_stream_is_sent_as_it_is_made_and_closed():
    seen = []

    class Pieces:
        def __init__(self, told):
            self.told = told

        def __iter__(self):
            yield b"1"
            seen.append("second")
            yield b"2"

        def close(self):
            seen.append("closed")

    def application(environ, start_response):
        start_response("207 Multi-Status", [("Content-Type", "text/plain")])
        return Pieces(None)

    told = ask(application, scope("GET"))
    assert [message.get("body") for message in told] == [None, b"1", b"2", b""]
    assert not told[-1]["more_body"]
    assert seen == ["second", "closed"]


def test_a_stream_that_breaks_has_no_last_message():
    told = []

    def broken():
        yield b"1"
        raise ZeroDivisionError

    def application(environ, start_response):
        start_response("200 OK", [])
        return broken()

    with pytest.raises(ZeroDivisionError):
        ask(application, scope("GET"), told=told)
    assert [message.get("more_body") for message in told] == [None, True]


def test_a_client_that_takes_nothing_is_given_up():
    closed = threading.Event()

    class Endless:
        def __iter__(self):
            while True:
                yield b"x"

        def close(self):
            closed.set()

    def application(environ, start_response):
        start_response("200 OK", [])
        return Endless()

    began = time.monotonic()
    assert ask(application, scope("GET"), takes=False) == []
    assert closed.is_set()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "size", [0, 1, bridge.PIECE, bridge.PIECE + 1, 3 * bridge.PIECE, 3 * bridge.PIECE + 7]
)
def test_a_long_answer_of_stated_length_is_whole(size):
    whole = bytes(range(256)) * (size // 256 + 1)

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", str(size))])
        return [whole[:size]]

    told = ask(application, scope("GET"))
    assert body(told) == whole[:size]
    assert max(len(message.get("body", b"")) for message in told) <= bridge.PIECE
    assert [message.get("more_body", False) for message in told[1:]] == [True] * (len(told) - 2) + [False]


def test_a_client_that_takes_nothing_of_a_long_answer_is_given_up():
    """Otherwise each connection would hold its answer in memory for as long as it likes."""

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "1000000")])
        return [b"x" * 1_000_000]

    async def taken_at_first(told):
        made = Bridge(application, threads=1, grace=GRACE, refuse=refuse)

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            await asyncio.sleep(60 if len(told) == 3 else 0)
            told.append(message)

        await made(scope("GET"), receive, send)

    told, began = [], time.monotonic()
    asyncio.run(taken_at_first(told))
    assert [message.get("more_body") for message in told] == [None, True, True]
    assert time.monotonic() - began < 10


def test_the_environment_is_what_pep_3333_says():
    found = {}

    def application(environ, start_response):
        found.update(environ)
        start_response("200 OK", [("Content-Length", "0")])
        return []

    headers = [
        (b"host", b"example.org"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"accept", b"text/html"),
        (b"accept", b"*/*"),
        (b"content-type", b"text/plain"),
        (b"x-forwarded-proto", b"http"),
        (b"x_forwarded_proto", b"https"),
    ]
    ask(application, scope("GET", b"/d%C3%A9/%2F", headers))
    assert found["PATH_INFO"].encode("latin-1").decode() == "/dé//"
    assert found["QUERY_STRING"] == "a=%C3%A9"
    assert (found["HTTP_COOKIE"], found["HTTP_ACCEPT"]) == ("a=1; b=2", "text/html,*/*")
    assert (found["HTTP_HOST"], found["CONTENT_TYPE"]) == ("example.org", "text/plain")
    assert found["HTTP_X_FORWARDED_PROTO"] == "http"
