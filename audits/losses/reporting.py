"""Taking reports of lost records that come as messages of their own (OTLP): each is kept, or refused with a reason.

Unlike what is heard beside a batch, such a report may not come again: where the database does not take it, the whole
request fails, and the sender sends it again.
"""

import datetime as dt
from collections.abc import Iterable

from django.utils.translation import gettext as _
from edgewise.record import Problem

from audits.losses import services
from governance.access.models import ApiKey
from governance.errors import DomainError

MOST_PROCESSES = 100


class TooManyProcesses(DomainError):
    """One request reports losses of more processes than it may."""

    code = "too_large"
    status = 413


def take(found: Iterable[tuple[str, str]], *, key: ApiKey, at: dt.datetime) -> list[Problem]:
    """Keeps the highest count of each process, of pairs (process, count); why the others were refused."""
    highest: dict[str, int] = {}
    problems = []
    for name, text in found:
        try:
            process, total = services.read_process(name), services.read_count(text)
        except DomainError as error:
            problems.append(Problem(error.code, "", str(error), _("See docs/otlp.md.")))
        else:
            highest[process] = max(total, highest.get(process, 0))
    if len(highest) > MOST_PROCESSES:
        raise TooManyProcesses(
            _("At most %d processes report lost records in one request: send several.") % MOST_PROCESSES
        )
    for process, total in highest.items():
        services.report(key=key, process=process, total=total, at=at)
    return problems
