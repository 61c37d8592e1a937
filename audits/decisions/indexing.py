"""Building the inverted index behind the explorer, off the ingest path: from segments, by a cursor of its own."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from audits.decisions import links, postings, table
from audits.decisions.links import Digests
from audits.decisions.models import Block, Cursor, Segment
from audits.decisions.table import Table
from governance.systems.models import AISystem

SEGMENTS = 8
_KNOWN = "SELECT term, places FROM audits_posting WHERE system_id = %s AND block = %s AND term = ANY(%s)"
_KEEP = (
    "INSERT INTO audits_posting (system_id, term, block, places) "
    "SELECT %s, term, %s, places FROM unnest(%s::bigint[], %s::bytea[]) AS fresh (term, places) "
    "ON CONFLICT (system_id, term, block) DO UPDATE SET places = EXCLUDED.places"
)


def catch_up(*, system: AISystem) -> None:
    """Indexes everything that has been assessed."""
    while advance(system=system):
        pass


@transaction.atomic
def advance(*, system: AISystem) -> int:
    """Indexes what a few segments hold; how many decisions, 0 if there is nothing or another worker is at it."""
    cursor = Cursor.objects.select_for_update(skip_locked=True).filter(system=system).first()
    if cursor is None or cursor.searchable >= cursor.next:
        return 0
    found = Segment.objects.filter(system=system, last__gte=cursor.searchable).order_by("first")[:SEGMENTS]
    done = 0
    for segment in found:
        whole = table.unpack(bytes(segment.data))
        fresh = np.flatnonzero(whole.index >= cursor.searchable)
        for block, rows in _by_block(part := whole.take(fresh)):
            _add(system, block, rows)
        add_links(system, part.index, links.unpack(bytes(segment.links), len(whole))[fresh])
        done += len(part)
        cursor.searchable = segment.last + 1
    if not done:
        cursor.searchable = cursor.next
    cursor.save(update_fields=["searchable"])
    return done


def forget(*, system: AISystem, indexes: Sequence[int], edges: Collection[str]) -> None:
    """Takes deciding edges and margins of these decisions out of the index; the caller keeps the indexer waiting."""
    terms = {make("driving_edge", edge) for edge in edges for make in (postings.term, postings.bucket)}
    every = np.array(indexes, np.int64)
    for number in np.unique(every // postings.BLOCK).tolist():
        places = (every[every // postings.BLOCK == number] % postings.BLOCK).astype(np.uint16)
        held = _held(system, number, terms)
        left = {
            term: np.setdiff1d(postings.places(postings.bitmap(data)), places) for term, data in held.items()
        }
        _keep(system, number, {term: postings.encode(stays) for term, stays in left.items()})
        block = Block.objects.filter(system=system, block=number).first()
        if block is not None:
            _set_margins(block, places, np.uint16(postings.NO_MARGIN))
            block.save(update_fields=["margins", "least_margin"])


def add_links(system: AISystem, indexes: NDArray[np.int64], found: Digests) -> None:
    """Adds the links of these decisions to the terms of their blocks."""
    for number in np.unique(indexes // postings.BLOCK).tolist():
        rows = np.flatnonzero(indexes // postings.BLOCK == number)
        places = (indexes[rows] % postings.BLOCK).astype(np.uint16)
        _enter(system, number, {term: np.unique(places[rows_]) for term, rows_ in links.values(found[rows])})


def add_kinds(system: AISystem, part: Table) -> None:
    """Adds to their blocks which of these decisions are choices and which assessments."""
    for number, rows in _by_block(part):
        places = (rows.index % postings.BLOCK).astype(np.uint16)
        found = postings.kinds(rows)
        _enter(system, number, {postings.term(*named): places[carried] for *named, carried in found})


def renew_margins(system: AISystem, part: Table) -> None:
    """Writes the margins of these decisions, in today's steps, into the columns of their blocks."""
    for number, rows in _by_block(part):
        for block in Block.objects.filter(system=system, block=number):
            _set_margins(block, rows.index % postings.BLOCK, postings.margin_codes(rows.margin))
            block.save(update_fields=["margins", "least_margin"])


def _set_margins(block: Block, places: NDArray[Any], codes: NDArray[np.uint16] | np.uint16) -> None:
    margins = np.frombuffer(block.margins, "<u2").copy()
    margins[places] = codes
    block.margins, block.least_margin = margins.tobytes(), int(margins.min())


def _enter(system: AISystem, number: int, fresh: dict[int, postings.Places]) -> None:
    """Adds places of one block to terms of their own."""
    known = _held(system, number, fresh)
    _keep(system, number, {term: _merged(known.get(term), [added]) for term, added in fresh.items()})


def _by_block(part: Table) -> Iterator[tuple[int, Table]]:
    numbers = part.index // postings.BLOCK
    for number in np.unique(numbers):
        yield int(number), part.take(np.flatnonzero(numbers == number))


def _add(system: AISystem, number: int, part: Table) -> None:
    """Adds decisions of one block to its terms, and their times and margins to its columns."""
    block = Block.objects.filter(system=system, block=number).first() or Block(
        system=system, block=number, exact={}, seconds=bytes(4 * postings.BLOCK),
        margins=np.full(postings.BLOCK, postings.NO_MARGIN, "<u2").tobytes(),
    )  # fmt: skip
    _add_terms(system, block, part)
    places = part.index % postings.BLOCK
    times = np.frombuffer(block.seconds, "<u4").copy()
    times[places] = postings.seconds(part.occurred)
    block.seconds = times.tobytes()
    _set_margins(block, places, postings.margin_codes(part.margin))
    first, last = part.moment(int(np.argmin(part.occurred))), part.moment(int(np.argmax(part.occurred)))
    block.starts_at = min(block.starts_at or first, first)
    block.ends_at = max(block.ends_at or last, last)
    block.save()


def _add_terms(system: AISystem, block: Block, part: Table) -> None:
    """Past 256 values of one attribute, further ones share buckets."""
    found = [
        (attribute, value, (part.index[rows] % postings.BLOCK).astype(np.uint16))
        for attribute, value, rows in postings.values(part)
    ]
    known = _known(system, block.block, [(attribute, value) for attribute, value, _places in found])
    fresh: dict[int, list[postings.Places]] = {}
    for attribute, value, places in found:
        term = postings.term(attribute, value)
        if term not in known:
            if block.exact.get(attribute, 0) < postings.EXACT_TERMS:
                block.exact[attribute] = block.exact.get(attribute, 0) + 1
            else:
                term = postings.bucket(attribute, value)
        fresh.setdefault(term, []).append(places)
    _keep(system, block.block, {term: _merged(known.get(term), parts) for term, parts in fresh.items()})


def _merged(before: bytes | None, parts: list[postings.Places]) -> bytes:
    earlier = [] if before is None else [postings.places(postings.bitmap(before))]
    return postings.encode(np.unique(np.concatenate([*earlier, *parts])))


def _known(system: AISystem, block: int, named: list[tuple[str, str]]) -> dict[int, bytes]:
    """What the block holds already for these values, under their own terms or their buckets'."""
    return _held(system, block, {make(*each) for each in named for make in (postings.term, postings.bucket)})


def _held(system: AISystem, block: int, terms: Collection[int]) -> dict[int, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [system.pk, block, sorted(terms)])
        return {term: bytes(places) for term, places in cursor.fetchall()}


def _keep(system: AISystem, block: int, terms: dict[int, bytes]) -> None:
    if not terms:
        return
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [system.pk, block, list(terms), list(terms.values())])
