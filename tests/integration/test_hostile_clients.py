"""Clients that lie, leave, hurry and come twice, at every way in, against a server of its own process."""

import contextlib
import itertools
import json
import os
import re
import signal
import socket
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException

import pytest
from django.utils import timezone
from edgewise import tiles

from audits.decisions import intake
from audits.decisions.models import Decision
from audits.ledger import selectors as ledger
from governance.access import services as access
from governance.config.bridge import PIECE
from tests import live
from tests.integration import ways_in
from tests.integration.ways_in import ALL, TELLING, TOGETHER, Request, packed, send
from tests.unit.audits.decisions import worlds

pytestmark = pytest.mark.slow

HOST = b"Host: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def worlds_made():
    return iter(range(1_000))


@pytest.fixture
def world(live_edgewise, worlds_made):
    """An organisation of the test's own, on the server of all of them."""
    return worlds.make(f"org-{next(worlds_made)}")


def logged(world):
    """The ids in the log by their place; no place is missing, none is taken twice."""
    log = ledger.log_of(organisation=world.organisation, system=world.system)
    entries = [json.loads(entry) for entry in ledger.entries(log=log, start=0, stop=100_000)]
    found = {
        index: entry["record"]["id"] for index, entry in enumerate(entries) if entry["type"] == "decision"
    }
    rows = Decision.objects.filter(system=world.system).values_list("index", "uuid")
    assert {index: str(uuid) for index, uuid in rows} == found
    return list(found.values())


def failures(edgewise):
    """What the server says of defects: nothing, unless it has some."""
    return re.findall(r"Internal Server Error.*|Traceback.*", edgewise.children["web"].last_words(100_000))


def wire(edgewise):
    return socket.create_connection(("127.0.0.1", int(edgewise.url.rpartition(":")[2])), timeout=20)


def head(world, request, *more):
    """The request's head as it goes over the wire, without a length."""
    told = {"Authorization": f"Bearer {world.secret}", "Content-Type": request.kind, **request.headers}
    lines = [f"POST {request.path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {told[name]}" for name in told)]
    return "\r\n".join([*lines, *more, "", ""]).encode()


def test_half_a_request_is_no_request(live_edgewise, world):
    """The body breaks off after a whole record, and a promise: nothing is logged, nothing of it is a defect."""
    for way in ALL.values():
        for request in (way(world.record()), packed(way(world.record()))):
            for framing, sent in (
                (f"Content-Length: {len(request.body) + 1}", request.body),
                (f"Content-Length: {2_000_000}", request.body),
                ("Transfer-Encoding: chunked", b"%x\r\n%b\r\n" % (len(request.body), request.body)),
            ):
                with wire(live_edgewise) as client:
                    client.sendall(head(world, request, framing) + sent)
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65_536):
                        pass
    assert logged(world) == []
    assert failures(live_edgewise) == []


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_half_a_form_is_no_form_and_fills_no_log(live_edgewise, kind):
    """At the sign-in page, which needs no key: short ones, long ones, and such as state no length."""
    for length in (100, 2_000_000):
        with wire(live_edgewise) as client:
            form = b"POST /accounts/login/ HTTP/1.1\r\n" + HOST + f"Content-Type: {kind}\r\n".encode()
            client.sendall(form + b"Content-Length: %d\r\n\r\n--x\r\nlogin=a" % length)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65_536):
                pass
    assert failures(live_edgewise) == []


def test_chunks_that_are_not_what_they_say_are_told_so(live_edgewise, world):
    for way in ALL.values():
        request = way(world.record())
        with wire(live_edgewise) as client:
            whole = b"%x\r\n%b\r\n" % (len(request.body), request.body)
            client.sendall(head(world, request, "Transfer-Encoding: chunked") + whole)
            time.sleep(0.05)
            client.sendall(b"zz\r\n")
            assert b"cut_off" in client.recv(65_536)
    assert logged(world) == []


def test_two_lengths_are_one_body_or_none(live_edgewise, world):
    """Chunks win over a length beside them, and two lengths are refused: nothing is smuggled behind a body."""
    request = ways_in.plain(world.record())
    smuggled = head(world, ways_in.plain(), "Content-Length: 2") + b"[]"
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(request.body), request.body)
    for extra, body, status in (
        (["Content-Length: 3", "Transfer-Encoding: chunked"], chunk + smuggled, b"201"),
        (["Content-Length: 3", f"Content-Length: {len(request.body)}"], request.body, b"400"),
        (["Transfer-Encoding: identity", "Content-Length: 3"], request.body, b"400"),
    ):
        with wire(live_edgewise) as client:
            client.sendall(head(world, request, *extra) + body)
            answers = b"".join(iter(lambda client=client: client.recv(65_536), b""))
        assert answers.split()[1] == status
        assert answers.count(b"HTTP/1.1 ") == 1
    assert len(logged(world)) == 1


def test_requests_in_one_breath_are_answered_in_order(live_edgewise, world):
    """Pipelined, the last of them after `100 Continue`."""
    requests = [way(world.record()) for way in TELLING.values()]
    lengths = [f"Content-Length: {len(request.body)}" for request in requests]
    with wire(live_edgewise) as client:
        for request, length in zip(requests, lengths, strict=True):
            client.sendall(head(world, request, length) + request.body)
        last = ways_in.plain(world.record())
        asks = ("Expect: 100-continue", "Connection: close", f"Content-Length: {len(last.body)}")
        client.sendall(head(world, last, *asks))
        answers = b""
        while b"100 Continue" not in answers:
            answers += client.recv(65_536)
        client.sendall(last.body)
        answers += b"".join(iter(lambda: client.recv(65_536), b""))
    answered = [json.loads(b"[%b]" % part)[0] for part in re.findall(rb"\{.*\}", answers)]
    items = [item for part in answered for item in part.get("items", [part])]
    assert [item["id"] for item in items] == logged(world)
    assert len(items) == 4


def test_a_long_answer_is_whole_and_its_head_can_be_asked_for(live_edgewise, world):
    """An entry bundle of more than one piece, with HEAD and then with GET on one connection."""
    send(live_edgewise.url, ways_in.plain(*[world.record() for _ in range(255)]), bearer=world.secret)
    log = ledger.log_of(organisation=world.organisation, system=world.system)
    entries = ledger.entries(log=log, start=0, stop=256)
    path = f"/log/{world.organisation.slug}/{world.system.slug}/tile/entries/000"
    address = live_edgewise.url.removeprefix("http://")
    headers = {"Authorization": f"Bearer {world.secret}"}
    with contextlib.closing(HTTPConnection(address, timeout=20)) as client:
        found = []
        for method in ("HEAD", "GET", "HEAD", "GET"):
            client.request(method, path, headers=headers)
            answer = client.getresponse()
            found.append((answer.status, answer.headers["Content-Length"], answer.read()))
    bundle = tiles.encode_bundle(entries)
    assert len(bundle) > PIECE
    assert found == [(200, str(len(bundle)), b""), (200, str(len(bundle)), bundle)] * 2


@pytest.fixture
def keys(world):
    """Keys that may not log, and who holds them."""
    at = timezone.now()
    revoked, secret = access.create_api_key(system=world.system, label="gone", by=None, at=at)
    _key, reading = access.create_api_key(
        system=world.system, label="reads", scopes=("policy:read",), by=None, at=at
    )
    owner = world.people["owner"]
    _token, person = access.create_personal_token(
        person=owner, organisation=world.organisation, label="t", by=owner, at=at
    )
    return {"revoked": (revoked, secret), "reading": reading, "person": person}


def test_who_may_not_log_is_refused_at_every_way_in(live_edgewise, world, keys):
    """No cookie helps, a revoked key is good for a second at most, and nothing is logged."""
    key, secret = keys["revoked"]
    request = ways_in.plain(world.record())
    assert send(live_edgewise.url, request, bearer=secret).status == 201
    access.revoke_api_key(key=key, by=world.people["owner"], at=timezone.now())
    time.sleep(1.0)
    for way in ALL.values():
        request = way(world.record())
        expected = {"": 401, "ew_wrong": 401, secret: 401, keys["reading"]: 403, keys["person"]: 403}
        for bearer, status in expected.items():
            cookies = {"Cookie": "sessionid=abc; csrftoken=abc", "X-CSRFToken": "abc"}
            for more in ({}, cookies):
                assert send(live_edgewise.url, request, bearer=bearer, **more).status == status
    assert len(logged(world)) == 1


@pytest.mark.parametrize("way", TOGETHER.values(), ids=TOGETHER)
def test_a_key_logs_for_no_other_system(live_edgewise, world, way, worlds_made):
    """The record names its system; where it does not, it is that of the key."""
    other = worlds.make(f"org-{next(worlds_made)}")
    record = world.record(system="elsewhere")
    answer = send(live_edgewise.url, way(record), bearer=other.secret)
    assert b"wrong_system" in answer.body
    assert send(live_edgewise.url, way(world.record()), bearer=other.secret).status < 300
    assert (len(logged(world)), len(logged(other))) == (0, 1)


@pytest.mark.parametrize("way", TOGETHER.values(), ids=TOGETHER)
def test_an_id_that_comes_twice_in_one_message_is_logged_once(live_edgewise, world, way):
    record, other = world.record(), world.record()
    answer = send(
        live_edgewise.url, way(record, record, {**record, "chosen": "remove"}, other), bearer=world.secret
    )
    if way in TELLING.values():
        assert answer.statuses() == ["logged", "duplicate", "rejected", "logged"]
    assert b"conflicting_duplicate" in answer.body
    assert logged(world) == [record["id"], other["id"]]


def test_an_id_that_comes_by_every_way_is_logged_once(live_edgewise, world):
    record = world.record()
    answers = {
        name: send(live_edgewise.url, packed(way(record)), bearer=world.secret) for name, way in ALL.items()
    }
    told = [answer.statuses() for name, answer in answers.items() if not name.startswith("OTLP")]
    assert told == [["logged"], *[["duplicate"]] * 4]
    assert {answer.status for answer in answers.values()} == {200, 201}
    assert (answers["OTLP JSON"].body, answers["OTLP protobuf"].body) == (b"{}", b"")
    assert logged(world) == [record["id"]]


def test_the_same_ids_from_many_connections_at_once_are_logged_once(live_edgewise, world):
    """By all ways together: of each id one answer is `logged`, if it is not OTLP's, which does not say."""
    records = [world.record() for _ in range(12)]
    told = {name: way for name, way in ALL.items() if not name.startswith("OTLP")}
    requests = [way(record) for record in records for way in told.values()]
    with ThreadPoolExecutor(15) as pool:
        answers = list(pool.map(lambda each: send(live_edgewise.url, each, bearer=world.secret), requests))
    for at in range(0, len(answers), len(told)):
        statuses = [status for answer in answers[at : at + len(told)] for status in answer.statuses()]
        assert sorted(statuses) == ["duplicate"] * (len(told) - 1) + ["logged"]
    more = [world.record() for _ in range(6)]
    requests = [way(record) for record in more for way in (ways_in.otlp_json, ways_in.otlp_protobuf)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda each: send(live_edgewise.url, each, bearer=world.secret), requests))
    assert {answer.body for answer in answers} == {b"{}", b""}
    assert sorted(logged(world)) == sorted(record["id"] for record in records + more)


UNFIT = {
    "nothing": lambda request: b"",
    "half": lambda request: request.body[: len(request.body) // 2],
    "no JSON": lambda request: b"\xff\xfe{" + request.body,
    "more": lambda request: request.body + request.body,
    "deep": lambda request: b"[" * 100_000,
}


# Nothing is a message of no records in these, and two messages in a row are one.
STILL_FIT = ("application/x-protobuf", "application/x-ndjson")


@pytest.mark.parametrize("way", ALL.values(), ids=ALL)
def test_what_is_no_request_is_refused(live_edgewise, world, way):
    """Malformed, cut, damaged in its packing, or too large: refused as the caller's fault, and nothing is logged."""
    sound = way(world.record())
    for name, damage in UNFIT.items():
        body = damage(sound)
        if name in ("nothing", "more") and sound.kind in STILL_FIT:
            continue
        answer = send(
            live_edgewise.url, Request(body, sound.kind, sound.path, sound.headers), bearer=world.secret
        )
        assert answer.status in (400, 422), name
    zipped = packed(sound)
    flipped = bytearray(zipped.body)
    flipped[-6] ^= 0xFF
    for body in (zipped.body[:-9], bytes(flipped), sound.body, zipped.body + b"x"):
        damaged = Request(body, zipped.kind, zipped.path, zipped.headers)
        assert send(live_edgewise.url, damaged, bearer=world.secret).status == 400
    huge = packed(Request(b" " * (intake.MAX_BYTES + 1), sound.kind, sound.path, sound.headers))
    assert send(live_edgewise.url, huge, bearer=world.secret).status == 413
    assert logged(world) == []
    assert failures(live_edgewise) == []


def posting(edgewise, world, way, stop, acknowledged):
    """Posts three records at a time until told to stop, and keeps the ids of those acknowledged."""
    while not stop.wait(0.01):
        records = [world.record() for _ in range(3)]
        with contextlib.suppress(OSError, HTTPException):
            if send(edgewise.url, way(*records), bearer=world.secret).status in (200, 201):
                acknowledged += [record["id"] for record in records]


def streaming(edgewise, world, stop, acknowledged):
    """One stream after the other, each line kept whose answer came."""
    while not stop.wait(0.05):
        with contextlib.suppress(OSError), wire(edgewise) as client:
            records = (world.record() for _ in range(100_000))
            client.sendall(head(world, ways_in.lines(), "Connection: close", "Transfer-Encoding: chunked"))
            writer = threading.Thread(target=_write, args=(client, records, stop))
            writer.start()
            for line in client.makefile("rb"):
                found = re.search(rb'"id":"([^"]*)","status":"logged"', line)
                acknowledged += [found[1].decode()] if found else []
            writer.join()


def _write(client, records, stop):
    with contextlib.suppress(OSError):
        for _ in range(20):
            lines = ways_in.lines(*itertools.islice(records, 50)).body
            client.sendall(b"%x\r\n%b\r\n" % (len(lines), lines))
            if stop.is_set():
                break
        client.sendall(b"0\r\n\r\n")


def kill(edgewise):
    """SIGKILL to the process that serves; another takes its place."""
    with urllib.request.urlopen(f"{edgewise.url}/healthz", timeout=20) as answer:
        os.kill(int(answer.headers["X-Edgewise-Process"]), signal.SIGKILL)


def restart(edgewise):
    """SIGTERM to the server, as an upgrade sends it."""
    began = time.monotonic()
    edgewise.children["web"].stop()
    assert time.monotonic() - began < 10
    edgewise.start_web()


def test_what_was_acknowledged_before_a_blow_is_in_the_log_once(live_edgewise, world):
    """In the middle of streams, and of batches by every way, while requests wait in the queue."""
    stop, acknowledged = threading.Event(), []
    work = [threading.Thread(target=streaming, args=(live_edgewise, world, stop, acknowledged))]
    work += [
        threading.Thread(target=posting, args=(live_edgewise, world, way, stop, acknowledged))
        for way in TOGETHER.values()
    ]
    for each in work:
        each.start()
    try:
        for blow in (kill, restart):
            before = len(acknowledged)
            live.wait_for(lambda before=before: len(acknowledged) > before + 50, seconds=60)
            blow(live_edgewise)
        before = len(acknowledged)
        live.wait_for(lambda: len(acknowledged) > before + 50, seconds=60)
    finally:
        stop.set()
        for each in work:
            each.join(30)
    found = logged(world)
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)
