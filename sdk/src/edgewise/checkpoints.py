"""Checkpoints: what a log says about itself at one size (C2SP tlog-checkpoint)."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.encoding import from_base64, to_base64, to_decimal, to_text
from edgewise.errors import VerificationError
from edgewise.merkle import HASH_BYTES


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's origin, its number of entries and its root hash (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed: three lines, no extension lines."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


def parse(text: str) -> Checkpoint:
    """Read a checkpoint's text (without signatures). Extension lines are allowed and ignored."""
    *lines, rest = to_text(text, "the checkpoint").split("\n")
    if rest or len(lines) < 3 or not all(lines):
        raise VerificationError("a checkpoint is at least three lines, each ended, none of them empty")
    root = from_base64(lines[2], "the root hash")
    if len(root) != HASH_BYTES:
        raise VerificationError("the root hash is not 32 bytes long")
    return Checkpoint(lines[0], to_decimal(lines[1], "the size of the log"), root)
