"""``make bench-peers``: Edgewise beside MLflow's trace logging, the same payloads into the same PostgreSQL over HTTP.

MLflow is installed into ``$EDGEWISE_HOME/peers``, apart from everything else, and keeps its tables in a schema of its
own that is dropped at the end. Each record is one trace of one span, sent as OTLP protobuf, which is MLflow's fastest
way in; both answer after their commit.
"""

import contextlib
import os
import secrets
import statistics
import subprocess
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench import ingest, setting, wire, yardsticks
from bench.measures import Measure
from bench.setting import Target

MLFLOW = ("mlflow==3.17.2", "psycopg[binary]==3.3.9")
SCHEMA = "bench_mlflow"
BATCH = 100
BATCHED, SINGLES, ROUNDS = 3_000, 900, 3
START_SECONDS = 300.0
CONNECTIONS = {"batches": ingest.BATCH_CONNECTIONS, "singles": ingest.SINGLE_CONNECTIONS}
HEADERS = {"Content-Type": "application/x-protobuf", "x-mlflow-experiment-id": "0"}


def installed() -> Path:
    """The Python of an environment that holds MLflow; made on first use."""
    place = Path(settings.EDGEWISE_HOME) / "peers"
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
    print(f"Installing {MLFLOW[0]} into {place} (a few minutes the first time)", flush=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *MLFLOW]
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit(f"{MLFLOW[0]} cannot be installed here, so there is nothing to compare with.")
    return python


@contextlib.contextmanager
def schema() -> Iterator[str]:
    """A schema for MLflow in Edgewise's own database, and the address that leads to it."""
    with yardsticks.owner() as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        url = os.environ["DATABASE_OWNER_URL"]
        yield url + ("&" if "?" in url else "?") + "options=" + quote(f"-csearch_path={SCHEMA}")
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


@contextlib.contextmanager
def server(python: Path, database: str) -> Iterator[int]:
    """MLflow's tracking server with two processes, like Edgewise's; its port."""
    port = yardsticks.free_port()
    command = [str(python), "-m", "mlflow", "server", "--backend-store-uri", database, "--no-serve-artifacts"]
    place = ["--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_LOGGING_LEVEL": "ERROR"}
    folder = Path(settings.EDGEWISE_HOME) / "peers"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *place],
            cwd=folder,
            env=os.environ | quiet,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(30)


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Until MLflow has made its tables and answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.5)
    raise SystemExit("MLflow's server did not start; see peers/server.log in EDGEWISE_HOME.")


def traces(records: Sequence[bytes]) -> bytes:
    """An OTLP request with one trace of one span for each record, which is its only attribute."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    now = time.time_ns()
    for record in records:
        span = spans.add(
            trace_id=secrets.token_bytes(16),
            span_id=secrets.token_bytes(8),
            name="decision",
            start_time_unix_nano=now,
            end_time_unix_nano=now + 1_000_000,
        )
        span.attributes.add(key="edgewise.record").value.string_value = record.decode()
    return bytes(request.SerializeToString())


def rates(
    target: Target, ours: int, theirs: int, size: int, count: int, connections: int
) -> tuple[float, float]:
    """Records/s of Edgewise and of MLflow, turn about, ``size`` in each request."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        groups = [list(target.payload.records(size)) for _ in range(count // size // ROUNDS)]
        for port, requests, kept in (
            (ours, [_ours(target, group) for group in groups], found[0]),
            (
                theirs,
                [wire.request("POST", "/v1/traces", HEADERS, traces(group)) for group in groups],
                found[1],
            ),
        ):
            kept.append(len(groups) * size / wire.drive(port, requests, connections))
    return statistics.median(found[0]), statistics.median(found[1])


def _ours(target: Target, group: Sequence[bytes]) -> bytes:
    body = group[0] if len(group) == 1 else b"[" + b",".join(group) + b"]"
    return wire.request("POST", ingest.PATH, target.headers, body)


def compared(target: Target, ours: int, theirs: int) -> list[Measure]:
    """Both bars."""
    rates(target, ours, theirs, BATCH, ROUNDS * BATCH, 1)  # both warm
    batch, peer_batch = rates(target, ours, theirs, BATCH, BATCHED, CONNECTIONS["batches"])
    single, peer_single = rates(target, ours, theirs, 1, SINGLES, CONNECTIONS["singles"])
    shape = "{:,.0f} records/s {}; {}: yardstick traces/s"
    return [
        Measure(
            "batch_vs_mlflow", batch / peer_batch, "ratio", at_least=50, yardstick=peer_batch,
            note=shape.format(batch, f"in batches of {BATCH}", MLFLOW[0]),
        ),
        Measure(
            "single_vs_mlflow", single / peer_single, "ratio", at_least=10, yardstick=peer_single,
            note=shape.format(single, "one in each request", MLFLOW[0]),
        ),
    ]  # fmt: skip


def run() -> list[Measure]:
    """Install, start, measure, stop."""
    python = installed()
    organisation, owner = setting.organisation()
    target = setting.target(organisation, owner, "peers")
    with schema() as database, server(python, database) as port:
        return compared(target, settings.PORT, port)
