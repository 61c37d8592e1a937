"""HTTP to an Edgewise server: kept-alive connections, retries with back-off, errors with stable codes."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from edgewise import bounded
from edgewise.backoff import Backoff
from edgewise.errors import EdgewiseError, UnreachableError

RETRIED = frozenset({429, 500, 502, 503, 504})
MAX_BODY_BYTES = 256 << 20
NO_CODE = "refused"  # of a refusal without a problem document

_TOKEN = re.compile(r"[!-~]+")

BROKEN = (OSError, http.client.HTTPException)
"""What a request raises when it got no answer, or half of one."""


class RefusedError(EdgewiseError):
    """The server refused. `code` is stable, `status` the HTTP status, `detail` says what to do.

    `pointer` names the place in the record, if it is a record that is refused; `retryable` says that it may be taken
    later.
    """

    def __init__(
        self, status: int, code: str, detail: str, *, pointer: str = "", retryable: bool = False
    ) -> None:
        super().__init__(f"{code}: {detail}" + (f" ({pointer})" if pointer else ""))
        self.status = status
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, read whole; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; UnreachableError if it is none (a proxy's page, a cut answer)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise UnreachableError(f"the server answered {self.status} without JSON") from None


def address(url: str) -> SplitResult:
    """The parts of a server's address; ValueError if it is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is not an http or https address")
    return parts


def bearer(token: str | None, field: str) -> dict[str, str]:
    """The header that shows a key; ValueError, which never shows it, if it is none that a header can hold."""
    if not token:
        raise ValueError(f"{field} is empty; give the key as Edgewise showed it once")
    if not _TOKEN.fullmatch(token):
        raise ValueError(
            f"{field} holds a space, a line break or a character that no key has; a file's last line break does not "
            "belong to it, strip() takes that off"
        )
    return {"Authorization": f"Bearer {token}"}


class Transport:
    """Sends requests to one server over connections that are kept; threads may share it."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout: float = 30.0,
        max_body: int = MAX_BODY_BYTES,
    ) -> None:
        parts = address(url)
        self.prefix = parts.path.rstrip("/")
        self._parts = parts
        self._headers = dict(headers)
        self._timeout = timeout
        self._max_body = max_body
        self._responses = bounded.responses(most=max_body, seconds=timeout)
        self._idle: list[http.client.HTTPConnection] = []
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._closed = False

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = 30.0,
    ) -> Answer:
        """Send until answered, at most for about `patience` seconds; UnreachableError after that.

        429, 5xx and broken connections are tried again with growing, jittered pauses, or after the pause that the
        server names. Every request of this client may be repeated: records carry their own ids.
        """
        deadline, backoff = time.monotonic() + patience, Backoff()
        while True:
            try:
                answer = self.once(method, path, body=body, headers=headers)
                if answer.status not in RETRIED:
                    return answer
                reason, wait = f"the server answers {answer.status}", backoff.pause(answer.headers)
            except BROKEN as problem:
                reason, wait = f"the server cannot be reached: {problem}", backoff.pause()
            if time.monotonic() + wait > deadline:
                raise UnreachableError(reason)
            time.sleep(wait)

    def once(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request; a kept connection that the server has closed meanwhile is opened again."""
        connection = self._take()
        if connection is not None:
            with suppress(ConnectionError):
                return self._exchange(connection, method, path, body, headers or {})
        return self._exchange(self._connect(), method, path, body, headers or {})

    def close(self) -> None:
        """Close the connections that are not in use, and the others after their use."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        try:
            if connection.sock:
                connection.sock.settimeout(self._timeout)
            self._request(connection, method, path, body, {**self._headers, **headers})
            with closing(connection.getresponse()) as response:
                data = self._read(response)
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, data)

    def _request(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> None:
        if body:
            headers["Content-Length"] = str(len(body))
            sent = bounded.pieces(body, connection, seconds=self._timeout)
            connection.request(method, self.prefix + path, body=sent, headers=headers)
        else:
            connection.request(method, self.prefix + path, body=body, headers=headers)

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """The whole body; UnreachableError if it is longer than any that is expected."""
        try:
            data = response.read(self._max_body + 1)
        except ValueError:
            raise http.client.HTTPException("the answer is cut into impossible chunks") from None
        if len(data) > self._max_body:
            raise UnreachableError(f"the server answers with more than {self._max_body} bytes")
        if response.length:
            raise http.client.IncompleteRead(data, response.length)
        return data

    def _take(self) -> http.client.HTTPConnection | None:
        """An idle connection of this process: those of the parent of a fork are the parent's."""
        if self._process != os.getpid():
            self._process, self._idle, self._lock = os.getpid(), [], threading.Lock()
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        else:
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=context)
        connection.response_class = self._responses
        return connection


def refusal(answer: Answer) -> RefusedError:
    """The error that a problem document (RFC 9457) describes."""
    try:
        problem = json.loads(answer.body)
        return RefusedError(
            answer.status,
            str(problem["code"]),
            str(problem.get("detail", "")),
            pointer=str(problem.get("pointer") or ""),
            retryable=bool(problem.get("retryable")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return RefusedError(answer.status, NO_CODE, f"the server answered {answer.status}")
