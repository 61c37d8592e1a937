"""A load generator that costs little: requests are bytes made beforehand, connections are kept open."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self

RECEIVE = 1 << 18


class Refused(Exception):
    """The server answered with something else than success."""


class Connection:
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def exchange(self, request: bytes) -> bytes:
        """Sends a whole request; the body of the answer. Raises Refused unless it is a 2xx."""
        self._socket.sendall(request)
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._received()
        head = bytes(data[:end]).lower()
        wanted = end + 4 + _length(head)
        while len(data) < wanted:
            data += self._received()
        if not head.startswith(b"http/1.1 2"):
            raise Refused(bytes(data[: end + 400]).decode(errors="replace"))
        return bytes(data[end + 4 : wanted])

    def _received(self) -> bytes:
        part = self._socket.recv(RECEIVE)
        if not part:
            raise Refused("The server closed the connection.")
        return part


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise Refused("The answer does not state its length.")


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    fields = {"Host": "127.0.0.1", **headers, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def drive(port: int, requests: Iterable[bytes], connections: int) -> float:
    """Sends all requests over that many connections at once; seconds from the first to the last answer."""
    return drive_with(port, lambda source: source, requests, connections)


def drive_with(
    port: int,
    prepare: Callable[[Iterator[bytes]], Iterator[bytes]],
    requests: Iterable[bytes],
    connections: int,
) -> float:
    """As ``drive``; ``prepare`` turns the shared source into one connection's requests."""
    source, lock, failures = iter(requests), threading.Lock(), list[BaseException]()

    def shared() -> Iterator[bytes]:
        while True:
            with lock:
                found = next(source, None)
            if found is None or failures:
                return
            yield found

    def work() -> None:
        try:
            with Connection("127.0.0.1", port) as connection:
                for each in prepare(shared()):
                    connection.exchange(each)
        except (Refused, OSError) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"The benchmark was refused: {failures[0]}")
    return time.monotonic() - began
