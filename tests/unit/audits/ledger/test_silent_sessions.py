"""A session that stands still holds nobody up for long, and nobody else's session is touched."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, connections, transaction
from psycopg.conninfo import make_conninfo

from audits.ledger import keys, services, signer, silent_sessions, verification
from audits.ledger.models import Log
from tests.unit.audits.ledger import worlds

SILENT = 0.5


@pytest.fixture
def log(fresh_database: str) -> Log:
    return worlds.empty_log(worlds.make_organisation())


@pytest.fixture
def other(log: Log) -> Iterator[psycopg.Connection]:
    """A session of another process, which is about to freeze."""
    own = connection.get_connection_params()
    known = {name: own[name] for name in ("dbname", "user", "password", "host", "port") if own.get(name)}
    with psycopg.connect(make_conninfo(**known)) as found:
        yield found
        found.close()


def append_beside(log: Log) -> tuple[threading.Thread, list[range]]:
    """An append that has to wait."""
    given: list[range] = []

    def append() -> None:
        with transaction.atomic():
            given.append(services.append(log=log, entries=[b"waited"]))
        connections.close_all()

    thread = threading.Thread(target=append)
    thread.start()
    time.sleep(2 * SILENT)
    return thread, given


def take_the_turn(other: psycopg.Connection, log: Log) -> None:
    other.execute("SELECT 1 FROM audits_head WHERE log_id = %s FOR UPDATE", [log.pk])


def test_a_session_that_fell_silent_between_statements_is_ended(log: Log, other: psycopg.Connection) -> None:
    """Who waited goes on, and the log is whole."""
    take_the_turn(other, log)
    thread, given = append_beside(log)
    assert given == []
    assert silent_sessions.end_silent(seconds=SILENT) == 1
    thread.join(10)
    assert given == [range(1)]
    assert verification.verify(log=log).size == 1
    with pytest.raises(psycopg.OperationalError):
        other.execute("SELECT 1")


def test_a_session_that_fell_silent_in_the_middle_of_a_copy_is_ended(
    log: Log, other: psycopg.Connection
) -> None:
    """PostgreSQL has no limit of its own for that; what it had sent is undone."""
    take_the_turn(other, log)
    copy = other.cursor().copy(services.COPY_ENTRIES)
    copy.__enter__().write(services._copy_rows(log.pk, 0, [b"half"])[:-4])
    thread, given = append_beside(log)
    assert silent_sessions.end_silent(seconds=SILENT) == 1
    thread.join(10)
    assert given == [range(1)]
    assert verification.verify(log=log).size == 1
    with pytest.raises(psycopg.OperationalError):
        copy.__exit__(None, None, None)


def test_a_session_that_holds_nobody_up_is_left_alone(log: Log, other: psycopg.Connection) -> None:
    """Nor is one that spoke a moment ago."""
    take_the_turn(other, log)
    time.sleep(2 * SILENT)
    assert silent_sessions.end_silent(seconds=SILENT) == 0
    thread, given = append_beside(log)
    other.execute("SELECT 1")
    assert silent_sessions.end_silent(seconds=SILENT) == 0
    other.commit()
    thread.join(10)
    assert given == [range(1)]


def test_a_signer_that_freezes_loses_its_turn(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other signers pass by a turn that is taken, so nobody waits for it: PostgreSQL itself ends the session."""
    monkeypatch.setattr(silent_sessions, "SIGNER_MILLISECONDS", int(SILENT * 1000))
    inside, awake = threading.Event(), threading.Event()
    signers, failed = keys.signers, []

    def freeze(origin: str) -> object:
        if threading.current_thread() is thread and origin == log.origin:
            inside.set()
            awake.wait(20)
        return signers(origin)

    def sign() -> None:
        failed.append(signer._round())
        connections.close_all()

    monkeypatch.setattr(keys, "signers", freeze)
    thread = threading.Thread(target=sign)
    thread.start()
    assert inside.wait(10)
    assert signer.publish(log=log, at=worlds.AT) is None
    time.sleep(3 * SILENT)
    assert signer.publish(log=log, at=worlds.AT)
    awake.set()
    thread.join(10)
    assert failed == [signer.PAUSE_AFTER_ERROR]


def test_the_signing_thread_looks_for_silent_sessions(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every web process does, so that it needs no further one."""
    looked = threading.Event()
    monkeypatch.setattr(silent_sessions, "end_silent", lambda: looked.set() or 0)
    signer.start()
    assert looked.wait(10)
    signer.stop()
