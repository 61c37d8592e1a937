"""The commands people type: everything starts, survives kills, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.embedded import commands, watchdog
from tests import live
from tests.serving import EMBEDDED, Serving, ask, environment, start

FROZEN = {"EDGEWISE_FROZEN_SECONDS": "6", "EDGEWISE_WEB_WORKERS": "2"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything of these tests lives: made by the first command, found again by the next."""
    return tmp_path_factory.mktemp("home").resolve()


@pytest.fixture(scope="module")
def serving(home: Path) -> Iterator[Serving]:
    """One for all tests; the last of them kill it."""
    first = start(home, FROZEN)
    with first.process:
        yield first
        first.process.kill()


def test_everything_a_request_needs_is_there(serving: Serving) -> None:
    """Database, migrations, keys and broker."""
    with urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/readyz", timeout=10) as response:
        assert response.status == 200


def test_the_home_notes_the_address_that_the_demos_tour_reads(serving: Serving) -> None:
    """Whatever PORT it was started on."""
    noted = json.loads((serving.home / "run" / "address.json").read_text())
    assert noted == f"http://127.0.0.1:{serving.port}"


def test_a_second_command_on_the_same_home_is_refused_with_the_remedy(serving: Serving) -> None:
    """It names the one that holds the home."""
    done = ask(serving, "run")
    assert done.returncode == 1
    assert f"in use by `make run` (process {serving.process.pid})" in done.stderr
    assert "EDGEWISE_HOME=" in done.stderr


def test_a_shell_joins_the_running_database(serving: Serving) -> None:
    """Management commands work beside `make run`; the command's exit status is the shell's."""
    done = ask(
        serving, "shell", "--", sys.executable, "manage.py", "migrate", "--check", "--database", "owner"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ask(serving, "shell", "--", "sh", "-c", "exit 7").returncode == 7


@pytest.mark.parametrize("word", ["granian", "worker", "beat"])
def test_a_killed_process_is_started_again(serving: Serving, word: str) -> None:
    """Whatever it was."""
    killed = serving.child(word)
    assert killed
    os.kill(killed, signal.SIGKILL)
    live.wait_for(lambda: serving.child(word) not in {0, killed} and serving.answers(), seconds=30)


def test_a_killed_database_is_started_again_and_served(serving: Serving) -> None:
    """Connections that were open find the new server."""
    note = serving.home / "postgres" / "postmaster.pid"
    killed = int(note.read_text().split()[0])
    os.kill(killed, signal.SIGKILL)

    def is_ready() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/readyz", timeout=10):
                return note.exists() and int(note.read_text().split()[0]) != killed
        except (OSError, ValueError, IndexError):
            return False

    live.wait_for(is_ready, seconds=60)


def test_a_taken_port_is_named_before_anything_is_served(tmp_path: Path) -> None:
    """With a free one to try."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        started = time.monotonic()
        done = subprocess.run(
            [*EMBEDDED, "run"],
            env=environment(tmp_path, port),
            cwd=commands.ROOT,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert time.monotonic() - started < 30


def test_a_database_url_without_the_owner_is_refused(tmp_path: Path) -> None:
    """Two roles, two URLs."""
    own = environment(tmp_path, live.free_port()) | {
        "DATABASE_URL": "postgresql://edgewise_app@/x?host=/nonexistent"
    }
    done = subprocess.run([*EMBEDDED, "run"], env=own, cwd=commands.ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "DATABASE_OWNER_URL is not" in done.stderr


@pytest.mark.slow
def test_a_web_process_that_stands_still_is_replaced(serving: Serving) -> None:
    """Stopped, it lives and answers nothing, while its sister goes on."""
    frozen = watchdog.ask(f"http://127.0.0.1:{serving.port}")
    assert frozen is not None
    time.sleep(12)  # by then the watchdog has heard of every process
    os.kill(frozen, signal.SIGSTOP)
    live.wait_for(lambda: watchdog.parent(frozen) == 0, seconds=120)
    live.wait_for(lambda: all(serving.answers() for _ in range(10)), seconds=30)


@pytest.mark.slow
def test_killed_itself_it_leaves_nothing_and_the_next_one_takes_up_its_home(
    serving: Serving, home: Path
) -> None:
    """The kernel tells the children. Asked to end, it leaves nothing either, and the exit is clean.

    Asked by Ctrl-C: tests/faults/test_killed_under_load.py.
    """
    serving.process.kill()
    live.wait_for(lambda: not serving.left() and not serving.answers(), seconds=30)
    second = start(home)
    assert second.answers()
    with second.process:
        second.process.terminate()
        assert second.process.wait(60) == 0
    assert second.left() == []
    assert not (home / "run" / "address.json").exists()
    assert not second.answers()
