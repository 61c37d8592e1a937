"""Feedback: how a decision turned out."""

import datetime as dt

from django.utils.translation import gettext as _

from audits.decisions.models import Decision, Feedback
from governance import trail
from governance.access.models import ApiKey
from governance.errors import DomainError


class FeedbackConflicts(DomainError):
    """Feedback is told once; the same again is no conflict."""

    code = "conflicting_duplicate"
    status = 409


class FeedbackEmpty(DomainError):
    code = "missing_field"


@trail.act()
def give(
    *,
    decision: Decision,
    by: ApiKey,
    at: dt.datetime,
    satisfaction: float | None = None,
    error: bool | None = None,
    group: str = "",
) -> tuple[Feedback, bool]:
    """The feedback and whether it is new. ``group`` may say something about a person: it stays outside the log."""
    if satisfaction is None and error is None:
        raise FeedbackEmpty(_("State satisfaction, error, or both."), field="satisfaction")
    row, new = Feedback.objects.get_or_create(
        system=decision.system,
        index=decision.index,
        defaults={"satisfaction": satisfaction, "error": error, "group": group, "received_at": at},
    )
    if (row.satisfaction, row.error, row.group) != (satisfaction, error, group):
        raise FeedbackConflicts(_("Other feedback on this decision is kept already."))
    if new:
        trail.record(
            "feedback.received",
            organisation=decision.system.organisation,
            system=decision.system,
            by=by,
            at=at,
            subject=f"decision:{decision.uuid}",
            satisfaction=satisfaction,
            error=error,
        )
    return row, new
