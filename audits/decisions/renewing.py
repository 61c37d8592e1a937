"""Columns of an earlier form, built again from the log a segment at a time, off the ingest path.

What was assessed stays as it was: only what the record says is read again.
"""

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
from django.db import transaction
from edgewise import record as sdk

from audits.decisions import assessing, indexing, isolation, links, selectors, table
from audits.decisions.models import Cursor, Segment
from audits.decisions.table import Table
from governance.systems.models import AISystem

ASSESSED = ("margin", "confidence", "driving", "verdicts")


def renew_all(*, most: int = 1_000_000) -> int:
    """Renews at most ``most`` segments; returns how many it renewed. A system that fails takes none of them away."""
    old, done = Segment.objects.filter(form__lt=Segment.FORM), 0
    systems = AISystem.objects.filter(pk__in=old.values("system_id")).select_related("organisation")
    for system in systems.order_by("pk"):
        firsts = old.filter(system=system).order_by("first").values_list("first", flat=True)
        with isolation.apart(system, "Renewing columns"):
            for first in list(firsts[: most - done]):
                done += renew(system=system, first=first)
    return done


@transaction.atomic
def renew(*, system: AISystem, first: int) -> int:
    """Renews the segment that begins there; 0 if it is renewed already, or the system's assessor is at work."""
    cursor = Cursor.objects.select_for_update(skip_locked=True).filter(system=system).first()
    segment = Segment.objects.filter(system=system, first=first, form__lt=Segment.FORM).first()
    if cursor is None or segment is None:
        return 0
    before = table.unpack(bytes(segment.data))
    indexes = before.index.tolist()
    stored = selectors.records_at(system=system, indexes=indexes)
    records = [stored[index] for index in indexes]
    found = links.digests(records)
    assessing.save(segment, built := _built(records, before), found)
    indexed = np.flatnonzero(before.index < cursor.searchable)
    indexing.add_kinds(system, built.take(indexed))
    indexing.renew_margins(system, built.take(indexed))
    indexing.add_links(system, before.index[indexed], found[indexed])
    return 1


def rebuild(*, system: AISystem) -> int:
    """Builds all columns of a system again; returns how many segments there were."""
    with transaction.atomic():
        Cursor.objects.select_for_update().filter(system=system).first()
        Segment.objects.filter(system=system).update(form=0)
    firsts = Segment.objects.filter(system=system).order_by("first").values_list("first", flat=True)
    return sum(renew(system=system, first=first) for first in list(firsts))


def _built(records: list[dict[str, Any]], before: Table) -> Table:
    built = table.build(before.index.tolist(), records, before.edges, _moment)
    return replace(built, **{name: getattr(before, name) for name in ASSESSED})


def _moment(text: str) -> dt.datetime:
    moment = sdk.parse_time(text)
    assert moment is not None, "ingest read it"
    return moment
