"""HTTP to an Edgewise server for asyncio: the same calls as `Transport`, without threads.

As much of HTTP/1.1 (RFC 9112) as a client of one server needs: kept-alive connections, bodies of a stated length,
chunked or ended by the connection.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from http.client import HTTPException

from edgewise.backoff import Backoff
from edgewise.errors import UnreachableError
from edgewise.transport import MAX_BODY_BYTES, RETRIED, Answer, address

HEAD_BYTES = 64 << 10
WITHOUT_BODY = frozenset({204, 304})

Connection = tuple[StreamReader, StreamWriter]
BROKEN = (OSError, EOFError, HTTPException, asyncio.LimitOverrunError)


class AsyncTransport:
    """Sends requests to one server over connections that are kept, within one event loop."""

    def __init__(self, url: str, headers: Mapping[str, str], *, timeout: float = 30.0) -> None:
        self._parts = address(url)
        self._prefix = self._parts.path.rstrip("/")
        self._headers = {"Host": self._parts.netloc.rpartition("@")[2], **headers}
        self._timeout = timeout
        self._idle: list[Connection] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = 30.0,
    ) -> Answer:
        """Send until answered, at most for about `patience` seconds; UnreachableError after that."""
        deadline, backoff = time.monotonic() + patience, Backoff()
        while True:
            try:
                answer = await self.once(method, path, body=body, headers=headers)
                if answer.status not in RETRIED:
                    return answer
                reason, wait = f"the server answers {answer.status}", backoff.pause(answer.headers)
            except BROKEN as problem:
                reason, wait = f"the server cannot be reached: {problem}", backoff.pause()
            if time.monotonic() + wait > deadline:
                raise UnreachableError(reason)
            await asyncio.sleep(wait)

    async def once(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request; a kept connection that the server has closed meanwhile is opened again."""
        request = self._written(method, path, body, headers or {})
        if kept := self._take():
            try:
                return await self._exchange(kept, request)
            except (ConnectionError, EOFError):
                pass
        async with asyncio.timeout(self._timeout):
            fresh = await self._connect()
        return await self._exchange(fresh, request)

    async def close(self) -> None:
        """Close the connections that are not in use."""
        idle, self._idle = self._idle, []
        for _, writer in idle:
            writer.close()
        for _, writer in idle:
            try:
                await writer.wait_closed()
            except OSError:
                continue

    def _written(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        named = {**self._headers, **headers}
        if body is not None:
            named["Content-Length"] = str(len(body))
        lines = [
            f"{method} {self._prefix}{path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in named.items()),
        ]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header of the request holds a line break")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")

    async def _exchange(self, connection: Connection, request: bytes) -> Answer:
        """One request and its answer. Cancelled or broken off, the connection is not used again."""
        reader, writer = connection
        try:
            async with asyncio.timeout(self._timeout):
                writer.write(request)
                await writer.drain()
                answer = await _read_answer(reader)
        except BaseException:
            writer.transport.abort()
            raise
        ended = "content-length" not in answer.headers and "transfer-encoding" not in answer.headers
        if answer.headers.get("connection", "").lower() == "close" or (
            ended and answer.status not in WITHOUT_BODY
        ):
            writer.close()
        else:
            self._idle.append(connection)
        return answer

    def _take(self) -> Connection | None:
        """An idle connection of this event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._idle = loop, []
        while self._idle:
            connection = self._idle.pop()
            if not connection[0].at_eof() and not connection[1].is_closing():
                return connection
            connection[1].close()
        return None

    async def _connect(self) -> Connection:
        secure = self._parts.scheme == "https"
        return await asyncio.open_connection(
            self._parts.hostname,
            self._parts.port or (443 if secure else 80),
            ssl=ssl.create_default_context() if secure else None,
            limit=HEAD_BYTES,
        )


async def _read_answer(reader: StreamReader) -> Answer:
    status, headers = await _read_head(reader)
    while 100 <= status < 200:
        status, headers = await _read_head(reader)
    return Answer(status, headers, b"" if status in WITHOUT_BODY else await _read_body(reader, headers))


async def _read_head(reader: StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    version, _, rest = head[0].partition(" ")
    if not version.startswith("HTTP/1.") or not (rest.isascii() and rest[:3].isdigit()):
        raise HTTPException("the answer is not HTTP/1.1")
    pairs = (line.partition(":") for line in head[1:] if line)
    return int(rest[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _read_body(reader: StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    if "content-length" not in headers:
        return await _read_to_the_end(reader)
    length = _size(headers["content-length"], 10)
    return await reader.readexactly(length)


async def _read_to_the_end(reader: StreamReader) -> bytes:
    body = bytearray()
    while piece := await reader.read(HEAD_BYTES):
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException("the answer is too long")
    return bytes(body)


async def _read_chunks(reader: StreamReader) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while size := _size((await reader.readuntil(b"\r\n")).partition(b";")[0].strip().decode("latin-1"), 16):
        total += size
        if total > MAX_BODY_BYTES:
            raise HTTPException("the answer is too long")
        chunks.append((await reader.readexactly(size + 2))[:-2])
    while await reader.readuntil(b"\r\n") != b"\r\n":
        continue
    return b"".join(chunks)


def _size(text: str, base: int) -> int:
    try:
        size = int(text, base)
    except ValueError:
        raise HTTPException("the answer states no length") from None
    if not 0 <= size <= MAX_BODY_BYTES:
        raise HTTPException("the answer is too long")
    return size
