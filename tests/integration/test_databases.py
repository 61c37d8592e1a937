"""The fixtures themselves: what is committed where, and as whom."""

import datetime

import pytest
from django.db import ProgrammingError, connection

from governance.organisations.models import Organisation

NOON = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)


def role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_unit_tests_run_as_the_application_role() -> None:
    """Rows can be written, tables cannot be made."""
    assert role() == "edgewise_app"
    Organisation.objects.create(slug="one", name="One", created_at=NOON)
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE nope (id int)")


@pytest.mark.django_db
def test_unit_tests_are_rolled_back() -> None:
    """The row of the test above is gone."""
    assert not Organisation.objects.exists()


def test_a_fresh_database_keeps_what_is_committed(fresh_database: str) -> None:
    """It belongs to this test alone."""
    assert not Organisation.objects.exists()
    Organisation.objects.create(slug="one", name="One", created_at=NOON)
    connection.close()
    assert Organisation.objects.count() == 1
    assert connection.settings_dict["NAME"] == fresh_database


def test_a_connection_gives_up_a_machine_that_vanished(db):
    """As libpq understood it; without these, whoever waits for an answer waits for hours."""
    connection.ensure_connection()
    found = connection.connection.info.get_parameters()
    assert {name: found[name] for name in ("keepalives_idle", "keepalives_interval", "tcp_user_timeout")} == {
        "keepalives_idle": "20",
        "keepalives_interval": "5",
        "tcp_user_timeout": "30000",
    }
