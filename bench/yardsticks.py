"""What the figures are compared with, measured in the same run on the same machine."""

import contextlib
import hashlib
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

from bench import minimal, wire

BARE = "bench_bare"
PER_COMMIT = 500
WARM_CONNECTIONS = 16
ROOT = Path(__file__).resolve().parent.parent
_ROW = struct.Struct(">hiqi")
_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)


def owner() -> psycopg.Connection:
    """A connection that may make tables."""
    return psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True)


def copy_rate(entries: Sequence[bytes]) -> float:
    """Rows/s of a raw binary COPY into a bare two-column table, committing every 500 on one connection."""
    with owner() as connection:
        connection.execute(f"DROP TABLE IF EXISTS {BARE}")
        connection.execute(f"CREATE TABLE {BARE} (number bigint, entry bytea)")
        began = time.monotonic()
        for start in range(0, len(entries), PER_COMMIT):
            _copy(connection, start, entries[start : start + PER_COMMIT])
        seconds = time.monotonic() - began
        connection.execute(f"DROP TABLE {BARE}")
    return len(entries) / seconds


def _copy(connection: psycopg.Connection, first: int, entries: Sequence[bytes]) -> None:
    parts = [_HEADER]
    for number, entry in enumerate(entries, first):
        parts += (_ROW.pack(2, 8, number, len(entry)), entry)
    parts.append(b"\xff\xff")
    with connection.cursor().copy(f"COPY {BARE} FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"".join(parts))


@contextlib.contextmanager
def minimal_server() -> Iterator[int]:
    """A minimal Django view that INSERTs and COMMITs, behind the same web server; its port."""
    with owner() as connection:
        connection.execute(f"DROP TABLE IF EXISTS {minimal.TABLE}")
        connection.execute(
            f"CREATE TABLE {minimal.TABLE} (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entry bytea)"
        )
        connection.execute(f"GRANT INSERT ON {minimal.TABLE} TO PUBLIC")
        port = free_port()
        process = _serve(port)
        try:
            wait_for_port(port)
            minimal_rate([b"{}"] * 500, WARM_CONNECTIONS, port)
            yield port
        finally:
            process.terminate()
            process.wait()
            connection.execute(f"DROP TABLE {minimal.TABLE}")


def _serve(port: int) -> subprocess.Popen[bytes]:
    place = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    scale = ["--no-ws", "--workers", "2", "--blocking-threads", "16"]
    command = [sys.executable, "-m", "granian", *place, *scale, "bench.minimal_wsgi:application"]
    return subprocess.Popen(command, cwd=ROOT)


def minimal_rate(bodies: Sequence[bytes], connections: int, port: int) -> float:
    """Requests/s of the minimal view."""
    requests = [wire.request("POST", "/add", {"Content-Type": "application/json"}, body) for body in bodies]
    return len(requests) / wire.drive(port, requests, connections)


def same_rate(count: int, connections: int, port: int) -> float:
    """Requests/s of the view that only answers, with as many bytes as a full tile."""
    request = wire.request("GET", "/same", {})
    return count / wire.drive(port, [request] * count, connections)


def row_ms(count: int) -> float:
    """Milliseconds to read one row of 8 KB by its primary key, in a transaction of its own; the median."""
    spent = []
    with owner() as connection:
        connection.execute(f"CREATE TEMPORARY TABLE {BARE} (number bigint PRIMARY KEY, tile bytea)")
        connection.execute(
            f"INSERT INTO {BARE} SELECT n, %s FROM generate_series(1, %s) n", [bytes(8_192), count]
        )
        for number in range(1, count + 1):
            began = time.perf_counter()
            connection.execute(f"SELECT tile FROM {BARE} WHERE number = %s", [number]).fetchone()
            spent.append(1000 * (time.perf_counter() - began))
    return statistics.median(spent)


def hash_rate(entries: Sequence[bytes]) -> float:
    """Leaves/s of hashing alone, in one process: each entry's leaf hash, and the inner nodes above."""
    began = time.perf_counter()
    level = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs]
    return len(entries) / (time.perf_counter() - began)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 30.0) -> None:
    """Until somebody listens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The minimal server did not start.")
