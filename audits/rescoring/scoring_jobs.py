"""The worker's part: drawing what is due, and taking one batch to its scorer and back."""

import datetime as dt
import uuid
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db import transaction

from audits.decisions import opening, table
from audits.decisions import selectors as decisions
from audits.decisions.models import Cursor, Decision
from audits.ledger import sealing
from audits.rescoring import draw, scorer_client, selectors, services
from audits.rescoring.models import Rescorer
from audits.rescoring.scorer_client import Case
from governance.jobs import services as jobs
from governance.jobs.models import Job
from governance.systems.models import AISystem

BATCH = 20
LOOK = 5_000


def draw_all(*, at: dt.datetime) -> int:
    """Draws from what was assessed since the last time, for every system; returns how many decisions are sent."""
    systems = AISystem.objects.filter(rescorers__withdrawn_at__isnull=True, rescorers__isnull=False)
    return sum(draw_due(system=system, at=at) for system in systems.select_related("organisation").distinct())


@transaction.atomic
def draw_due(*, system: AISystem, at: dt.datetime) -> int:
    """Draws decisions for each scorer of the system and promises to send them; 0 if another worker is at it."""
    known = Rescorer.objects.select_for_update(skip_locked=True).filter(
        system=system, withdrawn_at__isnull=True
    )
    end = Cursor.objects.filter(system=system).values_list("next", flat=True).first() or 0
    ordered = sorted(known, key=_alike)
    return sum(_draw(system, list(group), end, at) for _key, group in groupby(ordered, key=_alike))


def _alike(each: Rescorer) -> tuple[Any, ...]:
    """Edges that draw the same decisions for the same scorer go there together."""
    return each.route, each.scorer, each.share, tuple(each.discloses), each.next


def _draw(system: AISystem, group: Sequence[Rescorer], end: int, at: dt.datetime) -> int:
    first = group[0]
    found = list(
        Decision.objects.filter(system=system, index__gte=first.next, index__lt=end)
        .order_by("index")
        .values_list("index", "uuid")[:LOOK]
    )
    if not found:
        return 0
    key = draw_key(system)
    due = [index for index, identity in found if draw.drawn(key, identity, first.share)]
    for start in range(0, len(due), BATCH):
        arguments = {
            "system": system.pk, "scorer": first.scorer, "indexes": due[start : start + BATCH],
            "rescorers": [each.pk for each in group],
        }  # fmt: skip
        jobs.enqueue(task=selectors.TASK, arguments=arguments, organisation=system.organisation, at=at)
    Rescorer.objects.filter(pk__in=[each.pk for each in group]).update(next=found[-1][0] + 1)
    return len(due)


def draw_key(system: AISystem) -> bytes:
    """What the draw of a system is keyed with."""
    return sealing.keyed_digest("rescoring draw", str(system.pk).encode())


def take(*, job: Job, at: dt.datetime) -> dict[str, Any]:
    """One batch: opened, stated in the log, sent, and its answer kept. Raises Unanswered; the job is tried again."""
    group = list(
        Rescorer.objects.filter(pk__in=job.arguments["rescorers"], withdrawn_at__isnull=True)
        .select_related("system__organisation")
        .order_by("edge")
    )
    if not group:
        return {"kept": 0}
    cases = _cases(group[0], job.arguments["indexes"])
    if not cases:
        return {"kept": 0}
    services.disclose(rescorer=group[0], cases=cases, at=at)
    answers = scorer_client.ask(
        route=group[0].route,
        scorer=group[0].scorer,
        edges=[each.edge for each in group],
        cases=cases,
        identity=str(job.pk),
        timestamp=int(at.timestamp()),
    )
    return {"kept": services.keep(rescorers=group, cases=cases, answers=answers, at=at)}


def _cases(rescorer: Rescorer, indexes: Sequence[int]) -> list[Case]:
    """The batch as the scorer gets it; what should go with its text and has none left (erased) is left out."""
    system = rescorer.system
    records = decisions.records_at(system=system, indexes=indexes)
    found = Decision.objects.filter(system=system, index__in=indexes).select_related("data_key")
    cases = [_case(rescorer, each, records[each.index]) for each in found.order_by("index")]
    return [case for case in cases if case.text is not None or "text" not in rescorer.discloses]


def _case(rescorer: Rescorer, decision: Decision, record: dict[str, Any]) -> Case:
    values: dict[str, Any] = {}
    if rescorer.discloses:
        values = opening.opened(system=rescorer.system, decision=decision)["values"]
    labels = {
        option["id"]: values[f"/options/{number}/label"]
        for number, option in enumerate(record["options"])
        if f"/options/{number}/label" in values
    }
    given = values.get("/input")
    return Case(
        identity=str(uuid.UUID(str(decision.uuid))),
        index=decision.index,
        context=decision.context,
        options=tuple(option["id"] for option in record["options"]),
        reported={option["id"]: option["edges"] for option in record["options"]},
        text=given.get("text") if isinstance(given, dict) and "text" in rescorer.discloses else None,
        labels=labels if "labels" in rescorer.discloses else None,
        rate=table.rate_of(record),
    )
