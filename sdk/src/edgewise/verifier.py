"""Verifying a whole log, as served or as a folder: signature, every tile, every leaf, and its own past."""

from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from edgewise import tiles, trust
from edgewise.checkpoints import Checkpoint
from edgewise.encoding import to_text
from edgewise.errors import LogAwayError, UnreachableError, VerificationError
from edgewise.held_receipts import HeldReceipts
from edgewise.merkle import HASH_BYTES, TILE_WIDTH, Frontier
from edgewise.proofs import Receipt
from edgewise.tiles import tile_path
from edgewise.transport import Answer, Transport, bearer
from edgewise.trust import QuorumMissed, TrustPolicy

Progress = Callable[[int, int], None]

WORKERS = 4
IN_FLIGHT = 16
MAX_FILE_BYTES = TILE_WIDTH * (2 + tiles.MAX_ENTRY_BYTES)


class Source(Protocol):
    """Where a log lies: reads a path below its prefix, from several threads at once."""

    @property
    def patience(self) -> float:
        """Seconds to wait for witnesses to confirm the latest checkpoint."""

    def read(self, path: str) -> bytes:
        """Content of the file; VerificationError if there is none, LogAwayError if nobody can say."""

    def close(self) -> None:
        """Let go of what is held open."""


class Folder:
    """A log downloaded or exported as static files."""

    patience = 0.0

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes:
        """Content of a file; a partial tile may have been replaced by the full one."""
        for candidate in (path, path.partition(".p/")[0]):
            try:
                return (self._root / candidate).read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                continue
            except OSError as problem:
                raise VerificationError(f"{path} cannot be read: {problem.strerror}") from None
        raise VerificationError(f"{path} is missing")

    def close(self) -> None:
        """A folder holds nothing open."""


class Site:
    """A log served over HTTP; `token` for a log that is not public, `timeout` seconds for each file."""

    patience = 10.0

    def __init__(self, url: str, token: str = "", *, timeout: float = 30.0) -> None:
        headers = bearer(token, "token") if token else {}
        self._timeout = timeout
        self._transport = Transport(url, headers, timeout=timeout, max_body=MAX_FILE_BYTES)

    def read(self, path: str) -> bytes:
        """Content of a file."""
        try:
            answer = self._transport.send("GET", f"/{path}", patience=self._timeout)
        except UnreachableError as problem:
            raise LogAwayError(str(problem)) from None
        if answer.status in {401, 403}:
            raise VerificationError(
                f"{path} is refused: the server answers {answer.status}; "
                "a log that is not public is read with a token (--token or EDGEWISE_TOKEN)"
            )
        if answer.status != 200:
            raise VerificationError(f"{path} is missing: the server answers {answer.status}")
        return _expanded(answer, path)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


def _expanded(answer: Answer, path: str) -> bytes:
    """The body as it was before the server compressed it, which a log may do unasked."""
    encoding = answer.headers.get("content-encoding", "identity")
    if encoding == "identity":
        return answer.body
    if encoding != "gzip":
        raise VerificationError(f"{path} is compressed as {encoding}, which was not asked for")
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(answer.body, MAX_FILE_BYTES)
    except zlib.error:
        raise VerificationError(f"{path} is not the gzip it says it is") from None


@dataclass(frozen=True, slots=True)
class Verified:
    """A log in which everything holds: its checkpoint, the signed note of it, and what was read."""

    checkpoint: Checkpoint
    note: str
    tiles: int


def source(where: str, token: str = "") -> Source:
    """The source that a command line names: an address or a folder."""
    return Site(where, token) if is_address(where) else Folder(Path(where))


def is_address(where: str) -> bool:
    """Whether a command line names an address, and not a folder."""
    return urlsplit(where).scheme in {"http", "https"}


def verify_log(
    log: Source,
    policy: TrustPolicy,
    *,
    remembered: str | None = None,
    receipts: Sequence[Receipt] = (),
    progress: Progress | None = None,
) -> Verified:
    """Check that a log is what its checkpoint says, from the first entry to the last.

    `remembered` is the signed checkpoint seen at an earlier time: the log must continue it. Of `receipts` it must
    continue the checkpoints, and hold the entries that they are of. Raises VerificationError, with the first index in
    doubt where one can be named; LogAwayError, which is one too, if the log's server is away.
    """
    past = None if remembered is None else _past(remembered, policy)
    held = HeldReceipts(receipts, policy)
    note, checkpoint = _latest(log, policy, past.size if past else 0)
    if past and past.origin != checkpoint.origin:
        raise VerificationError(f"the remembered checkpoint is that of {past.origin}")
    if past and past.size > checkpoint.size:
        raise VerificationError(
            f"the log shrank from {past.size} to {checkpoint.size} entries", index=checkpoint.size
        )
    held.expect(checkpoint)
    return Verified(checkpoint, note, _verify_tiles(log, checkpoint, past, held, progress or _silent))


def _past(remembered: str, policy: TrustPolicy) -> Checkpoint:
    try:
        return policy.check(remembered)
    except VerificationError as problem:
        raise problem.located(before="the checkpoint remembered: ") from None


def _latest(log: Source, policy: TrustPolicy, proven: int) -> tuple[str, Checkpoint]:
    """The log's checkpoint, once the witnesses that the policy asks for confirmed it; past `proven` all is in doubt."""
    deadline = time.monotonic() + log.patience
    while True:
        note = to_text(log.read("checkpoint"), "the checkpoint")
        try:
            return note, policy.check(note)
        except QuorumMissed:
            if time.monotonic() > deadline:
                raise
        except VerificationError as problem:
            raise problem.located(proven) from None
        time.sleep(0.2)


def _verify_tiles(
    log: Source, checkpoint: Checkpoint, past: Checkpoint | None, held: HeldReceipts, progress: Progress
) -> int:
    """Hash every entry, compare with every tile, and the roots with the checkpoints; the number of tiles."""
    frontier, count, size = Frontier(), 0, checkpoint.size
    ends = held.sizes | ({past.size} if past else set())
    for row in _rows(log, size):
        held.look(row, frontier.size)
        for piece in _cut(row, frontier.size, ends):
            for tile in frontier.append_row(piece):
                if tile.level:
                    _compare(log, tile.level, tile.n, tile.hashes)
                count += 1
            _check_root(frontier, past)
            held.check(frontier)
        progress(frontier.size, size)
    for level, n, width in tiles.tiles_for(size):
        if width < TILE_WIDTH:
            if level:
                _compare(log, level, n, frontier.partial(level))
            count += 1
    if frontier.root() != checkpoint.root:
        what = "the entries and tiles agree with each other, but not with the root hash signed"
        raise VerificationError(what, index=past.size if past else 0)
    return count


def _rows(log: Source, size: int) -> Iterator[bytes]:
    """The leaf hashes of each bundle in turn; a few bundles are fetched and hashed ahead, so memory stays bounded."""
    bundles = tiles.bundles_for(size)
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="edgewise-verify")
    try:
        ahead = deque(pool.submit(_leaves, log, each.n, each.width) for each in islice(bundles, IN_FLIGHT))
        while ahead:
            row = ahead.popleft().result()
            ahead.extend(pool.submit(_leaves, log, each.n, each.width) for each in islice(bundles, 1))
            yield row
    finally:
        pool.shutdown(cancel_futures=True)


def _leaves(log: Source, n: int, width: int) -> bytes:
    """Leaf hashes of one bundle, computed from its entries and found equal to the tile of level 0."""
    first = n * TILE_WIDTH
    try:
        row = tiles.bundle_hashes(log.read(tiles.entries_path(n, width)), width)
    except VerificationError as problem:
        raise problem.located(first, f"entries from {first} on: ") from None
    _compare(log, 0, n, row, width)
    return row


def _cut(row: bytes, start: int, ends: Collection[int]) -> Iterator[bytes]:
    """The row in pieces where the checkpoints kept elsewhere end in it, else whole."""
    begin, stop = 0, len(row)
    for end in sorted(ends):
        at = (end - start) * HASH_BYTES
        if begin < at < stop:
            yield row[begin:at]
            begin = at
    yield row[begin:]


def _check_root(frontier: Frontier, past: Checkpoint | None) -> None:
    """At the size of the remembered checkpoint, the root must be the one remembered."""
    if past and frontier.size == past.size and frontier.root() != past.root:
        message = (
            f"the log does not continue the checkpoint remembered: an entry before {past.size} is another"
        )
        raise VerificationError(message, index=0)


def _compare(log: Source, level: int, n: int, computed: bytes, width: int | None = None) -> None:
    """Compare a served tile with the hashes computed for it; name the first entry that differs."""
    width = len(computed) // HASH_BYTES if width is None else width
    path = tile_path(level, n, width)
    span = TILE_WIDTH**level
    try:
        served = log.read(path)[: width * HASH_BYTES]
    except VerificationError as problem:
        raise problem.located(n * TILE_WIDTH * span) from None
    if served == computed and len(computed) == width * HASH_BYTES:
        return
    for position in range(width):
        at = slice(position * HASH_BYTES, (position + 1) * HASH_BYTES)
        if served[at] != computed[at] or not computed[at]:
            break
    index = (n * TILE_WIDTH + position) * span
    what = "is not what its hash in the log says" if level == 0 else f"is not what {path} covers"
    raise VerificationError(f"entry {index} {what}", index=index)


def stated_policy(log: Source) -> TrustPolicy:
    """Policy made of the keys that the log itself serves: good against damage, not against a lying server."""
    return trust.parse(log.read("policy"))


def _silent(done: int, total: int) -> None:
    """No progress is shown."""
