"""Requests that fit no schema, at every address, and bodies of hundreds of MiB: no server error, no memory lost."""

import contextlib
import gzip
import http.client
import itertools
import json
import random
import re
import socket
import threading
import time
from pathlib import Path

import pytest
import zstandard
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from audits.decisions.models import Decision
from governance.access import services as access
from tests import live
from tests.integration import two_houses
from tests.unit.audits.decisions import worlds

pytestmark = pytest.mark.slow
MIB = 1024 * 1024
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")
KINDS = (
    "application/json",
    "application/x-ndjson",
    "application/x-protobuf",
    "multipart/form-data; boundary=x",
)
KINDS += (
    "application/x-www-form-urlencoded",
    "application/cloudevents+json",
    "text/plain",
    "",
    "a/b; c",
    "\xff",
)
WORDS = (
    "0",
    "-1",
    "x001",
    "..",
    "%2e%2e%2f",
    "%00",
    "%ff",
    "a" * 3_000,
    "000.p/0",
    "9" * 30,
    "~",
    "é",
    "%0d%0a",
)


@pytest.fixture(scope="module")
def house(template_database, django_db_blocker):
    """A web server of one process, so that its memory is that of the server."""
    options = {"EDGEWISE_WEB_WORKERS": "1", "EDGEWISE_BODY_SECONDS": "4", "EDGEWISE_LOG_LEVEL": "ERROR"}
    with django_db_blocker.unblock(), live.edgewise(template_database, **options) as edgewise:
        yield edgewise


def process(edgewise):
    """The id of the web process."""
    connection = http.client.HTTPConnection(*address(edgewise), timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz")
        return int(connection.getresponse().headers["X-Edgewise-Process"])


def address(edgewise):
    return "127.0.0.1", int(edgewise.url.rpartition(":")[2])


def memory(edgewise, name):
    """MiB of VmRSS or VmHWM; the peak is counted from the last `forget_peak`."""
    status = Path(f"/proc/{process(edgewise)}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024


def forget_peak(edgewise):
    Path(f"/proc/{process(edgewise)}/clear_refs").write_text("5")


def routes(patterns=None, prefix=""):
    """Every address, with holes where parameters are."""
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]+>", "{}", str(pattern.pattern)).strip("^$")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route.replace("\\", "")


def nonsense(rng, route, bearers):
    """A request to the address, or near it."""
    path = "/" + re.sub(r"\{\}", lambda _hole: rng.choice(WORDS), route)
    if rng.random() < 0.4:
        path += "?" + "&".join(
            f"{rng.choice(('system', 'cursor', 'limit', 'next', 'a[]'))}={rng.choice(WORDS)}" for _ in "ab"
        )
    if rng.random() < 0.1:
        path += rng.choice(WORDS)
    headers = {
        "Content-Type": rng.choice(KINDS),
        "Content-Encoding": rng.choice(("", "gzip", "zstd", "br", "gzip, gzip")),
    }
    headers |= {"Accept": rng.choice(("*/*", "text/html", "a/b", "q=;;;", "application/json;q=x"))}
    headers |= {
        "Authorization": rng.choice(bearers),
        "Cookie": f"sessionid={rng.choice(WORDS[:8])}; csrftoken=\xfe",
    }
    headers |= {
        "X-Forwarded-For": rng.choice(WORDS[:6]),
        "If-None-Match": rng.choice(WORDS[:6]),
        "Prefer": "wait=0",
    }
    body = rng.choice(
        (
            b"",
            b"{",
            b"[[[[" * 2_000,
            b'{"a":1e999}',
            bytes(rng.randbytes(300)),
            b"\x1f\x8b\x08\x00" + bytes(9),
        )
    )
    return rng.choice(METHODS), path.encode("ascii", "replace").decode(), headers, body


def send(edgewise, method, path, headers, body):
    """The status; 0 when the server hangs up on what is no HTTP."""
    connection = http.client.HTTPConnection(*address(edgewise), timeout=60)
    with contextlib.closing(connection):
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
        except (http.client.HTTPException, ConnectionError):
            return 0
        return answer.status


def test_nonsense_everywhere_brings_no_server_error_and_no_growth(house):
    """Three times through all addresses; the first time may fill caches."""
    built = two_houses.build(slug="nonsense", at=timezone.now())
    _token, secret = access.create_personal_token(
        person=built.people["owner"],
        organisation=built.organisation,
        label="t",
        scopes=access.TOKEN_SCOPES,
        by=built.people["owner"],
        at=timezone.now(),
    )
    rng = random.Random(20261125)
    bearers = (
        "",
        "Bearer ",
        "Bearer ew_\xe9",
        f"Bearer {built.secret}",
        f"Bearer {secret}",
        "Basic x",
        "Bearer " + "a" * 9_000,
    )
    failed, held = [], []
    for _round in range(3):
        for route in [*routes(), "log/{}/{}/tile/{}", "{}", "api/v1/{}/{}", "static/{}"] * 3:
            request = nonsense(rng, route, bearers)
            status = send(house, *request)
            if status >= 500 and status != 501:
                failed.append((status, request))
        held.append(memory(house, "VmRSS"))
    assert failed == []
    assert held[-1] - held[0] < 30, held
    assert "Internal Server Error" not in house.children["web"].last_words(100_000)


@pytest.mark.parametrize("parameter", ["charset=bz2", "charset=utf-7", "x*=none''a"])
@pytest.mark.parametrize("path", ["/accounts/login/?next=/", "/api/v1/limits?a=1", "/nothing"])
def test_a_charset_other_than_utf_8_is_refused_everywhere(house, path, parameter):
    assert send(house, "GET", path, {"Content-Type": f"text/plain; {parameter}"}, b"") == 415


def test_bytes_that_are_no_http_do_no_harm(house):
    rng = random.Random(20261125)
    starts = (
        b"",
        b"GET ",
        b"POST /api/v1/decisions HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"\x16\x03\x01",
    )
    ends = (
        b"",
        b"\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"Content-Length: -1\r\n\r\n",
    )
    for _ in range(300):
        with socket.create_connection(address(house), timeout=10) as wire, contextlib.suppress(OSError):
            wire.sendall(rng.choice(starts) + rng.randbytes(rng.randrange(200)) + rng.choice(ends))
            wire.shutdown(socket.SHUT_WR)
            answer = wire.recv(100)
            assert not answer or answer.split()[1] < b"500", answer
    assert house.answers()


def stream(edgewise, world, pieces, encoding="identity"):
    """Posts NDJSON as it is made and gives the answered lines, which are read meanwhile."""
    head = (
        f"POST /api/v1/decisions?brief=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {world.secret}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Encoding: {encoding}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(address(edgewise), timeout=120) as wire:

        def write():
            with contextlib.suppress(OSError):
                wire.sendall(head.encode())
                for piece in pieces:
                    wire.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                wire.sendall(b"0\r\n\r\n")

        writer = threading.Thread(target=write)
        writer.start()
        answer = http.client.HTTPResponse(wire, method="POST")
        answer.begin()
        counted: dict[str, int] = {}
        for line in answer:
            status = json.loads(line)["status"]
            counted[status] = counted.get(status, 0) + 1
        writer.join(60)
        assert not writer.is_alive()
        return answer.status, counted


def test_two_hundred_megabytes_of_lines_are_taken_in_bounded_memory(house):
    """Real records, records again, blank lines and lines far too long, 200 MiB in all."""
    world = worlds.make("lines")
    records = [json.dumps(world.record()).encode() + b"\n" for _ in range(2_000)]
    chapter = [
        *(b"".join(records[at : at + 50]) for at in range(0, 2_000, 50)),
        b"\n" * MIB * 4,
        (b"x" * MIB + b"\n") * 6,
    ]
    pieces = (chapter[n % len(chapter)] for n in itertools.count())
    stream(house, world, chapter)
    before = memory(house, "VmRSS")
    forget_peak(house)
    sent = 0

    def until_enough():
        nonlocal sent
        while sent < 200 * MIB:
            piece = next(pieces)
            sent += len(piece)
            yield piece

    began = time.monotonic()
    status, counted = stream(house, world, until_enough())
    assert status == 207
    assert set(counted) == {"duplicate", "rejected"}
    assert counted["duplicate"] > 10_000
    assert memory(house, "VmHWM") - before < 40, (before, memory(house, "VmHWM"))
    assert Decision.objects.filter(system=world.system).count() == 2_000
    assert time.monotonic() - began < 60


def bomb(encoding, size=512 * MIB):
    """A body of a few hundred kilobytes that unpacks to half a gigabyte of one letter."""
    piece = b"x" * MIB
    if encoding == "zstd":
        packer = zstandard.ZstdCompressor().compressobj()
        return b"".join([*(packer.compress(piece) for _ in range(size // MIB)), packer.flush()])
    one = gzip.compress(piece * 16)
    return one * (size // MIB // 16)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-protobuf", "application/x-ndjson"])
def test_a_bomb_is_refused_in_bounded_memory(house, encoding, kind):
    world = worlds.make(f"bomb-{encoding}-{kind.rpartition('-')[2].rpartition('/')[2]}")
    packed = bomb(encoding)
    path = "/v1/logs" if "protobuf" in kind else "/api/v1/decisions"
    headers = {"Authorization": f"Bearer {world.secret}", "Content-Type": kind, "Content-Encoding": encoding}
    send(house, "POST", path, headers, packed[:1_000])
    before = memory(house, "VmRSS")
    forget_peak(house)
    status = send(house, "POST", path, headers, packed)
    assert status == 413
    assert memory(house, "VmHWM") - before < 40, (before, memory(house, "VmHWM"))


def varint(size):
    return bytes([size & 127 | 128]) + varint(size >> 7) if size > 127 else bytes([size])


def sized(content):
    return varint(len(content)) + content


EMPTY_RECORDS = b"\x0a" + sized(b"\x12" + sized(b"\x12\x00" * 4_000_000))
DENSE = {
    "numbers": ("/api/v1/decisions", "application/json", b"[" + b",".join([b"1"] * 4_000_000) + b"]"),
    "empty objects": (
        "/v1/logs",
        "application/json",
        b'{"resourceLogs":[' + b",".join([b"{}"] * 2_500_000) + b"]}",
    ),
    "empty log records": ("/v1/logs", "application/x-protobuf", EMPTY_RECORDS),
}


@pytest.mark.parametrize("name", DENSE)
def test_many_small_values_take_little_memory(house, name):
    """Each of them in memory takes many times the byte or two that it takes in a body."""
    world = worlds.make(f"dense-{len(name)}")
    path, kind, body = DENSE[name]
    headers = {"Authorization": f"Bearer {world.secret}", "Content-Type": kind}
    send(house, "POST", path, headers, body[:10])
    before = memory(house, "VmRSS")
    forget_peak(house)
    assert send(house, "POST", path, headers, body) in (400, 413)
    assert memory(house, "VmHWM") - before < 60, (before, memory(house, "VmHWM"))
