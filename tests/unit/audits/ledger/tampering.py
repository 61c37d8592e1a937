"""What PostgreSQL's superuser could do behind the ledger's back: triggers off, then anything.

A test's forgery, and what it leads to, is rolled back: the tests share one log in one database.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction
from edgewise import merkle

from audits.ledger.models import Log

TABLES = ("log", "entry", "tile", "head", "checkpoint", "published", "loggedevent", "cosignature")


@contextmanager
def as_owner() -> Iterator[None]:
    """The default connection as the role that owns the tables, everything rolled back at the end."""
    mine = {name: settings.DATABASES["owner"][name] for name in ("USER", "PASSWORD")}
    before = {name: connection.settings_dict[name] for name in mine}
    connection.close()
    connection.settings_dict.update(mine)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        connection.close()
        connection.settings_dict.update(before)


def cheat(statement: str, arguments: Sequence[object] = ()) -> None:
    """One statement with every trigger switched off around it."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE audits_{table} DISABLE TRIGGER USER")
        cursor.execute(statement, arguments)
        assert cursor.rowcount != 0, "the forgery changed nothing"
        for table in TABLES:
            cursor.execute(f"ALTER TABLE audits_{table} ENABLE TRIGGER USER")


def roll_back_head(log: Log, entries: Sequence[bytes]) -> None:
    """Set the head to where it stood after `entries`."""
    frontier = merkle.Frontier()
    frontier.append(merkle.leaf_hashes(entries))
    cheat(
        "UPDATE audits_head SET size = %s, edge = %s WHERE log_id = %s",
        [frontier.size, frontier.to_bytes(), log.pk],
    )


def delete_from(log: Log, index: int) -> None:
    """Delete the entries from `index` on."""
    cheat("DELETE FROM audits_entry WHERE log_id = %s AND index >= %s", [log.pk, index])
