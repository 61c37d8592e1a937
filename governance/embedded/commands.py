"""The command lines of Edgewise's processes: the same embedded, in a container and under systemd."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from governance import variables

ROOT = Path(__file__).resolve().parents[2]
CELERY = [sys.executable, "-m", "celery", "--app", "governance.config.celery"]


def address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Where the web server listens: loopback, unless EDGEWISE_BIND says otherwise."""
    return environment.get("EDGEWISE_BIND") or "127.0.0.1", variables.whole("PORT", environment)


def web(environment: Mapping[str, str]) -> list[str]:
    """The web server: a few processes, each with threads that may wait for the database."""
    host, port = address(environment)
    workers = str(variables.whole("EDGEWISE_WEB_WORKERS", environment))
    scale = ["--workers", workers, "--respawn-failed-workers"]
    # A process that is asked to end while it still loads does not hear it, and would be waited for without end.
    scale += ["--workers-kill-timeout", "10"]
    place = ["--host", host, "--port", str(port), "--log-level", "warning", "--no-ws", "--http", "1"]
    # An arena of memory for each thread would keep what its busiest moment took.
    calm = ["/usr/bin/env", f"MALLOC_ARENA_MAX={environment.get('MALLOC_ARENA_MAX') or '2'}"]
    application = "governance.config.asgi:application"
    return [*calm, sys.executable, "-m", "granian", "--interface", "asginl", *place, *scale, application]


def worker(environment: Mapping[str, str]) -> list[str]:
    """The worker of background jobs. Where processors are short, logging goes first and the worker catches up."""
    concurrency = str(variables.whole("EDGEWISE_WORKER_PROCESSES", environment))
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [
        "/usr/bin/env",
        "nice",
        "-n",
        "5",
        *CELERY,
        "worker",
        "--loglevel",
        "INFO",
        "--concurrency",
        concurrency,
        *quiet,
    ]


def beat(environment: Mapping[str, str]) -> list[str]:
    """The clock: exactly one per deployment."""
    return [*CELERY, "beat", "--loglevel", "WARNING", "--pidfile="]


def manage(*arguments: str) -> list[str]:
    """A management command."""
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


PROCESSES = {"web": web, "worker": worker, "beat": beat}


def become(name: str, environment: Mapping[str, str]) -> None:
    """Turn this process into one of PROCESSES; does not return."""
    command = PROCESSES[name](environment)
    os.chdir(ROOT)
    os.execve(command[0], command, dict(environment))  # noqa: S606
