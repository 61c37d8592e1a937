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

    A decision made with a person's own weights cannot be judged once they are gone.
    """
    Cursor.objects.get_or_create(system=system)
    cursor = Cursor.objects.select_for_update().get(system=system)
    while cursor.next <= last and assessing.advance(system=system, at=at):
        cursor.refresh_from_db()


def empty(*, system: AISystem, indexes: Sequence[int]) -> list[uuid.UUID]:
    """Destroys what is kept beside these entries; returns the decisions' ids, for documents made about them."""
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
    segments = Segment.objects.select_for_update().filter(
        system=system, last__gte=min(indexes), first__lte=max(indexes)
    )
    edges: set[str] = set()
    for segment in segments.order_by("first"):
        whole = table.unpack(bytes(segment.data))
        edges.update(whole.edges)
        rows = np.isin(whole.index, np.array(indexes, np.int64))
        if rows.any():
            segment.data = table.pack(
                replace(
                    whole,
                    margin=np.where(rows, np.nan, whole.margin),
                    confidence=np.where(rows, np.nan, whole.confidence),
                    driving=whole.driving & ~rows[:, None],
                )
            )
            segment.save(update_fields=["data"])
    indexing.forget(system=system, indexes=indexes, edges=edges)
