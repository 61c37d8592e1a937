"""Statements that run for every group of records: prepared once a connection, values in binary, one round trip.

They run on Django's own connection, inside the transaction that the caller has begun.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection

Statement = tuple[str, Sequence[Any]]


def run(*statements: Statement) -> list[list[tuple[Any, ...]]]:
    """Runs them in order, all sent together; the rows of each."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        with connection.connection.pipeline():
            cursors = [_sent(statement) for statement in statements]
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


def _sent(statement: Statement) -> psycopg.Cursor[Any]:
    # Django's own cursors put values into the text of the statement, which PostgreSQL then has to plan each time.
    text, values = statement
    cursor: psycopg.Cursor[Any] = psycopg.Cursor(connection.connection)
    return cursor.execute(text, values, prepare=True, binary=True)


def copy_in(text: str, rows: bytes) -> None:
    """Sends rows of a ``COPY … FROM STDIN``. Its errors are Django's: a cursor's own `copy` leaves them as they are."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(text) as copy:
        copy.write(rows)
