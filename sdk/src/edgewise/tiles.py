"""Tiles: how a log's hashes and entries are cut into files (C2SP tlog-tiles).

Tile `n` of tile level `level` holds up to 256 hashes of subtrees of 256**level leaves; a bundle holds the
entries under one tile of level 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from edgewise import merkle
from edgewise.errors import VerificationError
from edgewise.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH

MAX_ENTRY_BYTES = 65_535
MAX_LEVEL = 63

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<n>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


class TilePath(NamedTuple):
    """What a path names: `level` is None for entries; `width` is 256 for a full tile."""

    level: int | None
    n: int
    width: int


def tile_path(level: int | None, n: int, width: int = TILE_WIDTH) -> str:
    """Path of a tile below the log's prefix, as `tile/0/x001/234`; `level` None names an entry bundle."""
    groups = [f"{n % 1000:03d}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03d}")
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{'/'.join(reversed(groups))}{suffix}"


def entries_path(n: int, width: int = TILE_WIDTH) -> str:
    """Path of an entry bundle below the log's prefix."""
    return tile_path(None, n, width)


def parse_tile_path(path: str) -> TilePath:
    """Read a path that `tile_path` could have written; VerificationError for any other."""
    if match := _PATH.fullmatch(path):
        level = None if match["level"] == "entries" else int(match["level"])
        n = int(match["n"].replace("x", "").replace("/", ""))
        parsed = TilePath(level, n, int(match["width"] or TILE_WIDTH))
        partial = match["width"] is None or parsed.width < TILE_WIDTH
        if (level or 0) <= MAX_LEVEL and partial and tile_path(*parsed) == path:
            return parsed
    raise VerificationError(f"not a tile path: {_fault(path)}")


def _fault(path: str) -> str:
    """Which part of a path is not as `tile_path` writes it."""
    level, _slash, rest = path.removeprefix("tile/").partition("/")
    number, dot, width = rest.partition(".p/")
    if not path.startswith("tile/"):
        return "it begins with tile/"
    if not (level == "entries" or _is_decimal(level, MAX_LEVEL)):
        return f"the level is entries or 0 to {MAX_LEVEL}, not {level[:20]!r}"
    if dot and not (_is_decimal(width, TILE_WIDTH - 1) and width != "0"):
        return f"the width after .p/ is 1 to {TILE_WIDTH - 1}, not {width[:20]!r}"
    return f"the number is groups of three digits as in x001/234, at most seven of them, not {number[:40]!r}"


def _is_decimal(text: str, largest: int) -> bool:
    return text in map(str, range(largest + 1))


def partial_width(level: int, size: int) -> int:
    """Hashes in the partial tile at the right edge of a tree of `size` leaves; 0 if there is none."""
    return (size >> (TILE_HEIGHT * level)) % TILE_WIDTH


def tile_width(level: int, n: int, size: int) -> int:
    """Hashes that tile (level, n) holds in a tree of `size` leaves: 0 to 256."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - n * TILE_WIDTH))


def tiles_for(size: int) -> Iterator[TilePath]:
    """Every hash tile, full or partial, of a tree of `size` leaves, level by level."""
    level = 0
    while count := size >> (TILE_HEIGHT * level):
        full, rest = divmod(count, TILE_WIDTH)
        for n in range(full):
            yield TilePath(level, n, TILE_WIDTH)
        if rest:
            yield TilePath(level, full, rest)
        level += 1


def bundles_for(size: int) -> Iterator[TilePath]:
    """Every entry bundle of a log of `size` entries."""
    full, rest = divmod(size, TILE_WIDTH)
    for n in range(full):
        yield TilePath(None, n, TILE_WIDTH)
    if rest:
        yield TilePath(None, full, rest)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entry bundle: each entry after its length as two bytes, big-endian."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError("an entry is longer than 65,535 bytes")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(data: bytes) -> list[bytes]:
    """Entries of a bundle, in order."""
    entries, at = [], 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data):
            raise VerificationError("an entry bundle ends in the middle of an entry")
        entries.append(data[start:at])
    return entries


def bundle_hashes(data: bytes, width: int = TILE_WIDTH) -> bytes:
    """Leaf hashes of a bundle's first `width` entries, concatenated, without an object for each entry."""
    hasher, found, at, end = sha256, list[bytes](), 0, len(data)
    while at < end and len(found) < width:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise VerificationError("an entry bundle ends in the middle of an entry")
        found.append(hasher(b"\x00" + data[start:at]).digest())
    return b"".join(found)


class TileReader:
    """Reads the hashes that proofs need out of tiles, fetching each tile once.

    `fetch(level, n, width)` gives the tile's hashes, concatenated; it is called at most twice per tile level
    for an inclusion proof. Pass an instance as `read` to `merkle.inclusion_proof` and its kin.
    """

    def __init__(self, size: int, fetch: Callable[[int, int, int], bytes]) -> None:
        self.size = size
        self._fetch = fetch
        self._tiles: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree (level, index)."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        n, offset = divmod(index << height, TILE_WIDTH)
        row = self._tile(tile_level, n)[offset * HASH_BYTES : (offset + (1 << height)) * HASH_BYTES]
        if len(row) != HASH_BYTES << height:
            raise VerificationError("a hash outside the tree was asked for")
        return merkle.fold(row)

    def _tile(self, level: int, n: int) -> bytes:
        if (level, n) not in self._tiles:
            width = tile_width(level, n, self.size)
            data = self._fetch(level, n, width)
            if len(data) != width * HASH_BYTES:
                raise VerificationError(f"tile {level}/{n} has the wrong length")
            self._tiles[level, n] = data
        return self._tiles[level, n]
