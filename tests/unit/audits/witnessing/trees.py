"""Logs of another deployment, as trees in memory signed with a key of its own."""

from collections.abc import Sequence
from pathlib import Path

from edgewise import merkle, notes
from edgewise.checkpoints import Checkpoint
from edgewise.submissions import Submission

ORIGIN = "elsewhere.example/log/a"
SIGNER = notes.NoteSigner(ORIGIN, b"\7" * 32)


class Tree:
    """Leaf hashes; `fork` is the index from which they are other ones."""

    def __init__(self, size: int, *, fork: int | None = None) -> None:
        changed = size if fork is None else fork
        entries = [b"%d" % index if index < changed else b"forged %d" % index for index in range(size)]
        self.hashes = merkle.leaf_hashes(entries)

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        hashes = self.hashes[:size]
        return Checkpoint(ORIGIN, len(hashes), merkle.root(hashes))

    def note(self, size: int | None = None, *, signer: notes.NoteSigner = SIGNER) -> str:
        return notes.sign(self.checkpoint(size).text(), [signer])

    def proof(self, old: int, size: int | None = None) -> list[bytes]:
        hashes = self.hashes[:size]
        return merkle.consistency_proof(old, len(hashes), hashes)

    def submission(self, old: int, size: int | None = None) -> bytes:
        """The body that submits the state of `size` entries to a witness that has seen `old`."""
        proof = self.proof(old, size) if old <= len(self.hashes[:size]) else []
        return Submission(old, tuple(proof), self.note(size)).text().encode()


def list_logs(path: Path, vkeys: Sequence[str]) -> Path:
    """The operator's file of logs that a witness knows."""
    path.write_text("".join(f"log {vkey}\n" for vkey in vkeys) + "quorum none\n")
    return path
