"""The sidecar's HTTP on the loopback interface: bounded in connections, bytes and time."""

from __future__ import annotations

import io
import ipaddress
import json
import logging
import socket
import threading
import time
import zlib
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from edgewise.agent import Agent, BadRequestError, parse
from edgewise.errors import EdgewiseError, VerificationError
from edgewise.transport import RefusedError

MAX_BYTES = 8 << 20
MAX_CONNECTIONS = 64
MAX_DIGITS = 12  # of a stated length
SECONDS_PER_READ = 30.0
SECONDS_PER_REQUEST = 60.0
SECONDS_TO_FINISH = 10.0
JSON, NDJSON = "application/json", "application/x-ndjson"
OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

logger = logging.getLogger("edgewise")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class AgentServer(ThreadingHTTPServer):
    """Serves an agent until it is shut down; `finish` then lets the requests under way end."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, agent: Agent) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.agent = agent
        self.local = is_loopback(host)
        self.stopping = False
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._busy = threading.Condition()
        self._under_way = 0
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection a thread, or close it when there are too many."""
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is nobody's error."""
        logger.debug("a connection to the agent broke", exc_info=True)

    def finish(self) -> None:
        """After `shutdown`: wait for the answers under way, a while."""
        self.stopping = True
        with self._busy:
            self._busy.wait_for(lambda: not self._under_way, SECONDS_TO_FINISH)
        self.server_close()

    def count(self, more: int) -> None:
        """Count the requests under way."""
        with self._busy:
            self._under_way += more
            self._busy.notify_all()


class _Requests(io.RawIOBase):
    """What comes over a connection, each request until a moment of its own; TimeoutError after that."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire, self.until = wire, 0.0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for the next piece, which may come slowly, as long as the whole does not."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request comes too slowly")
        self._wire.settimeout(min(left, SECONDS_PER_READ))
        return self._wire.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "edgewise-agent"
    sys_version = ""
    timeout = SECONDS_PER_READ
    server: AgentServer

    def setup(self) -> None:
        """Read by way of something that knows when a request has to be there."""
        super().setup()
        self.rfile.close()
        self._requests = _Requests(self.connection)
        self.rfile = io.BufferedReader(self._requests)

    def handle_one_request(self) -> None:
        """Take the next request, whole, in its time."""
        self._requests.until = time.monotonic() + SECONDS_PER_REQUEST
        super().handle_one_request()

    def do_GET(self) -> None:
        self._serve({"/v1/policy": self._policy, "/healthz": self._health, "/metrics": self._metrics})

    def do_POST(self) -> None:
        self._serve({"/v1/decisions": self._decisions})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        logger.debug(format, *args)

    def _serve(self, routes: Mapping[str, Any]) -> None:
        self.server.count(1)
        try:
            self._check_host()
            path = self._parts().path
            if path not in routes:
                raise BadRequestError(404, "not_found", f"There is no {self.command} {path}.")
            routes[path]()
        except BadRequestError as problem:
            self._refuse(problem.status, problem.code, str(problem))
        except RefusedError as problem:
            known = problem.status if problem.status in {404, 409} else 502
            self._refuse(known, problem.code, f"The server refuses: {problem.detail}")
        except VerificationError as problem:
            self._refuse(502, "not_verified", f"The policy is not believed: {problem}.")
        except EdgewiseError as problem:
            self._refuse(503, "server_away", f"Try again later: {problem}.", {"Retry-After": "5"})
        except OSError as problem:
            if isinstance(problem, ConnectionError | TimeoutError):
                raise
            self._refuse(507, "spool_full", f"Nothing was accepted: {problem}.", {"Retry-After": "5"})
        except Exception:
            logger.exception("the agent failed at %s %.200r", self.command, self.path)
            self.close_connection = True
            self._refuse(500, "defect", "The agent made a mistake; its log says which. Send it again later.")
        finally:
            self.server.count(-1)

    def _decisions(self) -> None:
        kind = self.headers.get_content_type()
        if kind not in (JSON, NDJSON):
            raise BadRequestError(415, "unsupported_media_type", f"Send {JSON} or {NDJSON}.")
        parsed = parse(self._body(), lines=kind == NDJSON)
        act = self.server.agent.forward if self._query().get("wait") == "1" else self.server.agent.accept
        status, items = act(parsed)
        self._answer(status, {"items": items})

    def _policy(self) -> None:
        policy, tag, age = self.server.agent.policy(self._query())
        headers = {"Age": str(int(age)), **({"ETag": tag} if tag else {})}
        if tag and self.headers.get("If-None-Match") == tag:
            self._write(304, b"", headers)
        else:
            self._answer(200, policy, headers)

    def _health(self) -> None:
        self._answer(200, self.server.agent.state())

    def _metrics(self) -> None:
        text = self.server.agent.metrics().encode()
        self._write(200, text, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    def _check_host(self) -> None:
        """A page in a browser of this machine may reach the port, but cannot name it as its own host."""
        try:
            name = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        except ValueError:
            name = None
        if self.server.local and name not in OWN_NAMES:
            self.close_connection = True
            raise BadRequestError(403, "forbidden", "Name the agent as localhost or 127.0.0.1.")

    def _query(self) -> dict[str, str]:
        return dict(parse_qsl(self._parts().query))

    def _parts(self) -> SplitResult:
        try:
            return urlsplit(self.path)
        except ValueError:
            self.close_connection = True
            raise BadRequestError(400, "malformed", "The address is not one.") from None

    def _body(self) -> bytes:
        stated = self.headers.get("Content-Length", "")
        if not (stated.isascii() and stated.isdigit()):
            self.close_connection = True
            raise BadRequestError(411, "length_required", "State the Content-Length.")
        if len(stated) > MAX_DIGITS or int(stated) > MAX_BYTES:
            self.close_connection = True
            raise BadRequestError(413, "too_large", f"A body has at most {MAX_BYTES} bytes; split it.")
        try:
            body = self.rfile.read(int(stated))
        except TimeoutError as problem:
            self.close_connection = True
            raise BadRequestError(408, "too_slow", f"The body did not come in time: {problem}.") from None
        if len(body) < int(stated):
            self.close_connection = True
            raise BadRequestError(400, "malformed", "The body ended early.")
        return _unpacked(body, self.headers.get("Content-Encoding", "identity"))

    def _refuse(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        kind = {"Content-Type": "application/problem+json", **(headers or {})}
        problem = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
        self._answer(status, problem, kind)

    def _answer(self, status: int, content: Any, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self._write(status, body, {"Content-Type": JSON, **(headers or {})})

    def _write(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.connection.settimeout(SECONDS_PER_READ)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        if self.server.stopping or self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise BadRequestError(415, "unsupported_media_type", "Content-Encoding is gzip, or left out.")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(body, MAX_BYTES + 1)
    except zlib.error as problem:
        raise BadRequestError(400, "malformed", f"The body does not unpack: {problem}.") from None
    if len(unpacked) > MAX_BYTES:
        raise BadRequestError(413, "too_large", f"A body has at most {MAX_BYTES} bytes, unpacked; split it.")
    if not unpacker.eof or unpacker.unused_data:
        raise BadRequestError(400, "malformed", "The body does not unpack: it is cut, or has more behind it.")
    return unpacked


def serve(server: AgentServer, stop: threading.Event) -> None:
    """Serve until `stop` is set; every answer under way is given, what was accepted is on disk."""
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="edgewise-agent", daemon=True)
    thread.start()
    stop.wait()
    server.shutdown()
    server.finish()
    thread.join()
