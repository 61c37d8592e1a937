"""Who is not heard of while the others are is ended; who cannot be judged is left alone."""

import os
import subprocess

import pytest

from governance.embedded.watchdog import LEAST_QUESTIONS, Watchdog


@pytest.fixture
def processes():
    """Two children that would live on."""
    found = [subprocess.Popen(["sleep", "300"]) for _ in range(2)]
    yield found
    for process in found:
        process.kill()
        process.wait()


@pytest.fixture
def watchdog():
    return Watchdog("http://127.0.0.1:9", os.getpid, lambda text: None, patience=30)


def test_one_that_is_not_heard_of_is_ended_and_the_other_is_not(watchdog, processes):
    frozen, well = processes
    watchdog.look(frozen.pid, 0)
    for second in range(1, 40):
        watchdog.look(well.pid, second)
    assert frozen.wait(10) == -9
    assert well.poll() is None


def test_one_that_answers_now_and_then_lives(watchdog, processes):
    slow, _other = processes
    for second in range(200):
        watchdog.look(slow.pid if second % 25 == 0 else None, second)
    assert slow.poll() is None


def test_after_a_sleep_of_the_machine_nobody_is_ended_unheard(watchdog, processes):
    watchdog.look(processes[0].pid, 0)
    for second in range(LEAST_QUESTIONS - 1):
        watchdog.look(None, 9_000 + second)
    assert processes[0].poll() is None


def test_a_process_that_is_no_longer_of_the_server_is_left_alone(processes):
    watchdog = Watchdog("http://127.0.0.1:9", lambda: 1, lambda text: None, patience=30)
    for second in range(100):
        watchdog.look(processes[0].pid if second == 0 else None, second)
    assert processes[0].poll() is None
    assert watchdog.heard == {}
