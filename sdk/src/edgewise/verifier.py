"""Verifying a whole log, as served or as a folder: signature, every tile, every leaf, and its own past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from edgewise import merkle, tiles, trust
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError
from edgewise.merkle import HASH_BYTES, TILE_WIDTH, Frontier
from edgewise.tiles import TileReader, tile_path
from edgewise.transport import Transport, UnreachableError
from edgewise.trust import TrustPolicy

Progress = Callable[[int, int], None]


class Source(Protocol):
    """Where a log lies: reads a path below its prefix."""

    def read(self, path: str) -> bytes:
        """Content of the file; VerificationError if there is none."""

    def close(self) -> None:
        """Let go of what is held open."""


class Folder:
    """A log downloaded or exported as static files."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes:
        """Content of a file; a partial tile may have been replaced by the full one."""
        for candidate in (path, path.partition(".p/")[0]):
            try:
                return (self._root / candidate).read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                continue
        raise VerificationError(f"{path} is missing")

    def close(self) -> None:
        """A folder holds nothing open."""


class Site:
    """A log served over HTTP; `token` for a log that is not public."""

    def __init__(self, url: str, token: str = "") -> None:
        self._transport = Transport(url, {"Authorization": f"Bearer {token}"} if token else {})

    def read(self, path: str) -> bytes:
        """Content of a file."""
        try:
            answer = self._transport.send("GET", f"/{path}")
        except UnreachableError as problem:
            raise VerificationError(str(problem)) from None
        if answer.status != 200:
            raise VerificationError(f"{path} is missing: the server answers {answer.status}")
        return answer.body

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


@dataclass(frozen=True, slots=True)
class Verified:
    """A log in which everything holds: its checkpoint, the signed note of it, and what was read."""

    checkpoint: Checkpoint
    note: str
    tiles: int


def source(where: str, token: str = "") -> Source:
    """The source that a command line names: an address or a folder."""
    return Site(where, token) if urlsplit(where).scheme in {"http", "https"} else Folder(Path(where))


def verify_log(
    log: Source, policy: TrustPolicy, *, remembered: str | None = None, progress: Progress | None = None
) -> Verified:
    """Check that a log is what its checkpoint says, from the first entry to the last.

    `remembered` is the signed checkpoint seen at an earlier time: the log must continue it. Raises
    VerificationError, with the first bad index where one can be named.
    """
    note = _text(log.read("checkpoint"))
    checkpoint = policy.check(note)
    past = policy.check(remembered) if remembered else None
    if past and past.origin != checkpoint.origin:
        raise VerificationError(f"the remembered checkpoint is that of {past.origin}")
    if past and past.size > checkpoint.size:
        raise VerificationError(
            f"the log shrank from {past.size} to {checkpoint.size} entries", index=checkpoint.size
        )
    count = _verify_tiles(log, checkpoint, progress or _silent)
    if past:
        _verify_past(log, past, checkpoint)
    return Verified(checkpoint, note, count)


def _verify_tiles(log: Source, checkpoint: Checkpoint, progress: Progress) -> int:
    """Hash every entry, compare with every tile, and the root with the checkpoint; the number of tiles."""
    frontier, count, size = Frontier(), 0, checkpoint.size
    for bundle in tiles.bundles_for(size):
        hashes = _leaves(log, bundle.n, bundle.width)
        for tile in frontier.append(hashes):
            if tile.level:
                _compare(log, tile.level, tile.n, tile.hashes)
            count += 1
        progress(frontier.size, size)
    for level, n, width in tiles.tiles_for(size):
        if width < TILE_WIDTH:
            if level:
                _compare(log, level, n, frontier.partial(level))
            count += 1
    if frontier.root() != checkpoint.root:
        raise VerificationError(
            "the entries and tiles agree with each other, but not with the root hash signed"
        )
    return count


def _leaves(log: Source, n: int, width: int) -> list[bytes]:
    """Leaf hashes of one bundle, computed from its entries and found equal to the tile of level 0."""
    first = n * TILE_WIDTH
    try:
        entries = tiles.decode_bundle(log.read(tiles.entries_path(n, width)))[:width]
    except VerificationError as problem:
        raise VerificationError(f"entries from {first} on: {problem}", index=first) from None
    hashes = merkle.leaf_hashes(entries)
    _compare(log, 0, n, b"".join(hashes), width)
    return hashes


def _compare(log: Source, level: int, n: int, computed: bytes, width: int | None = None) -> None:
    """Compare a served tile with the hashes computed for it; name the first entry that differs."""
    width = len(computed) // HASH_BYTES if width is None else width
    path = tile_path(level, n, width)
    span = TILE_WIDTH**level
    try:
        served = log.read(path)[: width * HASH_BYTES]
    except VerificationError as problem:
        raise VerificationError(str(problem), index=n * TILE_WIDTH * span) from None
    if served == computed and len(computed) == width * HASH_BYTES:
        return
    for position in range(width):
        at = slice(position * HASH_BYTES, (position + 1) * HASH_BYTES)
        if served[at] != computed[at] or not computed[at]:
            break
    index = (n * TILE_WIDTH + position) * span
    what = "is not what its hash in the log says" if level == 0 else f"is not what {path} covers"
    raise VerificationError(f"entry {index} {what}", index=index)


def _verify_past(log: Source, past: Checkpoint, now: Checkpoint) -> None:
    """The tiles have been found right for `now`: prove from them that they continue `past`."""
    reader = TileReader(
        now.size, lambda level, n, width: log.read(tile_path(level, n, width))[: width * HASH_BYTES]
    )
    proof = merkle.consistency_proof(past.size, now.size, reader)
    merkle.verify_consistency(past.size, now.size, past.root, now.root, proof)


def stated_policy(log: Source) -> TrustPolicy:
    """Policy made of the keys that the log itself serves: good against damage, not against a lying server."""
    return trust.parse(_text(log.read("policy")))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise VerificationError("a text of the log is not UTF-8") from None


def _silent(done: int, total: int) -> None:
    """No progress is shown."""
