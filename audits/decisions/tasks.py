"""Assessment as the worker runs it."""

from celery import shared_task
from django.utils import timezone

from audits.decisions import assessing, renewing

RENEWED_AT_ONCE = 5


@shared_task(name="audits.assess_decisions", ignore_result=True)
def assess_decisions() -> int:
    """Assesses what was logged since the last time, and renews old columns; the clock sends it every two seconds."""
    renewing.renew_all(most=RENEWED_AT_ONCE)
    return assessing.assess_all(at=timezone.now(), most=200_000)
