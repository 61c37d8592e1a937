"""The explorer's search: one page of the decisions that match, newest first, at the same price at any size.

What has been indexed is found through postings (`decisions.postings`), which name candidates; the youngest decisions,
not indexed yet, are read as they are. Every candidate is checked against its row. A search that would have to check
more than MOST decisions stops there and says how far it has come; its cursor goes on from that place.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from audits.decisions import candidates, selectors
from audits.decisions.models import Cursor, Decision
from audits.decisions.selectors import Filters, Found
from governance.organisations.models import Organisation
from governance.systems import selectors as systems

PAGE = 50
MOST = 65_536
STRETCH = 8_192
BEYOND = (1 << 63) - 1
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first within each system, and the cursors of its neighbours.

    ``searched_to`` is set where the search stopped before the page was full: when the oldest decision looked at was
    logged. The cursor in its direction then goes on from there.
    """

    rows: list[Found]
    next: Place | None
    previous: Place | None
    searched_to: dt.datetime | None = None


@dataclass(slots=True)
class _Search:
    """What is asked, what was found so far, and how many more decisions may be looked at."""

    filters: Filters
    newest_first: bool
    wanted: int
    rows: list[Decision] = field(default_factory=list)
    left: int = field(default_factory=lambda: MOST)
    stopped: Place | None = None

    @property
    def over(self) -> bool:
        return len(self.rows) >= self.wanted or self.stopped is not None


def search(
    *,
    organisation: Organisation,
    filters: Filters,
    after: Place | None = None,
    before: Place | None = None,
    size: int = PAGE,
) -> Page:
    """One page, ordered by system and, within it, by place in the log, newest first.

    ``after`` and ``before`` are (system, index) of the neighbouring page's edge.
    """
    asked = _Search(filters, newest_first=before is None, wanted=size + 1)
    edge = after if before is None else before
    for system_id in _systems(organisation, asked, edge):
        _look(asked, system_id, edge[1] if edge is not None and edge[0] == system_id else None)
        if asked.over:
            break
    return _page(asked, size, edge)


def _systems(organisation: Organisation, asked: _Search, edge: Place | None) -> list[int]:
    """The systems still to be searched, in order."""
    if asked.filters.system is not None:
        found = [asked.filters.system.pk]
    else:
        found = sorted(system.pk for system in systems.visible_to(organisation=organisation))
    if edge is not None:
        found = [pk for pk in found if (pk <= edge[0] if asked.newest_first else pk >= edge[0])]
    return found[::-1] if asked.newest_first else found


def _look(asked: _Search, system_id: int, edge: int | None) -> None:
    """Searches one system's log: its young end as it is, the rest through the postings."""
    low, high = (
        (0, BEYOND if edge is None else edge)
        if asked.newest_first
        else (0 if edge is None else edge + 1, BEYOND)
    )
    if not candidates.narrows(asked.filters):
        _take(asked, system_id, range(low, high))
        return
    cursor = Cursor.objects.filter(system_id=system_id).first() or Cursor()
    steps = [_young, _indexed] if asked.newest_first else [_indexed, _young]
    for step in steps:
        for looked in step(asked, system_id, low, high, cursor):
            if asked.over:
                return
            if asked.left <= 0 and looked > low:
                asked.stopped = (system_id, looked)
                return


def _young(asked: _Search, system_id: int, low: int, high: int, cursor: Cursor) -> Iterator[int]:
    """Decisions not indexed yet, a stretch at a time; yields the last place looked at."""
    start = max(low, cursor.searchable)
    end = min(high, cursor.next if candidates.needs_assessment(asked.filters) else _logged(system_id))
    length = min(candidates.FIRST_RUN, STRETCH)
    for stretch in candidates.stretches(range(start, end), length, STRETCH, newest_first=asked.newest_first):
        _take(asked, system_id, stretch)
        asked.left -= len(stretch)
        yield stretch.start if asked.newest_first else stretch.stop - 1


def _logged(system_id: int) -> int:
    """One past the newest decision."""
    newest = Decision.objects.filter(system_id=system_id).order_by("-index").values_list("index", flat=True)
    index = newest.first()
    return 0 if index is None else index + 1


def _indexed(asked: _Search, system_id: int, low: int, high: int, cursor: Cursor) -> Iterator[int]:
    """Candidates of the postings, few at first; yields the last place looked at."""
    runs = candidates.runs(
        system_id=system_id,
        filters=asked.filters,
        within=range(low, min(high, cursor.searchable)),
        newest_first=asked.newest_first,
    )
    for run in runs:
        _take(asked, system_id, run)
        asked.left -= len(run)
        yield run[-1]


def _take(asked: _Search, system_id: int, places: range | Sequence[int]) -> None:
    """Adds the decisions at those places that really match."""
    found = selectors.matching(system_id=system_id, filters=asked.filters)
    if isinstance(places, range):
        found = found.filter(index__gte=places.start, index__lt=places.stop)
    else:
        found = found.filter(index__in=places)
    found = found.select_related("system__organisation").order_by("-index" if asked.newest_first else "index")
    free = asked.wanted - len(asked.rows)
    if asked.filters.asks_entries:
        asked.rows += selectors.stating(rows=list(found), filters=asked.filters)[:free]
    else:
        asked.rows += found[:free]


def _page(asked: _Search, size: int, edge: Place | None) -> Page:
    more, kept = len(asked.rows) > size, asked.rows[:size]
    last = (kept[-1].system_id, kept[-1].index) if kept else None
    onward = last if more else asked.stopped
    back = (kept[0].system_id, kept[0].index) if kept else edge
    rows = kept if asked.newest_first else kept[::-1]
    assessed = selectors.assessments_of(decisions=rows)
    told = selectors.told(rows=rows)
    places = [(row.system_id, row.index) for row in rows]
    found = [Found(row, assessed.get(at), told[at]) for row, at in zip(rows, places, strict=True)]
    searched_to = _when(asked.stopped) if asked.stopped is not None else None
    if asked.newest_first:
        return Page(found, onward, back if edge is not None else None, searched_to)
    return Page(found, back, onward, searched_to)


def _when(place: Place) -> dt.datetime | None:
    """When the decision at that place, or the next after it, was logged."""
    found = Decision.objects.filter(system_id=place[0], index__gte=place[1]).order_by("index")
    return found.values_list("logged_at", flat=True).first()
