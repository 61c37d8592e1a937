"""Questions about independent scoring."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from audits.decisions.models import Decision
from audits.rescoring.models import Rescore, Rescorer
from governance.jobs.models import Job
from governance.systems.models import AISystem

TASK = "audits.rescore"


def in_force(*, system: AISystem) -> QuerySet[Rescorer]:
    """The independent scorers of the system's edges, by edge."""
    return Rescorer.objects.filter(system=system, withdrawn_at__isnull=True).order_by("edge")


def rescores_of(*, decision: Decision) -> QuerySet[Rescore]:
    """What independent scorers said about a decision."""
    found = Rescore.objects.filter(system_id=decision.system_id, index=decision.index)
    return found.order_by("edge", "scorer")


def recent(*, rescorer: Rescorer, most: int) -> list[Rescore]:
    """The newest decisions that this scorer has scored again."""
    found = Rescore.objects.filter(system_id=rescorer.system_id, edge=rescorer.edge, scorer=rescorer.scorer)
    return list(found.order_by("-index")[:most])


def counts(*, system: AISystem, edges: Iterable[str]) -> dict[str, int]:
    """How many decisions were scored again, by edge."""
    return {edge: Rescore.objects.filter(system=system, edge=edge).count() for edge in edges}


def jobs(*, system: AISystem, state: str) -> QuerySet[Job]:
    """Batches of the system's decisions on their way to a scorer, newest first."""
    found = Job.objects.filter(task=TASK, organisation=system.organisation, arguments__system=system.pk)
    return found.filter(state=state).order_by("-created_at")


def job(*, system: AISystem, pk: Any) -> Job | None:
    return jobs(system=system, state=Job.State.FAILED).filter(pk=pk).first()
