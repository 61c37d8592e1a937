"""The database brought to this version of the code: migrated by its owner, and what the application's role may do.

The owner migrates; the application reads and writes rows, and on the ledger's tables it may only read and add
(`settings.LEDGER_APPEND_ONLY_TABLES`), or read, add and move on (`settings.LEDGER_HEAD_TABLES`). Partitions are reached
through their tables alone. The functions in `settings.LEDGER_OWNER_FUNCTIONS` act as the owner.
"""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from psycopg import sql

from governance.commandline import EdgewiseCommand
from governance.starting import TAG

FULL = "SELECT, INSERT, UPDATE, DELETE"
APPEND = "SELECT, INSERT"
ADVANCE = "SELECT, INSERT, UPDATE"
READ = "SELECT"


def rights(*, table: str) -> str:
    """The privileges of the application's role on `table`."""
    if table in settings.LEDGER_APPEND_ONLY_TABLES:
        return APPEND
    if table in settings.LEDGER_HEAD_TABLES:
        return ADVANCE
    return READ if table == "django_migrations" else FULL


class Command(EdgewiseCommand):
    """`manage.py prepare_database`: connects as the owner, migrates, grants to the application's role."""

    help = "Migrate as the owner; grant the application's database role what it needs, and nothing more."

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then revoke all and grant per table: in one transaction, so that no running application fails."""
        if not options["skip_checks"]:
            self.check(tags=[TAG], databases=["default"])
        call_command("migrate", database="owner", verbosity=options["verbosity"], stdout=self.stdout)
        connection = connections["owner"]
        role = settings.DATABASES["default"]["USER"]
        if role == settings.DATABASES["owner"]["USER"]:
            return
        tables = connection.introspection.table_names()
        with transaction.atomic(using="owner"), connection.cursor() as cursor:
            for statement in statements(role=role, tables=tables):
                cursor.execute(statement.as_string())
        if options["verbosity"]:
            self.stdout.write(f"{role} may use {len(tables)} tables")


def statements(*, role: str, tables: list[str]) -> list[sql.Composed]:
    """The REVOKE and GRANT statements for `role`, in the order to run them."""
    to = sql.Identifier(role)
    revoke = "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}"
    grants = [
        sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights(table=table)), sql.Identifier(table), to)
        for table in sorted(tables)
    ]
    calls = [
        sql.SQL("GRANT EXECUTE ON FUNCTION {}() TO {}").format(sql.Identifier(name), to)
        for name in settings.LEDGER_OWNER_FUNCTIONS
    ]
    return [
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(to),
        sql.SQL(revoke).format(to),
        *grants,
        *calls,
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(to),
    ]
