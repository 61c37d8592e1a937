"""Assessment as the worker runs it."""

from celery import shared_task
from django.utils import timezone

from audits.decisions import assessing


@shared_task(name="audits.assess_decisions", ignore_result=True)
def assess_decisions() -> int:
    """Assesses what was logged since the last time; the clock sends it every two seconds."""
    return assessing.assess_all(at=timezone.now(), most=200_000)
