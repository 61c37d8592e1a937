"""Questions about jobs."""

import datetime as dt

from django.db.models import QuerySet

from governance.jobs.models import Job


def due(*, at: dt.datetime, limit: int = 100) -> QuerySet[Job]:
    """Queued jobs whose time has come, oldest first."""
    return Job.objects.filter(state=Job.State.QUEUED, due_at__lte=at).order_by("due_at", "pk")[:limit]
