"""Refusals that only the database can make: somebody else was first, or a value does not fit where it is kept.

Services check before they write and name the field at fault. What two do in the same instant, and what no form
thought of, is refused here, in words, instead of ending as a defect. Source: PostgreSQL, appendix A, error codes.
"""

from django.db import Error
from django.utils.translation import gettext as _

from governance.errors import DomainError

_TAKEN = frozenset({"23505", "23P01"})  # unique_violation, exclusion_violation
_UNFIT = frozenset(
    {
        "22001",  # string_data_right_truncation
        "22003",  # numeric_value_out_of_range
        "22008",  # datetime_field_overflow
        "54000",  # program_limit_exceeded: longer than an index takes
    }
)


class ChangedMeanwhile(DomainError):
    """Somebody else did the same a moment earlier."""

    code = "changed_meanwhile"
    status = 409


class ValueDoesNotFit(DomainError):
    """A value is longer or larger than its place allows."""

    code = "value_does_not_fit"


def of(error: Error) -> DomainError | None:
    """The refusal behind a database error; None when it is an outage or a defect."""
    code = getattr(error.__cause__, "sqlstate", None)
    if code in _TAKEN:
        return ChangedMeanwhile(_("Somebody did the same a moment earlier. Look at what is there now."))
    if code in _UNFIT:
        return ValueDoesNotFit(_("A value is longer or larger than what can be kept. Nothing was changed."))
    return None
