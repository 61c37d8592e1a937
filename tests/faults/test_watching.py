"""The watcher of the fault suite finds a log that goes back or forks."""

import random

import pytest
from edgewise import checkpoints, merkle, notes, tiles
from edgewise.errors import VerificationError

from tests.faults.kept import Kept, System
from tests.faults.watching import Watcher

ORIGIN = "edgewise.test/log"
SIGNER = notes.NoteSigner(ORIGIN, bytes(32))


class Tree:
    """A log in memory that hands out partial tiles of level 0, and signs whatever it is."""

    def __init__(self, text: str) -> None:
        self.hashes = [merkle.leaf_hash(letter.encode()) for letter in text]

    def note(self, size: int) -> str:
        text = checkpoints.Checkpoint(ORIGIN, size, merkle.root(self.hashes[:size])).text()
        return notes.sign(text, [SIGNER])

    def get(self, path: str, rng: random.Random) -> tuple[int, bytes]:
        found = tiles.parse_tile_path(path.partition("/assistant/")[2])
        return 200, b"".join(self.hashes[: found.width])


def watcher(monkeypatch: pytest.MonkeyPatch, tree: Tree) -> Watcher:
    found = Watcher(System("north", "assistant", 1, 1, "", ORIGIN, (SIGNER.vkey,), {}), [], Kept(), 1)
    monkeypatch.setattr(found, "get", tree.get)
    return found


def test_a_log_that_grows_is_proven_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each checkpoint is proven from the one before."""
    tree = Tree("abcdefgh")
    found = watcher(monkeypatch, tree)
    for size in (3, 5, 8):
        found.accept(tree.note(size), random.Random(1))
    assert found.proven == 2
    assert sorted(found.seen) == [3, 5, 8]


@pytest.mark.parametrize(("other", "size"), [("abcdefgh", 4), ("abXdefgh", 5), ("abXdefgh", 8)])
def test_a_log_that_goes_back_or_forks_is_found(
    monkeypatch: pytest.MonkeyPatch, other: str, size: int
) -> None:
    """A smaller checkpoint, another one of the same size, and a longer one that does not continue."""
    found = watcher(monkeypatch, Tree(other))
    found.accept(Tree("abcdefgh").note(5), random.Random(1))
    with pytest.raises(VerificationError):
        found.accept(Tree(other).note(size), random.Random(1))
