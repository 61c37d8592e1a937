"""PostgreSQL slow, full or away: refused with a reason, nothing acknowledged and lost, and well again by itself."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from audits.decisions import storing
from audits.decisions.models import Decision
from tests import databases, live
from tests.unit.audits.decisions import worlds

DISK_MIB = 48
OPTIONS = {"PGOPTIONS": "-c lock_timeout=1s", "EDGEWISE_WEB_WORKERS": "1", "EDGEWISE_BODY_SECONDS": "2"}


@pytest.fixture(scope="module")
def impatient(template_database, django_db_blocker):
    """A web server of one process that waits for a lock for a second."""
    with django_db_blocker.unblock(), live.edgewise(template_database, **OPTIONS) as edgewise:
        yield edgewise


@pytest.fixture
def house(impatient):
    """That server, and a world of the test's own."""
    return impatient, worlds.make(f"town-{uuid.uuid4().hex[:8]}")


def ask(edgewise, world, records=None, path="/api/v1/decisions"):
    """Status, headers and body of what is answered to a POST of ``records``, or a GET without them."""
    connection = http.client.HTTPConnection("127.0.0.1", int(edgewise.url.rpartition(":")[2]), timeout=60)
    headers = {"Authorization": f"Bearer {world.secret}", "Content-Type": "application/json"}
    with contextlib.closing(connection):
        body = None if records is None else json.dumps(records)
        connection.request("GET" if records is None else "POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())


def superuser(name="postgres"):
    """A connection that may do anything; skips where the server at hand gives none."""
    with contextlib.suppress(psycopg.OperationalError):
        conninfo = make_conninfo(os.environ["DATABASE_OWNER_URL"], dbname=name, user="postgres")
        return contextlib.closing(psycopg.connect(conninfo, autocommit=True))
    pytest.skip("needs the superuser of the database server")


def refused(answer, code):
    status, headers, body = answer
    assert (status, body.get("code")) == (503, code), body
    assert headers["Content-Type"] == "application/problem+json"
    assert int(headers["Retry-After"]) >= 1
    return True


def test_a_log_whose_turn_does_not_come_is_busy_and_pages_are_still_served(house):
    edgewise, world = house
    assert ask(edgewise, world, world.record())[0] == 201
    lock = "SELECT pg_advisory_lock(%s, %s)", [storing.LOCK_NAMESPACE, world.system.pk]
    with contextlib.closing(psycopg.connect(databases.url("DATABASE_URL", edgewise.database))) as other:
        other.execute(*lock)
        with ThreadPoolExecutor(24) as pool:
            answers = [pool.submit(ask, edgewise, world, world.record()) for _ in range(24)]
            time.sleep(0.5)
            began = time.monotonic()
            assert edgewise.answers()
            assert time.monotonic() - began < 8
            assert all(refused(answer.result(), "busy") for answer in answers)
            assert time.monotonic() - began < 5  # those that waited are not tried one after the other
    record = world.record()
    assert ask(edgewise, world, record)[0] == 201
    assert Decision.objects.filter(system=world.system).count() == 2


def test_a_database_that_goes_away_is_named_and_comes_back(house):
    edgewise, world = house
    assert ask(edgewise, world, world.record())[0] == 201
    name = sql.Identifier(edgewise.database)
    with superuser() as server:
        server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = %s"
        server.execute(end, [edgewise.database, conninfo_to_dict(os.environ["DATABASE_URL"])["user"]])
        record = world.record()
        assert refused(ask(edgewise, world, record), "database_away")
        status, _headers, body = ask(edgewise, world, path="/readyz")
        assert (status, body["checks"]["database"]) == (503, "database_away")
        server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        assert ask(edgewise, world, record)[0] == 201
        server.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 0").format(name))
        server.execute(end, [edgewise.database, conninfo_to_dict(os.environ["DATABASE_URL"])["user"]])
        assert refused(ask(edgewise, world, world.record()), "busy")
        server.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(name))
    assert ask(edgewise, world, world.record())[0] == 201


@contextlib.contextmanager
def small_disk():
    """A file system of a few MiB that the database server may walk to and write to."""
    folder = Path(tempfile.mkdtemp(prefix="edgewise-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("only root may mount a small file system")
    try:
        host = conninfo_to_dict(os.environ["DATABASE_OWNER_URL"])["host"]
        space = folder / "space"
        space.mkdir(mode=0o700)
        os.chown(space, os.stat(host).st_uid, os.stat(host).st_gid)
        os.chmod(folder, 0o755)
        yield space
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


@pytest.mark.slow
def test_a_full_disk_acknowledges_nothing_and_is_well_when_there_is_room(
    template_database, django_db_blocker
):
    with small_disk() as space, superuser() as server:
        server.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(sql.Literal(str(space))))
        try:
            with (
                django_db_blocker.unblock(),
                live.edgewise(template_database, web=False, EDGEWISE_WEB_WORKERS="1") as edgewise,
            ):
                move = sql.SQL("ALTER DATABASE {} SET TABLESPACE small")
                server.execute(move.format(sql.Identifier(edgewise.database)))
                edgewise.start_web()
                _fill_and_recover(edgewise, space.parent / "filler")
        finally:
            server.execute("DROP TABLESPACE small")


def _fill_and_recover(edgewise, filler: Path):
    world = worlds.make()
    acknowledged = [world.record()]
    assert ask(edgewise, world, acknowledged)[0] == 201
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False)
    for _ in range(200):
        batch = [world.record() for _ in range(100)]
        answer = ask(edgewise, world, batch)
        if answer[0] != 201:
            break
        acknowledged += batch
    assert refused(answer, "storage_full")
    status, _headers, body = ask(edgewise, world, path="/readyz")
    assert (status, body["checks"]["database"], body["checks"]["storage"]) == (503, "ok", "storage_full")
    filler.unlink()
    status, _headers, body = ask(edgewise, world, batch)
    assert (status, {item["status"] for item in body["items"]}) == (201, {"logged"})
    known = {str(uuid) for uuid in Decision.objects.values_list("uuid", flat=True)}
    assert known == {record["id"] for record in acknowledged + batch}


def slowly(edgewise, world, length=100, path="/api/v1/decisions"):
    """A connection that promised a body and sends only its beginning."""
    connection = http.client.HTTPConnection("127.0.0.1", int(edgewise.url.rpartition(":")[2]), timeout=6)
    connection.putrequest("POST", path)
    for name, value in (("Authorization", f"Bearer {world.secret}"), ("Content-Type", "application/json")):
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(length))
    connection.endheaders(b"{")
    return connection


@pytest.mark.parametrize(
    "path", ["/api/v1/decisions", "/v1/logs", "/accounts/login/", "/witness/add-checkpoint"]
)
def test_bodies_that_never_come_hold_nobody_up(house, path):
    """Many more than there are threads: pages and posts are answered meanwhile, and each of them is given up."""
    edgewise, world = house
    with contextlib.ExitStack() as stack:
        stalled = [slowly(edgewise, world, path=path) for _ in range(30)]
        for connection in stalled:
            stack.callback(connection.close)
        for _ in range(12):
            began = time.monotonic()
            assert edgewise.answers()
            assert ask(edgewise, world, world.record())[0] == 201
            assert time.monotonic() - began < 2
            time.sleep(0.2)
        answers = [connection.getresponse() for connection in stalled]
        assert {(answer.status, json.loads(answer.read())["code"]) for answer in answers} == {
            (408, "too_slow")
        }


def test_a_long_body_that_stops_is_given_up(house):
    edgewise, world = house
    with contextlib.closing(slowly(edgewise, world, 5_000_000)) as connection:
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["code"]) == (408, "too_slow")
    assert ask(edgewise, world, world.record())[0] == 201


def test_a_client_that_takes_no_answer_is_given_up(template_database, django_db_blocker):
    """It sends lines and reads nothing: its place, the only one, is let go, and its answer does not look ended."""
    options = {**OPTIONS, "EDGEWISE_WEB_THREADS": "3"}
    with django_db_blocker.unblock(), live.edgewise(template_database, **options) as edgewise:
        world = worlds.make()
        lines = b"".join(json.dumps(world.record()).encode() + b"\n" for _ in range(500))
        head = (
            f"POST /api/v1/decisions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {world.secret}\r\n"
            "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        port = int(edgewise.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
            with contextlib.suppress(ConnectionError, TimeoutError):
                wire.sendall(head.encode())
                for _ in range(60):
                    wire.sendall(b"%x\r\n%b\r\n" % (len(lines), lines))
                pytest.fail("everything was taken, though no answer was")
            assert ask(edgewise, world, world.record())[0] == 201
            received = b""
            with contextlib.suppress(ConnectionError, TimeoutError):
                while piece := wire.recv(1_000_000):
                    received = (received + piece)[-100:]
            assert received
            assert not received.endswith(b"0\r\n\r\n")


def test_a_stream_of_which_nothing_can_be_logged_is_ended(house):
    edgewise, world = house
    lines = b"\n".join([json.dumps(world.record()).encode(), *[b"{}"] * 12_000])
    connection = http.client.HTTPConnection("127.0.0.1", int(edgewise.url.rpartition(":")[2]), timeout=60)
    headers = {"Authorization": f"Bearer {world.secret}", "Content-Type": "application/x-ndjson"}
    with contextlib.closing(connection):
        connection.request("POST", "/api/v1/decisions", lines, headers)
        answered = [json.loads(line) for line in connection.getresponse().read().splitlines()]
    assert answered[0]["status"] == "logged"
    assert answered[-1]["error"]["code"] == "too_many_rejected"
    assert 5_000 < len(answered) < 6_000
