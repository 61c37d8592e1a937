"""A house scorer in this process, and a webhook that answers as told, on loopback."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
from contextlib import contextmanager, suppress

from edgewise.scorers import Scored


class House:
    """Scores by the length of the text and option; the same as ``reported`` where it knows the option."""

    name = "house@1"
    edges = ("safety", "privacy", "expression")

    def __init__(self):
        self.asked = []

    def score(self, text, options):
        self.asked.append((text, list(options)))
        known = {"label": (0.7, 0.8, 0.9), "remove": (0.9, 0.8, 0.1)}
        return [
            {
                edge: Scored(score)
                for edge, score in zip(self.edges, known.get(option, (0.5, 0.5, 0.5)), strict=True)
            }
            for option in options
        ]


house = House()


def answer(message, score=0.5):
    """A complete answer."""
    return {
        "scorer": message["scorer"],
        "decisions": {
            case["id"]: {option["id"]: dict.fromkeys(message["edges"], score) for option in case["options"]}
            for case in message["decisions"]
        },
    }


@contextmanager
def webhook(reply):
    """``reply(message) -> (status, body)``, the body whole or in pieces; yields the address and the requests received.

    A request is its headers, with its path under ":path", and its body.
    """
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers) | {":path": self.path}, body))
            status, text, more = (*reply(json.loads(body)), {})[:3]
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if isinstance(text, bytes):
                self.send_header("Content-Length", str(len(text)))
                text = [text]
            self.end_headers()
            with suppress(ConnectionError):
                for piece in text:
                    self.wfile.write(piece)

        def log_message(self, *_args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/score", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def signature(secret, headers, body):
    """As a receiver of Standard Webhooks computes it."""
    found = {name.lower(): value for name, value in headers.items()}
    signed = f"{found['webhook-id']}.{found['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
