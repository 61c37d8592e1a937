"""Keeping what a model reports as lost: a count that only rises, each rise an entry in the system's log."""

import datetime as dt

from django.utils.translation import gettext as _

from audits.losses.models import LossReport
from governance import trail
from governance.access.models import ApiKey
from governance.errors import DomainError

REPORTED = "records.lost"
MOST_DIGITS = 15
MOST_NAME = 64


class NotACount(DomainError):
    """The count is no whole number, or longer than fifteen digits."""

    code = "lost_total_malformed"


class ProcessUnnamed(DomainError):
    """The name of a process has a character other than letters, digits, dot, dash and underscore, or too many."""

    code = "process_malformed"


def read_count(text: str) -> int:
    """The count that a model states; refused unless it is a whole number of at most fifteen digits."""
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise NotACount(_("The count of lost records is a whole number of at most %d digits.") % MOST_DIGITS)
    return int(text)


def read_process(text: str) -> str:
    """The name of a process as the model states it; empty is one that does not name itself."""
    plain = text.replace("-", "").replace("_", "").replace(".", "")
    if len(text) > MOST_NAME or (text and not (plain.isascii() and plain.isalnum())):
        raise ProcessUnnamed(
            _("The name of a process has at most %d letters, digits, dots, dashes and underscores.")
            % MOST_NAME
        )
    return text


@trail.act()
def report(*, key: ApiKey, process: str, total: int, at: dt.datetime) -> LossReport:
    """Keeps ``total`` if it is more than this process of the model reported before; returns what stands."""
    start = LossReport(system_id=key.system_id, key=key, process=process, total=0, first_at=at, last_at=at)
    LossReport.objects.bulk_create([start], ignore_conflicts=True)
    standing = LossReport.objects.select_for_update().get(key=key, process=process)
    more = total - standing.total
    if more <= 0:
        return standing
    standing.total, standing.last_at = total, at
    standing.save(update_fields=["total", "last_at"])
    trail.record(
        REPORTED,
        organisation=key.system.organisation,
        system=key.system,
        by=key,
        at=at,
        subject=f"process:{process}" if process else "",
        total=total,
        more=more,
    )
    return standing
