"""What the application's database role may do to the log: add, and nothing else."""

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection

PRIVILEGES = """
    SELECT table_name, array_agg(privilege_type::text ORDER BY privilege_type)
    FROM information_schema.role_table_grants
    WHERE grantee = current_user AND table_schema = 'public' GROUP BY table_name
"""


@pytest.fixture
def granted(db: None) -> dict[str, list[str]]:
    """Table to privileges of the role that the tests, and the web process, run as."""
    with connection.cursor() as cursor:
        cursor.execute(PRIVILEGES)
        return dict(cursor.fetchall())


@pytest.mark.parametrize("table", settings.LEDGER_APPEND_ONLY_TABLES)
def test_the_application_may_only_add_to_the_log(granted: dict[str, list[str]], table: str) -> None:
    """No UPDATE, no DELETE, no TRUNCATE."""
    assert granted[table] == ["INSERT", "SELECT"]


@pytest.mark.parametrize("table", settings.LEDGER_HEAD_TABLES)
def test_the_application_may_move_a_head_on_and_not_remove_it(
    granted: dict[str, list[str]], table: str
) -> None:
    """A head says how far a log has come."""
    assert granted[table] == ["INSERT", "SELECT", "UPDATE"]


def test_the_application_owns_nothing(granted: dict[str, list[str]]) -> None:
    """TRUNCATE and triggers belong to the owner, on every table."""
    assert all(set(found) <= {"DELETE", "INSERT", "SELECT", "UPDATE"} for found in granted.values())
    assert granted["django_migrations"] == ["SELECT"]


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET log_id = log_id", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"]
)
def test_rewriting_the_log_is_refused(db: None, statement: str) -> None:
    """By PostgreSQL, before any trigger is asked."""
    with (
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        cursor.execute(statement.format("audits_entry"))
