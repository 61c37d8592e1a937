"""A server that is scripted, for tests of the client."""

import gzip
import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]


class Listening(ThreadingHTTPServer):
    """The standard library lets five wait; a sixth connection would come a second later, or thirty."""

    request_queue_size = 128


class Server:
    """Answers by `script`, if anything is left in it, else as a sound server would."""

    def __init__(self) -> None:
        self.script: list[Reply | Callable[[list], Reply]] = []
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.logged: dict[str, dict] = {}
        self.routes: dict[str, Callable[[dict[str, str]], Reply]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._reply(outer.get(self.path, dict(self.headers)))

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    data = gzip.decompress(data)
                self._reply(outer.post(self.path, dict(self.headers), json.loads(data)))

            def _reply(self, reply: Reply) -> None:
                status, headers, body = reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = Listening(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def get(self, path: str, headers: dict[str, str]) -> Reply:
        self.requests.append(("GET", path, headers, None))
        route = self.routes.get(path.partition("?")[0])
        return route(headers) if route else problem(404, "not_found")

    def post(self, path: str, headers: dict[str, str], records: list[dict]) -> Reply:
        self.requests.append(("POST", path, headers, records))
        if self.script:
            step = self.script.pop(0)
            return step(records) if callable(step) else step
        return self.accept(records)

    def accept(self, records: list[dict]) -> Reply:
        items = []
        for record in records:
            known = record["id"] in self.logged
            self.logged[record["id"]] = record
            items.append({"id": record["id"], "status": "duplicate" if known else "logged", "index": 1})
        return 201, {}, json.dumps({"items": items}).encode()

    def posts(self) -> list[list[dict]]:
        return [request[3] for request in self.requests if request[0] == "POST"]


def problem(status: int, code: str, headers: dict[str, str] | None = None) -> Reply:
    return status, headers or {}, json.dumps({"code": code, "detail": "No."}).encode()


def until(holds: Callable[[], Any], seconds: float = 15.0) -> bool:
    """Whether something comes to hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def not_yet(records: list[dict]) -> Reply:
    """Every record is ahead of the server's clock."""
    error = {"code": "occurred_in_future", "detail": "No.", "pointer": "/occurred_at", "retryable": True}
    items = [{"id": record["id"], "status": "rejected", "error": error} for record in records]
    return 422, {}, json.dumps({"items": items}).encode()
