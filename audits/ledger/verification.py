"""Checks a whole log in the database: every entry, tile, the head and every checkpoint, from the first to the last.

PostgreSQL's superuser can switch triggers off; what was changed behind the ledger's back is found here, and the first
bad index named. What was rewritten together with everything derived from it, checkpoints included, only a checkpoint or
receipt kept elsewhere can tell: give it as `remembered`, or among `receipts`. Rows that repeat what entries say are
compared in passing by whoever keeps them (`beside`).
"""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from django.db import connection, transaction
from edgewise import checkpoints, merkle, notes
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError
from edgewise.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH
from edgewise.proofs import Receipt

from audits.ledger import keys, models, rotation, selectors, witnesses
from audits.ledger.models import Cosignature, Entry, Head, Log, Published, Tile

CHECKPOINTS_AT_ONCE = 256

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Verified:
    """A log in which everything holds."""

    size: int
    root: bytes
    checkpoints: int


class Beside(Protocol):
    """Rows beside a log that repeat what its entries say."""

    def look(self, first: int, entries: Sequence[bytes]) -> None:
        """Compares them with these entries, which hold; each is seen once, in order. Raises nothing."""

    def end(self, size: int) -> None:
        """Raises VerificationError for the first row that did not agree, or that lies beyond `size` entries."""


def verify(
    *,
    log: Log,
    remembered: Sequence[str] = (),
    receipts: Sequence[Receipt] = (),
    beside: Sequence[Beside] = (),
    progress: Progress | None = None,
) -> Verified:
    """Checks one log. `remembered` are signed checkpoints kept elsewhere, which the log must continue.

    Of `receipts` it must continue the checkpoints and hold the entries that they are of. Raises VerificationError,
    with the first bad index where one can be named; of rows beside the log only once the log itself holds.
    """
    with _snapshot():
        head = _head(log)
        roots = _Roots(*_signed(log, [*remembered, *(receipt.checkpoint for receipt in receipts)]))
        frontier = _check_entries(log, head, roots, beside, progress or _silent)
        _check_end(log, head, frontier)
        _check_reach(log, head, roots)
        for receipt in receipts:
            _check_receipt(log, receipt)
        for each in beside:
            each.end(head.size)
    return Verified(head.size, frontier.root(), roots.checked)


def _head(log: Log) -> Head:
    found = Head.objects.filter(log=log).first()
    if found is None:
        raise VerificationError("the head of the log is gone")
    return found


@contextmanager
def _snapshot() -> Iterator[None]:
    """One view of the database throughout, so that a log that grows meanwhile looks whole."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _silent(done: int, total: int) -> None:
    """No progress is shown."""


def _check_entries(
    log: Log, head: Head, roots: "_Roots", beside: Sequence[Beside], progress: Progress
) -> merkle.Frontier:
    """Hashes every entry into a tree of its own and compares that with all that is stored, in passing."""
    frontier = merkle.Frontier()
    roots.check(frontier)
    for entries, hashes in _leaves(log, head):
        for each in beside:
            each.look(frontier.size, entries)
        for piece in roots.cut(hashes, frontier.size):
            for tile in frontier.append(piece):
                _check_tile(log, tile)
            roots.check(frontier)
        progress(frontier.size, head.size)
    return frontier


class _Roots:
    """The roots that were signed, compared as the tree grows past their sizes; one of them is held at a time.

    Both kinds come by size. A busy log has millions of stored ones: they are read in step with the entries.
    """

    def __init__(self, stored: Iterable[Checkpoint], remembered: Iterable[Checkpoint]) -> None:
        both = (zip(stored, itertools.repeat(False)), zip(remembered, itertools.repeat(True)))
        self._coming = heapq.merge(*both, key=lambda pair: pair[0].size)
        self._next = next(self._coming, None)
        # The sizes up to which stored and remembered checkpoints agreed. Whoever contradicts a remembered one has
        # signed anew, so that the stored ones say nothing then.
        self._agreed = {False: 0, True: 0}
        self.checked = 0

    @property
    def next_size(self) -> int | None:
        """How far the next checkpoint to be compared reaches; None if none is left."""
        return self._next[0].size if self._next else None

    def cut(self, hashes: list[bytes], start: int) -> Iterator[list[bytes]]:
        """The hashes, cut wherever a checkpoint ends; each piece has to be checked before the next is asked for."""
        begin, stop = 0, start + len(hashes)
        while self.next_size is not None and self.next_size < stop:
            end = self.next_size - start
            yield hashes[begin:end]
            begin = end
        yield hashes[begin:]

    def check(self, frontier: merkle.Frontier) -> None:
        """Compares the root with every checkpoint of this size; all after the last that agreed is in doubt."""
        before = dict(self._agreed)
        while self._next and self._next[0].size == frontier.size:
            checkpoint, remembered = self._next
            if checkpoint.root != frontier.root():
                doubtful = before[remembered]
                message = f"the checkpoint of size {frontier.size} covers other entries than these"
                raise VerificationError(f"{message}, from {doubtful} on", index=doubtful)
            self._agreed[remembered] = frontier.size
            self.checked += 1
            self._next = next(self._coming, None)


def _signed(log: Log, remembered: Sequence[str]) -> tuple[Iterator[Checkpoint], list[Checkpoint]]:
    """Every checkpoint by size, those stored as they are asked for and those remembered, once its signature holds."""
    latest = selectors.latest_checkpoint(log=log)
    known = _known_keys(log, latest) if latest else keys.vkeys(log.origin)
    kept = [notes.open_checkpoint(note, known) for note in remembered]
    if any(checkpoint.origin != log.origin for checkpoint in kept):
        raise VerificationError("a checkpoint given is that of another log")
    return _stored(log, latest, known), sorted(kept, key=lambda checkpoint: checkpoint.size)


def _stored(log: Log, latest: models.Checkpoint | None, known: Sequence[str]) -> Iterator[Checkpoint]:
    rows = models.Checkpoint.objects.filter(log=log).select_related("log").order_by("size")
    page, last = rows[:CHECKPOINTS_AT_ONCE], 0
    while found := list(page):
        lines = _cosignatures(log, found[0].size, found[-1].size)
        for row in found:
            opened = _open(row, known if row != latest else keys.vkeys(log.origin), last)
            _check_cosignatures(row, lines[row.size])
            yield opened
            last = row.size
        page = rows.filter(size__gt=last)[:CHECKPOINTS_AT_ONCE]


def _cosignatures(log: Log, first: int, last: int) -> dict[int, list[Cosignature]]:
    """Those under checkpoints of these sizes, by size."""
    found: dict[int, list[Cosignature]] = defaultdict(list)
    for row in Cosignature.objects.filter(log=log, size__gte=first, size__lte=last):
        found[row.size].append(row)
    return found


def _check_cosignatures(checkpoint: models.Checkpoint, rows: Sequence[Cosignature]) -> None:
    """Whoever knows the witness refuses a checkpoint with a false line. One of a witness that is not listed any more
    can only be read.
    """
    listed = {witnesses.key_name(key): key for key in witnesses.policy().witnesses.values()}
    text = notes.split(checkpoint.note)[0]
    for row in rows:
        try:
            lines = notes.split(f"{text}\n{row.line}")[1]
            if [f"{line.name}+{line.key_id.hex()}" for line in lines] != [row.key]:
                raise VerificationError("it is not one line by that key")
            if row.key in listed:
                notes.valid_signatures(f"{text}\n{row.line}", [listed[row.key]])
        except VerificationError as error:
            raise VerificationError(
                f"the cosignature of {row.key} under the checkpoint of size {row.size}: {error}"
            ) from None


def _known_keys(log: Log, latest: models.Checkpoint) -> list[str]:
    """The keys in use, and the earlier ones that entries name which the latest checkpoint covers.

    It must be signed by a key in use, and every entry is compared with it: what they name can be believed then.
    """
    return [*keys.vkeys(log.origin), *rotation.earlier_vkeys(log, below=latest.size)]


def _open(row: models.Checkpoint, known: Sequence[str], last: int) -> Checkpoint:
    """A stored checkpoint; what it seals beyond `last` is in doubt if it does not hold."""
    try:
        checkpoint = notes.open_checkpoint(row.note, known)
    except VerificationError as error:
        raise VerificationError(f"the checkpoint of size {row.size}: {error}", index=last) from None
    if checkpoint != Checkpoint(row.log.origin, row.size, bytes(row.root)):
        raise VerificationError(f"the checkpoint of size {row.size} states something else", index=last)
    return checkpoint


def _leaves(log: Log, head: Head) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Entries and leaf hashes, tile by tile, each computed from its entry and found equal to the hash stored."""
    edge = _edge(head).partial(0)
    for first in range(0, head.size, TILE_WIDTH):
        width = min(TILE_WIDTH, head.size - first)
        entries = _entries(log, first, width)
        hashes = merkle.leaf_hashes(entries)
        stored = _stored_tile(log, 0, first // TILE_WIDTH) if width == TILE_WIDTH else edge
        _compare(stored, b"".join(hashes), first, 1)
        yield entries, hashes


def _edge(head: Head) -> merkle.Frontier:
    """The head's edge; it must be as long as its size asks for."""
    try:
        edge = merkle.Frontier.from_bytes(bytes(head.edge))
    except ValueError:
        raise VerificationError("the head of the log is damaged") from None
    if edge.size != head.size:
        index = min(edge.size, head.size)
        raise VerificationError(f"the head states {head.size} entries, its edge {edge.size}", index=index)
    return edge


def _entries(log: Log, first: int, width: int) -> list[bytes]:
    rows = Entry.objects.filter(log=log, index__gte=first, index__lt=first + width).order_by("index")
    found = list(rows.values_list("index", "entry"))
    for expected, (index, _entry) in enumerate(found, first):
        if index != expected:
            raise VerificationError(f"entry {expected} is missing", index=expected)
    if len(found) < width:
        missing = first + len(found)
        raise VerificationError(f"entry {missing} is missing", index=missing)
    return [bytes(entry) for _index, entry in found]


def _stored_tile(log: Log, level: int, n: int) -> bytes:
    found = Tile.objects.filter(log=log, level=level, n=n).values_list("hashes", flat=True).first()
    if found is None:
        first = n << (TILE_HEIGHT * (level + 1))
        raise VerificationError(f"tile {level}/{n} is missing", index=first)
    return bytes(found)


def _check_tile(log: Log, tile: merkle.Tile) -> None:
    """Compares a full tile above level 0 with the one stored; those of level 0 were compared with the entries."""
    if tile.level:
        span = TILE_WIDTH**tile.level
        _compare(_stored_tile(log, tile.level, tile.n), tile.hashes, tile.n * TILE_WIDTH * span, span)


def _compare(stored: bytes, computed: bytes, first: int, span: int) -> None:
    if stored == computed:
        return
    for offset in range(0, max(len(stored), len(computed)), HASH_BYTES):
        if stored[offset : offset + HASH_BYTES] != computed[offset : offset + HASH_BYTES]:
            index = first + offset // HASH_BYTES * span
            raise VerificationError(f"entry {index} is not what its hash in the log says", index=index)


def _check_end(log: Log, head: Head, frontier: merkle.Frontier) -> None:
    """The edge, and nothing beyond it."""
    edge = _edge(head)
    level, size = 0, head.size
    while size:
        span = TILE_WIDTH**level
        _compare(edge.partial(level), frontier.partial(level), (size - size % TILE_WIDTH) * span, span)
        level, size = level + 1, size >> TILE_HEIGHT
    if Entry.objects.filter(log=log, index__gte=head.size).exists():
        raise VerificationError(f"there are entries beyond the end of the log, {head.size}", index=head.size)
    expected = sum(head.size >> (TILE_HEIGHT * (level + 1)) for level in range(8))
    if Tile.objects.filter(log=log).count() != expected:
        raise VerificationError("there are tiles beyond the end of the log", index=head.size)


def _check_reach(log: Log, head: Head, roots: _Roots) -> None:
    """No checkpoint covers more than the log has, and the latest one is the one published."""
    if roots.next_size is not None:
        raise VerificationError(
            f"a checkpoint covers {roots.next_size} entries, the log has {head.size}", index=head.size
        )
    stored = selectors.latest_checkpoint(log=log)
    found = Published.objects.filter(log=log).first()
    if found is None:
        raise VerificationError("what was published of the log is not noted any more")
    published = found.size
    if published != (stored.size if stored else None):
        raise VerificationError("the latest checkpoint is not the one published", index=published)


def _check_receipt(log: Log, receipt: Receipt) -> None:
    """Its path must lead from the entry at its index to the root of its checkpoint, which is one of this log by now."""
    index, covered = receipt.index, checkpoints.parse(notes.split(receipt.checkpoint)[0])
    try:
        if index >= covered.size:
            raise VerificationError(f"its checkpoint covers {covered.size} entries")
        (entry,) = _entries(log, index, 1)
        leaf = merkle.leaf_hash(entry)
        merkle.verify_inclusion(leaf, index, covered.size, receipt.path, covered.root)
    except VerificationError as error:
        raise VerificationError(f"the receipt of entry {index}: {error}", index=index) from None
