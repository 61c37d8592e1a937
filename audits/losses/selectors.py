"""Questions about what models report as lost."""

import datetime as dt

from django.db.models import QuerySet, Sum

from audits.losses.models import LossReport
from governance.systems.models import AISystem


def of_system(*, system: AISystem) -> QuerySet[LossReport]:
    """What each process of the model reported, the latest first."""
    return LossReport.objects.filter(system=system).select_related("key").order_by("-last_at", "-pk")


def between(*, system: AISystem, start: dt.datetime, end: dt.datetime) -> QuerySet[LossReport]:
    """What each process reported whose reports began before ``end`` and last rose at ``start`` or later."""
    return LossReport.objects.filter(system=system, first_at__lt=end, last_at__gte=start).order_by("pk")


def total(*, system: AISystem) -> int:
    """How many records the system's processes have reported as lost, all together."""
    found: int | None = LossReport.objects.filter(system=system).aggregate(total=Sum("total"))["total"]
    return found or 0


def totals() -> dict[tuple[str, str], int]:
    """By (organisation, system), for those that reported any."""
    found = LossReport.objects.values("system__organisation__slug", "system__slug").annotate(
        lost=Sum("total")
    )
    return {
        (each["system__organisation__slug"], each["system__slug"]): each["lost"]
        for each in found.order_by("system__organisation__slug", "system__slug")
    }
