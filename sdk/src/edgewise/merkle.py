"""Merkle tree over a log's entries: hashes, proofs, and the growing right edge.

Hashing and proofs follow RFC 6962 section 2.1 and RFC 9162 section 2.1, with SHA-256. A hash is 32 bytes.
Proofs are built from complete subtrees only, each named by (level, index): the subtree over the leaves
[index * 2**level, (index + 1) * 2**level). Whoever holds those (a list, a table, tiles) can answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from edgewise.errors import VerificationError

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES
EMPTY_ROOT = sha256(b"").digest()

HashReader = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree (level, index)."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Hash many entries as leaves, in order."""
    hasher = sha256
    return [hasher(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent."""
    return sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Root of the tree over these leaf hashes, which may be none."""
    frontier = Frontier()
    frontier.append(hashes)
    return frontier.root()


def parents(row: bytes) -> bytes:
    """Hash each pair of adjacent hashes in `row` (an even number of them, concatenated) into its parent."""
    hasher = sha256
    return b"".join([hasher(b"\x01" + row[at : at + 64]).digest() for at in range(0, len(row), 64)])


def fold(row: bytes) -> bytes:
    """Root of a complete subtree, given its 2**k lowest hashes concatenated."""
    while len(row) > HASH_BYTES:
        row = parents(row)
    return row


# Proofs


def subtrees(start: int, stop: int) -> list[tuple[int, int]]:
    """Cut the leaves [start, stop) into the fewest complete subtrees (level, index), left to right.

    `start` is a multiple of the largest power of two that fits, as it is for every range met in a proof.
    """
    cuts = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        cuts.append((level, start >> level))
        start += 1 << level
    return cuts


def inclusion_proof(index: int, size: int, read: HashReader | Sequence[bytes]) -> list[bytes]:
    """Path from leaf `index` to the root of the tree of `size` leaves, the leaf's sibling first.

    `read` gives complete subtrees' hashes, or is the list of all leaf hashes.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of size {size}")
    reader = _reader(read)
    return [_range_hash(reader, start, stop) for start, stop in _siblings(index, size)]


def path_length(index: int, size: int) -> int:
    """Hashes in the inclusion proof of leaf `index` in the tree of `size` leaves."""
    if not 0 <= index < size:
        raise VerificationError(f"entry {index} is not in a log of size {size}", index=index)
    return len(_siblings(index, size))


def consistency_proof(old: int, new: int, read: HashReader | Sequence[bytes]) -> list[bytes]:
    """Proof that the tree of `old` leaves is a prefix of the tree of `new` leaves."""
    if not 0 <= old <= new:
        raise ValueError(f"size {old} cannot be a prefix of size {new}")
    if old in (0, new):
        return []
    reader = _reader(read)
    return [_range_hash(reader, start, stop) for start, stop in _consistency_ranges(old, new)]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that leaf hash `leaf` is at `index` in the tree (size, root) (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        raise VerificationError(f"entry {index} is not in a log of size {size}", index=index)
    _expect_hashes([leaf, root, *proof])
    position, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise VerificationError("the inclusion proof is too long", index=index)
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise VerificationError("the inclusion proof is too short", index=index)
    if current != root:
        raise VerificationError(f"entry {index} is not what the root hash covers", index=index)


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree (old, old_root) is a prefix of the tree (new, new_root) (RFC 9162 2.1.4.2)."""
    if not 0 <= old <= new:
        raise VerificationError(f"the log shrank from {old} to {new} entries")
    _expect_hashes([old_root, new_root, *proof])
    if old in (0, new):
        _verify_trivial(old, new, old_root, new_root, proof)
        return
    if old & (old - 1) == 0:
        proof = [old_root, *proof]
    if not proof:
        raise VerificationError("the consistency proof is empty")
    if _climb(old, new, proof) != (old_root, new_root):
        raise VerificationError(f"the log of size {new} does not continue the log of size {old}")


def _climb(old: int, new: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The two roots that a consistency proof leads to."""
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_hash = new_hash = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            raise VerificationError("the consistency proof is too long")
        if position & 1 or position == last:
            old_hash, new_hash = node_hash(sibling, old_hash), node_hash(sibling, new_hash)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new_hash = node_hash(new_hash, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise VerificationError("the consistency proof is too short")
    return old_hash, new_hash


def _verify_trivial(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise VerificationError("the consistency proof should be empty")
    if old == 0 and old_root != EMPTY_ROOT:
        raise VerificationError("the root of an empty log is wrong")
    if old == new and old_root != new_root:
        raise VerificationError(f"two different roots for the log of size {new}")


def _siblings(index: int, size: int) -> list[tuple[int, int]]:
    """Leaf ranges beside the way from the root to a leaf, lowest first."""
    start, stop, ranges = 0, size, []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def _consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """Leaf ranges whose hashes make up PROOF(old, new) of RFC 9162 section 2.1.4.1."""
    start, stop, ranges = 0, new, []
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    # A prefix that is one complete subtree from the first leaf is known to the verifier already.
    return ranges[::-1] if start == 0 else [(start, stop), *ranges[::-1]]


def _range_hash(read: HashReader, start: int, stop: int) -> bytes:
    return join(read(level, index) for level, index in subtrees(start, stop))


def join(hashes: Iterable[bytes]) -> bytes:
    """Root over complete subtrees of falling size, left to right."""
    *larger, current = hashes
    for left in reversed(larger):
        current = node_hash(left, current)
    return current


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return int(1 << ((size - 1).bit_length() - 1))


def _reader(read: HashReader | Sequence[bytes]) -> HashReader:
    if callable(read):
        return read
    hashes = read

    def from_list(level: int, index: int) -> bytes:
        return fold(b"".join(hashes[index << level : (index + 1) << level]))

    return from_list


def _expect_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise VerificationError("a hash is not 32 bytes long")


# Growing


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: 256 hashes of tile level `level`, the `n`-th of that level, concatenated (8,192 bytes)."""

    level: int
    n: int
    hashes: bytes


class Frontier:
    """The right edge of a growing tree: all that is needed to append and to know the root.

    It keeps, for each tile level, the hashes of the last, partial tile (0 to 255 of them).
    """

    __slots__ = ("_edges", "size")

    def __init__(self) -> None:
        self.size = 0
        self._edges: list[bytearray] = []

    def append(self, hashes: Sequence[bytes]) -> list[Tile]:
        """Append leaf hashes, in order; return the tiles that became full, lower levels first."""
        return self.append_row(b"".join(hashes))

    def append_row(self, row: bytes) -> list[Tile]:
        """As `append`, of leaf hashes that are concatenated already."""
        completed: list[Tile] = []
        self.size += len(row) // HASH_BYTES
        level = 0
        while row:
            if level == len(self._edges):
                self._edges.append(bytearray())
            row = self._extend(level, row, completed)
            level += 1
        return completed

    def _extend(self, level: int, row: bytes, completed: list[Tile]) -> bytes:
        """Put hashes at the end of one level; return the hashes that this adds to the level above."""
        edge = self._edges[level]
        edge += row
        full = len(edge) // TILE_BYTES
        if not full:
            return b""
        first = (self.size >> (TILE_HEIGHT * (level + 1))) - full
        data = bytes(edge[: full * TILE_BYTES])
        del edge[: full * TILE_BYTES]
        completed += [
            Tile(level, first + n, data[n * TILE_BYTES : (n + 1) * TILE_BYTES]) for n in range(full)
        ]
        for _ in range(TILE_HEIGHT):
            data = parents(data)
        return data

    def root(self) -> bytes:
        """Root hash of the tree as it stands."""
        if self.size == 0:
            return EMPTY_ROOT
        return join(
            fold(bytes(edge[at * HASH_BYTES : (at + width) * HASH_BYTES]))
            for edge in reversed(self._edges)
            for at, width in _powers(len(edge) // HASH_BYTES)
        )

    def partial(self, level: int) -> bytes:
        """Hashes of the partial tile at this tile level, concatenated; empty if there is none."""
        return bytes(self._edges[level]) if level < len(self._edges) else b""

    def to_bytes(self) -> bytes:
        """Serialise: the size as 8 bytes, big-endian, then the partial tiles, lowest level first."""
        return self.size.to_bytes(8, "big") + b"".join(self._edges)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Restore what `to_bytes` gave; ValueError if the length does not fit the size."""
        frontier, at = cls(), 8
        frontier.size = remaining = int.from_bytes(data[:8], "big")
        while remaining:
            width = remaining % TILE_WIDTH * HASH_BYTES
            frontier._edges.append(bytearray(data[at : at + width]))
            at, remaining = at + width, remaining >> TILE_HEIGHT
        if len(data) != at:
            raise ValueError("the stored frontier is damaged")
        return frontier


def _powers(width: int) -> Iterable[tuple[int, int]]:
    """Cut `width` into falling powers of two, as (offset, power)."""
    at = 0
    while at < width:
        power = 1 << ((width - at).bit_length() - 1)
        yield at, power
        at += power
