"""Assessing what was logged, off the ingest path: a cursor per system that only moves forward."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from django.db import connection
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from audits.decisions import findings, indexing, isolation, judging, links, table
from audits.decisions.judging import Claim, Judged
from audits.decisions.links import Digests
from audits.decisions.models import Cursor, Decision, Segment
from audits.decisions.table import Table
from audits.ledger import selectors as ledger
from governance import trail
from governance.edges import selectors as edges
from governance.edges.models import EdgeSet
from governance.policies import selectors as policies
from governance.policies.models import Policy
from governance.systems.models import AISystem

CHUNK = 4_096
_COPY = (
    "COPY audits_assessment (system_id, index, runner_up, margin, driving_edge, tied_edges, confidence, verdicts, "
    "assessed_at) FROM STDIN (FORMAT BINARY)"
)
_TYPES = ["int8", "int8", "varchar", "float8", "varchar", "varchar[]", "float8", "varchar[]", "timestamptz"]


@dataclass(frozen=True, slots=True)
class Logged:
    """What is judged of a decision: its place, what lies beside the log, and its parsed record."""

    index: int
    uuid: UUID
    occurred_at: dt.datetime
    weights: dict[str, float] | None
    record: dict[str, Any]


def behind() -> list[AISystem]:
    """Systems with decisions that are not assessed yet, or not indexed."""
    logged = Decision.objects.filter(system=OuterRef("pk"), index__gte=Coalesce(OuterRef("assessed_to"), 0))
    cursors = Cursor.objects.filter(system=OuterRef("pk"))
    found = AISystem.objects.annotate(assessed_to=Subquery(cursors.values("next"))).filter(
        Exists(logged) | Exists(cursors.filter(searchable__lt=F("next")))
    )
    return list(found.select_related("organisation").order_by("pk"))


def assess_all(*, at: dt.datetime, most: int = 1_000_000) -> int:
    """Brings every system up to date, at most ``most`` decisions of each; returns how many were assessed."""
    total = 0
    for system in behind():
        with isolation.apart(system, "Assessing decisions"):
            total += catch_up(system=system, at=at, most=most)
    return total


def catch_up(*, system: AISystem, at: dt.datetime, most: int = 1_000_000, to: int | None = None) -> int:
    """Assesses and indexes the system's decisions, one transaction per chunk; returns how many were assessed.

    ``to`` is the size that the log had: what is logged meanwhile need not be waited for.
    """
    indexing.catch_up(system=system)
    done = 0
    while done < most and not _reached(system, to) and (count := advance(system=system, at=at)):
        done += count
        indexing.catch_up(system=system)
    return done


def _reached(system: AISystem, to: int | None) -> bool:
    return to is not None and Cursor.objects.filter(system=system, next__gte=to).exists()


@trail.act()
def advance(*, system: AISystem, at: dt.datetime) -> int:
    """Assesses the next chunk; 0 if there is none, or another worker is at it."""
    Cursor.objects.get_or_create(system=system)
    cursor = Cursor.objects.select_for_update(skip_locked=True).filter(system=system).first()
    if cursor is None:
        return 0
    chunk = _next(system, cursor.next)
    if not chunk:
        return 0
    versions = {policy.version: policy for policy in policies.history(system=system)}
    known = edge_orders(system)
    for part, found in judged(chunk, versions, known):
        _write(system, found, links.digests([each.record for each in part]), at)
        findings.raise_for(system=system, judged=found, at=at)
    cursor.next = chunk[-1].index + 1
    cursor.save(update_fields=["next"])
    return len(chunk)


def judged(
    chunk: Sequence[Logged], versions: Mapping[int, Policy], orders: Mapping[frozenset[str], tuple[str, ...]]
) -> Iterator[tuple[list[Logged], Judged]]:
    """Judges decisions in runs that score the same edges."""
    for scored, run in groupby(chunk, key=lambda each: frozenset(each.record["options"][0]["edges"])):
        part = list(run)
        order = orders.get(scored, tuple(sorted(scored)))
        yield part, judging.judge(_table(part, order), _claims(part), versions)


def _next(system: AISystem, start: int) -> list[Logged]:
    log = ledger.log_of(organisation=system.organisation, system=system)
    rows = Decision.objects.filter(system=system, index__gte=start).order_by("index")
    found = list(rows.values_list("index", "uuid", "occurred_at", "weights")[:CHUNK])
    if log is None or not found:
        return []
    entries = ledger.entries_at(log=log, indexes=[row[0] for row in found])
    decode = msgspec.json.Decoder().decode
    return [Logged(*row, decode(entries[row[0]])["record"]) for row in found]


def edge_orders(system: AISystem) -> dict[frozenset[str], tuple[str, ...]]:
    """The order of edges in each set the system ever had, by what it contains; the newest order wins."""
    sets = EdgeSet.objects.filter(system=system).order_by("version")
    orders = [tuple(edge.slug for edge in edges.leaves(edge_set=each)) for each in sets]
    return {frozenset(order): order for order in orders}


def _table(part: Sequence[Logged], order: tuple[str, ...]) -> Table:
    moments = {each.record["occurred_at"]: each.occurred_at for each in part}
    return table.build(
        [each.index for each in part], [each.record for each in part], order, moments.__getitem__
    )


def _claims(part: Sequence[Logged]) -> list[Claim]:
    return [Claim(each.uuid, each.record["policy"]["digest"], each.weights) for each in part]


def _write(system: AISystem, judged: Judged, linked: Digests, at: dt.datetime) -> None:
    """Assessments by COPY; columns into the last segment while it has room, else into a new one."""
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for row in _rows(system, judged, at):
            copy.write_row(row)
    _extend(system, judged.table, linked)


def _rows(system: AISystem, judged: Judged, at: dt.datetime) -> list[tuple[Any, ...]]:
    found = judged.table
    margins, sure = _known(found.margin), _known(found.confidence)
    rows = []
    for row in range(len(found)):
        drivers = [edge for edge, drove in zip(found.edges, found.driving[row], strict=True) if drove]
        runner = found.option_name(row, int(judged.runner[row]))
        rows.append(
            (system.pk, int(found.index[row]), runner, margins[row], drivers[0] if drivers else None, drivers[1:],
             sure[row], judged.verdicts[row], at)
        )  # fmt: skip
    return rows


def _known(column: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in column]


def _extend(system: AISystem, fresh: Table, linked: Digests) -> None:
    last = Segment.objects.filter(system=system, form=Segment.FORM).order_by("-first").first()
    if last is not None and last.decisions + len(fresh) <= CHUNK:
        before = table.unpack(bytes(last.data))
        if before.edges == fresh.edges:
            earlier = links.unpack(bytes(last.links), len(before))
            save(last, table.concat([before, fresh]), np.concatenate([earlier, linked]))
            return
    save(Segment(system=system, first=int(fresh.index[0])), fresh, linked)


def save(segment: Segment, whole: Table, linked: Digests) -> None:
    """Writes a segment in today's form."""
    segment.last, segment.decisions = int(whole.index[-1]), len(whole)
    segment.starts_at = whole.moment(int(np.argmin(whole.occurred)))
    segment.ends_at = whole.moment(int(np.argmax(whole.occurred)))
    segment.data, segment.links, segment.form = table.pack(whole), links.pack(linked), Segment.FORM
    segment.save()
