"""Ending what holds others up: a session that stands still in the middle of its transaction.

A log's turn is a lock in the database. A process that freezes, or a machine that vanishes, keeps it, and PostgreSQL has
no limit of its own for a client that falls silent in the middle of a COPY.
"""

from django.db import connection

SILENT_SECONDS = 15.0
SIGNER_MILLISECONDS = 5_000
_END_SILENT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity AS silent
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
AND wait_event = 'ClientRead' AND xact_start IS NOT NULL
AND state_change < clock_timestamp() - make_interval(secs => %s)
AND EXISTS (SELECT FROM pg_locks AS held_up WHERE NOT granted AND silent.pid = ANY (pg_blocking_pids(held_up.pid)))
"""


def end_silent(*, seconds: float = SILENT_SECONDS) -> int:
    """Ends sessions of this role that said nothing for so long in a transaction that others wait for; how many.

    Its transaction is undone; should the process go on, it finds its connection gone and answers accordingly.
    """
    with connection.cursor() as cursor:
        cursor.execute(_END_SILENT, [seconds])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def limit_mine() -> None:
    """Has PostgreSQL end this session when it stands still in a transaction.

    For signers: they pass by a log whose turn is taken, so nobody waits for one that freezes, and nobody would end it.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {SIGNER_MILLISECONDS}")
