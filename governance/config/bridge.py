"""The WSGI application behind an ASGI server, so that no thread waits for a body that does not come.

The event loop takes in a body of stated length, up to ``SHORT`` bytes, before a thread sees the request. Longer ones
are read by the thread as they come. Either way a body has ``grace`` seconds and one more for each KiB of it, and a
client as many to take a piece of its answer. ASGI 3 on one side, PEP 3333 on the other.
"""

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from queue import SimpleQueue
from typing import Any
from urllib.parse import unquote_to_bytes

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Whole = tuple[int, Headers, bytes]

SHORT = 1_048_576
# Bodies that were taken in hold so much memory together; one that comes then is read by its thread.
AHEAD = 32 * SHORT
BYTES_A_SECOND = 1_024
# A longer answer is handed over in pieces of so many bytes, each to be taken in time.
PIECE = 131_072


class Body:
    """``wsgi.input``. Its methods are called in a thread, ``take_in`` in the event loop."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop, grace: float) -> None:
        self._receive, self._loop, self._grace = receive, loop, grace
        self._began, self._got = time.monotonic(), 0
        self._here, self._ended = bytearray(), False

    async def take_in(self) -> None:
        """Until the whole body is here; OSError as in ``read``."""
        while not self._ended:
            await self._take()

    async def _take(self) -> None:
        left = self._began + self._grace + self._got / BYTES_A_SECOND - time.monotonic()
        message = await asyncio.wait_for(self._receive(), max(0.0, left))
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError("the body was cut")
        piece = message.get("body", b"")
        self._got += len(piece)
        self._here += piece
        self._ended = not message.get("more_body", False)

    def read(self, size: int = -1) -> bytes:
        """PEP 3333; TimeoutError when the body does not come in time, ConnectionAbortedError when it is cut."""
        while not self._ended and (size < 0 or len(self._here) < size):
            asyncio.run_coroutine_threadsafe(self._take(), self._loop).result()
        return self._cut(len(self._here) if size < 0 else size)

    def readline(self, size: int = -1) -> bytes:
        """Up to and with the next end of a line."""
        while not self._ended and b"\n" not in self._here and (size < 0 or len(self._here) < size):
            asyncio.run_coroutine_threadsafe(self._take(), self._loop).result()
        line = self._here.find(b"\n") + 1 or len(self._here)
        return self._cut(line if size < 0 else min(line, size))

    def readlines(self, hint: int = -1) -> list[bytes]:
        """All lines that are left."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _cut(self, size: int) -> bytes:
        found = bytes(memoryview(self._here)[:size])
        del self._here[:size]
        return found


class Bridge:
    """An ASGI application: ``application`` in ``threads`` threads; ``refuse`` is the answer to a body that fails."""

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        *,
        threads: int,
        grace: float,
        refuse: Callable[[OSError], Whole],
    ) -> None:
        self._application, self._grace, self._refuse = application, grace, refuse
        self._asked: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._ahead = 0
        for number in range(threads):
            threading.Thread(target=self._work, name=f"web-{number}", daemon=True).start()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        length = next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)
        ahead = length if length <= SHORT and self._ahead + length <= AHEAD else 0
        self._ahead += ahead
        try:
            await self._handle(scope, Body(receive, asyncio.get_running_loop(), self._grace), send, ahead > 0)
        finally:
            self._ahead -= ahead

    async def _handle(self, scope: Message, body: Body, send: Send, ahead: bool) -> None:
        try:
            if ahead:
                await body.take_in()
        except OSError as error:
            await _answer(send, *self._refuse(error), self._grace)
            return
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):  # the client takes nothing: it is cut off
            whole = await self._in_thread(lambda: self._run(_environ(scope, body), send, loop), loop)
            if whole is not None:
                await _answer(send, *whole, self._grace)

    def _work(self) -> None:
        while True:
            self._asked.get()()

    def _in_thread(
        self, task: Callable[[], Whole | None], loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[Whole | None]:
        """What a ThreadPoolExecutor would do with two more futures for each request."""
        done: asyncio.Future[Whole | None] = loop.create_future()

        def run() -> None:
            try:
                found = task()
            except BaseException as error:  # noqa: BLE001  (raised again where it is awaited)
                loop.call_soon_threadsafe(_settle, done, done.set_exception, error)
            else:
                loop.call_soon_threadsafe(_settle, done, done.set_result, found)

        self._asked.put(run)
        return done

    def _run(self, environ: dict[str, Any], send: Send, loop: asyncio.AbstractEventLoop) -> Whole | None:
        """In a thread: an answer of stated length is returned as a whole, any other is sent as it is made."""
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: list[tuple[str, str]], failure: object = None) -> None:
            told = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            started[:] = [(int(status[:3]), told)]

        pieces = self._application(environ, start_response)
        try:
            status, headers = started[0]
            if any(name.lower() == b"content-length" for name, _value in headers):
                return status, headers, b"".join(pieces)
            self._stream(status, headers, pieces, lambda told: _sent(send, told, loop, self._grace))
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        return None

    def _stream(
        self, status: int, headers: Headers, pieces: Iterable[bytes], tell: Callable[[Message], None]
    ) -> None:
        """What ends without its last message is cut by the server, so that the client can tell."""
        tell({"type": "http.response.start", "status": status, "headers": headers})
        for piece in pieces:
            tell({"type": "http.response.body", "body": piece, "more_body": True})
        tell({"type": "http.response.body", "body": b"", "more_body": False})


def _settle(done: asyncio.Future[Whole | None], settle: Callable[[Any], None], found: Any) -> None:
    if not done.cancelled():
        settle(found)


def _sent(send: Send, message: Message, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    async def in_time() -> None:
        await asyncio.wait_for(send(message), seconds)

    asyncio.run_coroutine_threadsafe(in_time(), loop).result()


async def _answer(send: Send, status: int, headers: Headers, body: bytes, seconds: float) -> None:
    """TimeoutError when the client takes nothing: its answer stays in memory no longer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for start in range(0, len(body) - PIECE, PIECE):
        piece = {"type": "http.response.body", "body": body[start : start + PIECE], "more_body": True}
        await asyncio.wait_for(send(piece), seconds)
    await send({"type": "http.response.body", "body": body[max(0, -(-len(body) // PIECE) - 1) * PIECE :]})


def _environ(scope: Message, body: Body) -> dict[str, Any]:
    """PEP 3333. A header with an underscore in its name is dropped: it could pass for one that a proxy sets."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "REMOTE_ADDR": scope["client"][0],
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" not in name:
            _add(environ, name.decode("latin-1").upper().replace("-", "_"), value.decode("latin-1"))
    return environ


def _add(environ: dict[str, Any], name: str, value: str) -> None:
    key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
    between = "; " if name == "COOKIE" else ","
    environ[key] = f"{environ[key]}{between}{value}" if key in environ else value
