"""Which decisions may match a search, from the postings and columns of each block."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from audits.decisions import links, postings
from audits.decisions.models import Block, Segment
from audits.decisions.postings import Bits
from audits.decisions.selectors import Filters

FIRST_WINDOW = 16
WINDOW = 1_024
FIRST_RUN = 128
LONGEST_RUN = 4_096
LATEST = 2**32 - 1
DTYPES = {"seconds": "<u4", "margins": "<u2"}
_POSTINGS = (
    "SELECT term, block, places FROM audits_posting "
    "WHERE system_id = %s AND term = ANY(%s) AND block >= %s AND block < %s"
)


def narrows(filters: Filters) -> bool:
    """Whether anything but the system is asked for."""
    return bool(_terms(filters) or filters.links) or _by_column(filters)


def needs_assessment(filters: Filters) -> bool:
    """Whether only assessed decisions can match."""
    return bool(filters.driving_edge or filters.verdict) or filters.margin_below is not None


def _by_column(filters: Filters) -> bool:
    return filters.start is not None or filters.end is not None or filters.margin_below is not None


def _terms(filters: Filters) -> list[tuple[str, str]]:
    """The attributes and values that all must hold."""
    names = ("chosen", "driving_edge", "disposition", "verdict", "model_version", "kind")
    named = [(name, getattr(filters, name)) for name in names if getattr(filters, name)]
    return named + [(f"context.{key}", value) for key, value in (filters.context or {}).items()]


def runs(*, system_id: int, filters: Filters, within: range, newest_first: bool) -> Iterator[Sequence[int]]:
    """Indexes of possible matches in order, in runs that grow, so that a page that fills soon costs little."""
    length = FIRST_RUN
    for found in _windows(system_id, filters, within, newest_first):
        at = 0
        while at < len(found):
            yield found[at : at + length].tolist()
            at, length = at + length, min(4 * length, LONGEST_RUN)


def stretches(whole: range, length: int, longest: int, *, newest_first: bool) -> Iterator[range]:
    """The whole in stretches that grow, so that a page that fills soon costs little."""
    start, end = whole.start, whole.stop
    while start < end:
        stretch = (
            range(max(start, end - length), end) if newest_first else range(start, min(start + length, end))
        )
        yield stretch
        start, end = (start, stretch.start) if newest_first else (stretch.stop, end)
        length = min(4 * length, longest)


def _windows(
    system_id: int, filters: Filters, within: range, newest_first: bool
) -> Iterator[NDArray[np.int64]]:
    """Indexes of possible matches, for some blocks at a time, few at first."""
    if not within:
        return
    filters = _answered(system_id, filters)
    asked = _asked(filters)
    blocks = range(within.start // postings.BLOCK, (within.stop - 1) // postings.BLOCK + 1)
    for window in stretches(blocks, min(FIRST_WINDOW, WINDOW), WINDOW, newest_first=newest_first):
        found = _bitmaps(system_id, filters, asked, window.start, window.stop)
        numbers = sorted(found, reverse=newest_first)
        step = -1 if newest_first else 1
        parts = [postings.places(found[n])[::step].astype(np.int64) + n * postings.BLOCK for n in numbers]
        indexes = np.concatenate(parts) if parts else np.empty(0, np.int64)
        yield indexes[(indexes >= within.start) & (indexes < within.stop)]


def _bitmaps(
    system_id: int, filters: Filters, asked: list[list[int]], start: int, stop: int
) -> dict[int, Bits]:
    """The possible matches of each block in [start, stop) that has any."""
    found: dict[int, Bits] | None = None
    for terms in asked:
        carried = _carried(system_id, terms, start, stop)
        found = carried if found is None else _both(found, carried)
        if not found:
            return {}
    assert found is not None
    return _by_columns(system_id, filters, found) if _by_column(filters) else found


def _asked(filters: Filters) -> list[list[int]]:
    """Terms of which one must be carried, for each thing asked for: a value's own or its bucket's; both of a link's."""
    named = [[make(*each) for make in (postings.term, postings.bucket)] for each in _terms(filters)]
    tied = [[term] for name, value in filters.links.items() for term in links.terms(name, value)]
    return named + tied or [[postings.term(*postings.EVERY)]]


def _answered(system_id: int, filters: Filters) -> Filters:
    """What the index answers: neither kinds nor margins in a log whose columns are still being renewed."""
    asks = filters.kind or filters.margin_below is not None
    return replace(filters, kind="", margin_below=None) if asks and not _is_renewed(system_id) else filters


def _is_renewed(system_id: int) -> bool:
    return not Segment.objects.filter(system_id=system_id, form__lt=Segment.FORM).exists()


def _carried(system_id: int, terms: list[int], start: int, stop: int) -> dict[int, Bits]:
    """Where one of the terms stands."""
    found: dict[int, Bits] = {}
    with connection.cursor() as cursor:
        cursor.execute(_POSTINGS, [system_id, terms, start, stop])
        for _term, block, places in cursor.fetchall():
            bits = postings.bitmap(bytes(places))
            found[block] = found[block] | bits if block in found else bits
    return found


def _both(one: dict[int, Bits], other: dict[int, Bits]) -> dict[int, Bits]:
    met = {block: bits & other[block] for block, bits in one.items() if block in other}
    return {block: bits for block, bits in met.items() if bits.any()}


def _by_columns(system_id: int, filters: Filters, found: dict[int, Bits]) -> dict[int, Bits]:
    """What is left under the bounds on time and margin; columns are read only where they can tell."""
    blocks = Block.objects.filter(system_id=system_id, block__gte=min(found), block__lte=max(found))
    if filters.start is not None:
        blocks = blocks.filter(ends_at__gte=filters.start)
    if filters.end is not None:
        blocks = blocks.filter(starts_at__lt=filters.end)
    limit = (
        postings.NO_MARGIN if filters.margin_below is None else postings.margin_limit(filters.margin_below)
    )
    blocks = blocks.filter(least_margin__lte=limit)
    spans = {number: span for number, *span in blocks.values_list("block", "starts_at", "ends_at")}
    left = {number: bits for number, bits in found.items() if number in spans}
    cut = [
        number
        for number, (starts_at, ends_at) in spans.items()
        if (filters.start is not None and starts_at < filters.start)
        or (filters.end is not None and ends_at >= filters.end)
    ]
    if cut:
        kept = _masks(
            system_id,
            "seconds",
            [n for n in cut if n in left],
            _second(filters.start, 0),
            _second(filters.end, LATEST),
        )
        whole = {number: bits for number, bits in left.items() if number not in set(cut)}
        left = whole | _both(left, kept)
    if filters.margin_below is not None:
        left = _both(left, _masks(system_id, "margins", list(left), 0, limit))
    return left


def _second(moment: dt.datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else min(max(int(moment.timestamp()), 0), LATEST)


def _masks(system_id: int, column: str, numbers: Sequence[int], low: int, high: int) -> dict[int, Bits]:
    """Of each block, the places whose value in a column lies in [low, high]."""
    rows = Block.objects.filter(system_id=system_id, block__in=numbers).values_list("block", column)
    masks = {}
    for number, data in rows:
        values = np.frombuffer(bytes(data), DTYPES[column])
        masks[number] = np.packbits((values >= low) & (values <= high), bitorder="little")
    return masks
