"""Emptying decisions of what is kept about a person beside their entries: by erasure, and when retention ends.

What stays is the entry in the log, its hash, and what the public part of the record says. What goes: sealed values and
salts, the fingerprint, groups, a person's own weights, whatever was computed with those weights, and the group in
feedback. The link to the data key goes too: the records of one person cannot be told to belong together any more.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audits.decisions import assessing, indexing, storing, table
from audits.decisions.models import Assessment, Cursor, Decision, DecisionId, Feedback, Segment
from audits.ledger.models import DataKey
from governance.systems.models import AISystem


def indexes_under(*, system: AISystem, key: DataKey, start: int = 0) -> list[int]:
    """Places of the system's decisions from ``start`` on whose sealed values lie under ``key``, in order."""
    found = Decision.objects.filter(system=system, data_key=key, index__gte=start)
    return list(found.order_by("index").values_list("index", flat=True))


def stop_logging(*, systems: Sequence[AISystem]) -> None:
    """Until the transaction ends nothing is logged for these systems; what is sealed already finds its key gone."""
    for system in sorted(systems, key=lambda each: each.pk):
        storing.take_turn(system.pk)


def settle(*, system: AISystem, last: int, at: dt.datetime) -> None:
    """Has every decision up to ``last`` assessed, and keeps the assessor waiting until the transaction ends.

    A decision made with a person's own weights cannot be judged once they are gone. Whoever writes columns or index
    (assessing, indexing, renewing) holds the cursor: until then nobody else does.
    """
    Cursor.objects.get_or_create(system=system)
    cursor = Cursor.objects.select_for_update().get(system=system)
    while cursor.next <= last and assessing.advance(system=system, at=at):
        cursor.refresh_from_db()


def empty(*, system: AISystem, indexes: Sequence[int]) -> list[uuid.UUID]:
    """Destroys what is kept beside these entries; returns the decisions' ids, for documents made about them.

    After ``settle``, in the same transaction.
    """
    rows = Decision.objects.filter(system=system, index__in=indexes)
    personal = list(rows.filter(weights__isnull=False).values_list("index", flat=True))
    identities = list(rows.values_list("uuid", flat=True))
    DecisionId.objects.filter(system=system, uuid__in=identities).update(fingerprint=None)
    rows.update(sealed=None, data_key=None, groups=None, weights=None)
    Feedback.objects.filter(system=system, index__in=indexes).exclude(group="").update(group="")
    if personal:
        _forget_judgement(system, personal)
    return identities


def _forget_judgement(system: AISystem, indexes: Sequence[int]) -> None:
    """Margins and deciding edges give a person's weights away; whether the policy was followed stays."""
    Assessment.objects.filter(system=system, index__in=indexes).update(
        runner_up=None, margin=None, driving_edge=None, tied_edges=[], confidence=None
    )
    places = np.array(sorted(indexes), np.int64)
    edges: set[str] = set()
    for first in _holding(system, places):
        edges.update(_blank(system, first, places))
    indexing.forget(system=system, indexes=indexes, edges=edges)


def _holding(system: AISystem, places: NDArray[np.int64]) -> list[int]:
    """Where the segments begin that hold one of these decisions; the columns of the others are not even read."""
    spans = Segment.objects.filter(system=system, last__gte=int(places[0]), first__lte=int(places[-1]))
    return [
        first
        for first, last in spans.order_by("first").values_list("first", "last")
        if np.searchsorted(places, first) < np.searchsorted(places, last, side="right")
    ]


def _blank(system: AISystem, first: int, places: NDArray[np.int64]) -> tuple[str, ...]:
    """Writes one segment without these decisions' margins and deciding edges; returns its edges."""
    segment = Segment.objects.get(system=system, first=first)
    whole = table.unpack(bytes(segment.data))
    rows = np.isin(whole.index, places)
    segment.data = table.pack(
        replace(
            whole,
            margin=np.where(rows, np.nan, whole.margin),
            confidence=np.where(rows, np.nan, whole.confidence),
            driving=whole.driving & ~rows[:, None],
        )
    )
    segment.save(update_fields=["data"])
    return whole.edges
