"""When PostgreSQL cannot do what it is asked: away, full, or too busy. All of it passes, and callers may try again.

Source: PostgreSQL, appendix A, error codes.
"""

from django.db import Error, InterfaceError, OperationalError
from django.utils.translation import gettext as _

from governance.errors import DomainError

_FULL = frozenset({"53100"})  # disk_full
_BUSY = frozenset(
    {
        "53000",  # insufficient_resources
        "53200",  # out_of_memory
        "53300",  # too_many_connections
        "53400",  # configuration_limit_exceeded
        "55P03",  # lock_not_available: lock_timeout
        "57014",  # query_canceled: statement_timeout
        "25P03",  # idle_in_transaction_session_timeout
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
    }
)
_AWAY = ("08", "57P", "58")  # connection exceptions, shutdown and crash, errors of the system below
# A connection that is refused carries no code, only the server's words.
_NO_CONNECTION_LEFT = ("too many clients", "too many connections", "connection slots")


class Outage(DomainError):
    """The database cannot take this now; ``retry_after`` seconds later it may."""

    status = 503
    retry_after = 5


class StorageFull(Outage):
    """The disk of the database is full."""

    code = "storage_full"
    retry_after = 30


class DatabaseAway(Outage):
    """The database cannot be reached, or went away in the middle."""

    code = "database_away"


class Busy(Outage):
    """The database, or this process, has too much to do."""

    code = "busy"
    retry_after = 2


def of(error: Error) -> Outage | None:
    """The outage behind a database error; None when it is a defect and not an outage."""
    code = getattr(error.__cause__, "sqlstate", None) or ""
    if code in _FULL:
        return StorageFull(
            _("The database's disk is full. Send it again later: what was logged counts as a duplicate.")
        )
    if code in _BUSY or any(words in str(error) for words in _NO_CONNECTION_LEFT):
        return Busy(
            _("The database is too busy. Send it again later: what was logged counts as a duplicate.")
        )
    if code.startswith(_AWAY) or (not code and isinstance(error, OperationalError | InterfaceError)):
        return DatabaseAway(
            _("The database does not answer. Send it again later: what was logged counts as a duplicate.")
        )
    return None
