"""Counts of decisions for reports: by day, by verdict, and against the findings that were opened."""

import datetime as dt
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDay

from audits.decisions.models import Assessment, Decision, Finding
from audits.losses import selectors as losses
from governance.systems.models import AISystem


def logged(*, system: AISystem, start: dt.datetime, end: dt.datetime) -> QuerySet[Decision]:
    """Decisions that occurred in [start, end)."""
    return Decision.objects.filter(system=system, occurred_at__gte=start, occurred_at__lt=end)


def by_day(*, system: AISystem, start: dt.datetime, end: dt.datetime) -> list[dict[str, Any]]:
    """Records per UTC day that has any, in order: ``{"day": "2026-11-01", "records": 412}``."""
    found = logged(system=system, start=start, end=end).annotate(day=TruncDay("occurred_at", tzinfo=dt.UTC))
    counted = found.values("day").annotate(records=Count("index")).order_by("day")
    return [{"day": row["day"].date().isoformat(), "records": row["records"]} for row in counted]


def lost(*, system: AISystem, start: dt.datetime, end: dt.datetime) -> list[dict[str, Any]]:
    """What each process of the model reports as lost: ``{"process", "key", "lost", "first_at", "last_at"}``."""
    return [
        {
            "process": each.process,
            "key": f"key:{each.key_id}",
            "lost": each.total,
            "first_at": each.first_at.isoformat(),
            "last_at": each.last_at.isoformat(),
        }
        for each in losses.between(system=system, start=start, end=end)
    ]


def judged(*, system: AISystem, start: dt.datetime, end: dt.datetime) -> QuerySet[Assessment]:
    """Assessments of the decisions that occurred in [start, end)."""
    within = logged(system=system, start=start, end=end).filter(index=OuterRef("index"))
    return Assessment.objects.filter(Exists(within), system=system)


def totals(*, system: AISystem, start: dt.datetime, end: dt.datetime) -> dict[str, int]:
    """Decisions judged, not yet judged, deviating from the policy, and deviating without a finding."""
    answer = judged(system=system, start=start, end=end).aggregate(
        judged=Count("index"), deviating=Count("index", filter=~Q(verdicts=[]))
    )
    records = logged(system=system, start=start, end=end).count()
    orphans = _without_finding(system=system, start=start, end=end).count()
    return {**answer, "unjudged": records - answer["judged"], "orphans": orphans}


def verdicts(*, system: AISystem, start: dt.datetime, end: dt.datetime) -> dict[str, int]:
    """How many decisions each verdict was given to; a decision may have several."""
    deviating = judged(system=system, start=start, end=end).exclude(verdicts=[])
    found: dict[str, int] = {}
    for given in deviating.values("verdicts").annotate(n=Count("index")).order_by("verdicts"):
        for verdict in given["verdicts"]:
            found[verdict] = found.get(verdict, 0) + given["n"]
    return dict(sorted(found.items()))


def _without_finding(*, system: AISystem, start: dt.datetime, end: dt.datetime) -> QuerySet[Assessment]:
    covered = Q(index__lt=0)
    for verdict, first, last in Finding.objects.filter(system=system).values_list(
        "verdict", "first_index", "last_index"
    ):
        covered |= Q(verdicts__contains=[verdict], index__gte=first, index__lte=last)
    return judged(system=system, start=start, end=end).exclude(verdicts=[]).exclude(covered)


def findings(*, system: AISystem, until: dt.datetime) -> list[dict[str, Any]]:
    """Findings opened before ``until``: verdict, state, decisions, owner and due date."""
    found = Finding.objects.filter(system=system, opened_at__lt=until).order_by("opened_at", "pk")
    return [
        {
            "finding": each.pk,
            "verdict": each.verdict,
            "state": each.state,
            "decisions": each.decisions,
            "owner": f"person:{each.owner_id}" if each.owner_id else None,
            "due_on": each.due_on.isoformat(),
            "opened_at": each.opened_at.isoformat(),
            "closed_at": each.closed_at.isoformat() if each.closed_at else None,
        }
        for each in found
    ]


def oldest(*, system: AISystem) -> dt.datetime | None:
    """When the oldest record kept was logged."""
    first: dt.datetime | None = Decision.objects.filter(system=system).aggregate(first=Min("logged_at"))[
        "first"
    ]
    return first
