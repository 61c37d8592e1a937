"""What PostgreSQL says when it cannot, and what callers are told."""

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError

from governance.access import outages, problems


def caused(kind, cause):
    error = kind(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code", "retry_after"),
    [
        (caused(OperationalError, psycopg.errors.DiskFull("no space left")), "storage_full", "30"),
        (caused(OperationalError, psycopg.errors.TooManyConnections("no")), "busy", "2"),
        (caused(OperationalError, psycopg.errors.LockNotAvailable("lock timeout")), "busy", "2"),
        (caused(OperationalError, psycopg.errors.QueryCanceled("statement timeout")), "busy", "2"),
        (caused(OperationalError, psycopg.errors.DeadlockDetected("deadlock")), "busy", "2"),
        (
            caused(OperationalError, psycopg.OperationalError("FATAL: sorry, too many clients already")),
            "busy",
            "2",
        ),
        (caused(OperationalError, psycopg.errors.AdminShutdown("terminating")), "database_away", "5"),
        (caused(OperationalError, psycopg.errors.CannotConnectNow("starting up")), "database_away", "5"),
        (
            caused(OperationalError, psycopg.OperationalError("server closed the connection")),
            "database_away",
            "5",
        ),
        (InterfaceError("connection already closed"), "database_away", "5"),
    ],
)
def test_an_outage_is_503_with_its_code_and_a_time_to_come_back(error, code, retry_after):
    answer = problems.exception_handler(error, {})
    assert (answer.status_code, answer.data["code"], answer["Retry-After"]) == (503, code, retry_after)
    assert answer.content_type == problems.CONTENT_TYPE
    assert str(error) not in answer.data["detail"]


@pytest.mark.parametrize(
    "error",
    [
        caused(IntegrityError, psycopg.errors.UniqueViolation("twice")),
        caused(DatabaseError, psycopg.errors.UndefinedTable("no such table")),
        caused(OperationalError, psycopg.errors.InvalidPassword("wrong")),
    ],
)
def test_a_defect_is_no_outage(error):
    assert outages.of(error) is None
    assert problems.exception_handler(error, {}) is None
