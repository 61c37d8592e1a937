"""Questions about decisions: those that match, one decision in full, counts, conformance, columns."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from audits.decisions import conformance as rules
from audits.decisions import entry, links, table, weighing
from audits.decisions.entry import Told
from audits.decisions.models import Assessment, Cursor, Decision, DecisionId, Feedback, Finding, Segment
from audits.decisions.table import Table
from audits.ledger import selectors as ledger
from governance.organisations.models import Organisation
from governance.systems.models import AISystem


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search asks for; None or empty asks for nothing. ``margin_below`` is a share of 1."""

    system: AISystem | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    context: Mapping[str, str] | None = None
    chosen: str = ""
    driving_edge: str = ""
    disposition: str = ""
    verdict: str = ""
    model_version: str = ""
    margin_below: float | None = None
    trace_id: str = ""
    span_id: str = ""
    parent: str = ""
    clarification: str = ""
    kind: str = ""

    @property
    def asks_entries(self) -> bool:
        """Whether something is asked for that stands in the log's entry only."""
        return bool(self.kind or self.links)

    @property
    def links(self) -> dict[str, str]:
        """What the decision is to be tied to."""
        return {name: value for name in links.LINKS if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a search; ``assessment`` is None until the decision has been assessed."""

    decision: Decision
    assessment: Assessment | None
    told: Told


def matching(*, system_id: int, filters: Filters) -> QuerySet[Decision]:
    """The decisions of one system that match, in no order; ``filters.system`` is not asked."""
    found = Decision.objects.filter(system_id=system_id)
    if filters.start is not None:
        found = found.filter(occurred_at__gte=filters.start)
    if filters.end is not None:
        found = found.filter(occurred_at__lt=filters.end)
    if filters.context:
        found = found.filter(context__contains=dict(filters.context))
    for name in ("chosen", "disposition", "model_version"):
        if getattr(filters, name):
            found = found.filter(**{name: getattr(filters, name)})
    assessed = _assessed(filters)
    return found.filter(Exists(assessed)) if assessed is not None else found


def _assessed(filters: Filters) -> QuerySet[Assessment] | None:
    asked = Q()
    if filters.driving_edge:
        asked &= Q(driving_edge=filters.driving_edge) | Q(tied_edges__contains=[filters.driving_edge])
    if filters.verdict == "any":
        asked &= ~Q(verdicts=[])
    elif filters.verdict:
        asked &= Q(verdicts__contains=[filters.verdict])
    if filters.margin_below is not None:
        asked &= Q(margin__lt=filters.margin_below)
    if not asked:
        return None
    return Assessment.objects.filter(asked, system_id=OuterRef("system_id"), index=OuterRef("index"))


def stating(*, rows: Sequence[Decision], filters: Filters) -> list[Decision]:
    """Those of one system's decisions whose entry is of the kind and states the links asked for."""
    found = told(rows=rows)
    return [row for row in rows if _states(found[row.system_id, row.index], filters)]


def _states(said: Told, filters: Filters) -> bool:
    of_kind = not filters.kind or (filters.kind == "assessment") == said.is_assessment
    return of_kind and links.states(said, filters.links)


def told(*, rows: Sequence[Decision]) -> dict[tuple[int, int], Told]:
    """What the entries of these decisions say of their kind, links and missing scores, by (system, index).

    A list stays readable where the log is damaged: what is not there says nothing.
    """
    places: dict[AISystem, list[int]] = {}
    for row in rows:
        places.setdefault(row.system, []).append(row.index)
    found: dict[tuple[int, int], Told] = {}
    for system, indexes in places.items():
        entries = ledger.entries_at(log=ledger.log_for(system=system), indexes=indexes)
        found |= {(system.pk, at): entry.read(entries.get(at, b"")) for at in indexes}
    return found


def records_at(*, system: AISystem, indexes: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The records in the log's entries at these indexes. Raises LogNotOpen."""
    entries = ledger.entries_at(log=ledger.log_for(system=system), indexes=indexes)
    decode = msgspec.json.Decoder().decode
    return {index: decode(found)["record"] for index, found in entries.items()}


def assessments_of(*, decisions: Iterable[Decision]) -> dict[tuple[int, int], Assessment]:
    """Assessments by (system, index)."""
    places: dict[int, list[int]] = {}
    for decision in decisions:
        places.setdefault(decision.system_id, []).append(decision.index)
    asked = Q(system_id=None)
    for system_id, indexes in places.items():
        asked |= Q(system_id=system_id, index__in=indexes)
    return {(found.system_id, found.index): found for found in Assessment.objects.filter(asked)}


def get(*, organisation: Organisation, id: uuid.UUID, system: AISystem | None = None) -> Decision | None:  # noqa: A002
    """The decision with that id; ids are unique per system, and of two the earlier logged is meant: nobody hides it."""
    places = DecisionId.objects.filter(uuid=id, system__organisation=organisation)
    if system is not None:
        places = places.filter(system=system)
    asked = Q(system_id=None)
    for place in places:
        asked |= Q(system_id=place.system_id, index=place.index)
    found = Decision.objects.filter(asked).select_related("system__organisation", "data_key")
    return found.order_by("logged_at", "system_id").first()


def at(*, system: AISystem, index: int) -> Decision | None:
    """The decision at that place in the system's log."""
    return Decision.objects.filter(system=system, index=index).select_related("system__organisation").first()


def assessment_of(*, decision: Decision) -> Assessment | None:
    return Assessment.objects.filter(system_id=decision.system_id, index=decision.index).first()


def feedback_on(*, decision: Decision) -> Feedback | None:
    return Feedback.objects.filter(system_id=decision.system_id, index=decision.index).first()


def _window(system: AISystem, start: dt.datetime | None, end: dt.datetime | None) -> QuerySet[Decision]:
    found = Decision.objects.filter(system=system)
    if start is not None:
        found = found.filter(occurred_at__gte=start)
    return found if end is None else found.filter(occurred_at__lt=end)


def count(*, system: AISystem, start: dt.datetime | None = None, end: dt.datetime | None = None) -> int:
    """How many decisions occurred in [start, end); of all, those assessed are counted by segment."""
    if start is None and end is None:
        assessed = Segment.objects.filter(system=system).aggregate(n=Sum("decisions"))["n"] or 0
        return int(assessed) + waiting(system=system)
    return _window(system, start, end).count()


def conformance(
    *, system: AISystem, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> dict[str, Any]:
    """``{"decisions", "conformant", "verdicts": {code: n}}`` of the decisions assessed in [start, end).

    Counts are of what was logged. ``share`` estimates how many of all decisions followed the policy, with its 95 %
    ``interval`` where only a part of them is logged (``weighted``); None without decisions.
    """
    parts = _tables(system, start, end)
    bits = np.concatenate([part.verdicts for part in parts]) if parts else np.zeros(0, np.int16)
    rates = np.concatenate([part.rate for part in parts]) if parts else np.zeros(0)
    verdicts = {code: int((bits >> place & 1).sum()) for place, code in enumerate(rules.VERDICTS)}
    weights, weighted = weighing.of_rates(rates), weighing.is_weighted(rates)
    return {
        "decisions": len(bits),
        "conformant": int((bits == 0).sum()),
        "verdicts": {code: n for code, n in verdicts.items() if n},
        "share": weighing.share(bits == 0, weights),
        "interval": weighing.share_interval(bits == 0, weights) if weighted else None,
        "weighted": weighted,
    }


def waiting(*, system: AISystem) -> int:
    """How many decisions are logged but not assessed yet."""
    start = Cursor.objects.filter(system=system).values_list("next", flat=True).first() or 0
    return Decision.objects.filter(system=system, index__gte=start).count()


def in_window(
    *, system: AISystem, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> Table | None:
    """Columns of the decisions assessed in [start, end), over the newest edges; None if there are none."""
    found = _tables(system, start, end)
    return table.concat([part for part in found if part.edges == found[-1].edges]) if found else None


def choices(
    *, system: AISystem, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> Table | None:
    """``in_window`` without assessments; None if there is no choice."""
    found = in_window(system=system, start=start, end=end)
    made = None if found is None else found.choices
    return made if made is not None and len(made) else None


def _tables(system: AISystem, start: dt.datetime | None, end: dt.datetime | None) -> list[Table]:
    segments = Segment.objects.filter(system=system)
    if start is not None:
        segments = segments.filter(ends_at__gte=start)
    if end is not None:
        segments = segments.filter(starts_at__lt=end)
    packed = segments.order_by("first").values_list("data", flat=True)
    found = (_inside(table.unpack(bytes(data)), start, end) for data in packed)
    return [part for part in found if len(part)]


def _inside(part: Table, start: dt.datetime | None, end: dt.datetime | None) -> Table:
    inside = np.ones(len(part), bool)
    if start is not None:
        inside &= part.occurred >= table.micros(start)
    if end is not None:
        inside &= part.occurred < table.micros(end)
    return part if inside.all() else part.take(np.flatnonzero(inside))


def groups(*, system: AISystem, indexes: Iterable[int]) -> dict[int, dict[str, str]]:
    """Groups of the subjects of these decisions, as far as they are known and not erased."""
    wanted = list(indexes)
    if not wanted:
        return {}
    found = Decision.objects.filter(
        system=system, index__gte=min(wanted), index__lte=max(wanted), groups__isnull=False
    )
    return {index: known for index, known in found.values_list("index", "groups") if known is not None}


def context_values(*, system: AISystem) -> dict[str, list[str]]:
    """Context keys and their values in the newest segment, for filters."""
    data = Segment.objects.filter(system=system).order_by("-first").values_list("data", flat=True).first()
    values: dict[str, set[str]] = {}
    for context in table.unpack(bytes(data)).contexts if data is not None else ():
        for key, value in context.items():
            values.setdefault(key, set()).add(value)
    return {key: sorted(found) for key, found in sorted(values.items())}


def findings(*, organisation: Organisation, state: str = "") -> QuerySet[Finding]:
    """Findings, those that need an answer first, then by due date."""
    found = Finding.objects.filter(system__organisation=organisation).select_related("system", "owner")
    if state:
        found = found.filter(state=state)
    return found.order_by("closed_at", "due_on", "pk")


def finding(*, organisation: Organisation, pk: int) -> Finding | None:
    return findings(organisation=organisation).filter(pk=pk).first()
