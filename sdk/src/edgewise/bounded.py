"""Talking to a server in bounded time and memory, whatever it sends and however slowly it takes what is sent.

`http.client` waits anew for each piece, reads any number of interim answers and trailers, and takes a chunk of a
negative size for all that ever comes. Here each byte is counted on its way out of the socket.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterator
from typing import Any

from edgewise.errors import UnreachableError

HEAD_BYTES = 256 << 10
BYTES_A_SECOND = 16 << 10


def pieces(body: bytes, connection: http.client.HTTPConnection, *, seconds: float) -> Iterator[bytes]:
    """The body of a request, to be sent in `seconds` and one more for each 16 KiB; TimeoutError after that.

    Over TLS the time limit of a socket begins anew with each record; a piece is one.
    """
    began = time.monotonic()
    for start in range(0, len(body), BYTES_A_SECOND):
        left = began + seconds + start / BYTES_A_SECOND - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server takes the request too slowly")
        connection.sock.settimeout(min(left, seconds))
        yield body[start : start + BYTES_A_SECOND]


class Limited(io.RawIOBase):
    """The bytes of one answer: at most `most` of them, in `seconds` and one more for each 16 KiB that came."""

    def __init__(self, raw: io.RawIOBase, wire: socket.socket, *, most: int, seconds: float) -> None:
        self._raw, self._wire, self._most, self._seconds = raw, wire, most, seconds
        self._got, self._began = 0, time.monotonic()

    def allow(self, more: int) -> None:
        """Some more bytes may come: the head was read, and the body follows."""
        self._most += more

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """TimeoutError when the answer comes too slowly, UnreachableError when it is too long."""
        left = self._began + self._seconds + self._got / BYTES_A_SECOND - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer comes too slowly")
        if self._got > self._most:
            raise UnreachableError(f"the server answers with more than {self._most} bytes")
        self._wire.settimeout(min(left, self._seconds))
        count: int | None = self._raw.readinto(buffer)
        self._got += count or 0
        return count

    def close(self) -> None:
        """Lets go of the socket."""
        self._raw.close()
        super().close()


def responses(*, most: int, seconds: float) -> type[http.client.HTTPResponse]:
    """The class of responses whose body has at most `most` bytes, to be set as a connection's `response_class`."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *arguments: Any, **more: Any) -> None:
            super().__init__(sock, *arguments, **more)
            self._limited = Limited(self.fp.detach(), sock, most=HEAD_BYTES, seconds=seconds)
            self.fp = io.BufferedReader(self._limited)

        def begin(self) -> None:
            super().begin()
            self._limited.allow(most)

    return Response
