"""What a log sends to a witness: a checkpoint, and the proof that it continues the last one (C2SP tlog-witness)."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.encoding import from_base64, to_base64, to_decimal, to_text
from edgewise.errors import VerificationError
from edgewise.merkle import HASH_BYTES

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MAX_PROOF = 63
MAX_BYTES = 1 << 19


@dataclass(frozen=True, slots=True)
class Submission:
    """The size the witness is thought to have, hashes (32 bytes) from there on, and the signed checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: str

    def text(self) -> str:
        """The body of the request."""
        lines = [f"old {self.old}", *map(to_base64, self.proof)]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse(body: str | bytes) -> Submission:
    """Read the body of a request; VerificationError says what is wrong and where. Nothing is proven yet."""
    if len(body) > MAX_BYTES:
        raise VerificationError(f"the submission is longer than {MAX_BYTES} bytes")
    head, found, checkpoint = to_text(body, "the submission").partition("\n\n")
    first, *hashes = head.split("\n")
    if not found or not first.startswith("old "):
        raise VerificationError("a submission is a line 'old SIZE', hashes, a blank line and a checkpoint")
    if len(hashes) > MAX_PROOF:
        raise VerificationError(f"the proof has {len(hashes)} hashes, at most {MAX_PROOF} are read")
    old = to_decimal(first.removeprefix("old "), "the old size")
    return Submission(old, tuple(_hash(line, number) for number, line in enumerate(hashes, 2)), checkpoint)


def parse_size(body: str | bytes) -> int:
    """The size that a witness names with status 409."""
    text = to_text(body, "the size that the witness names")
    if not text.endswith("\n"):
        raise VerificationError("the size that the witness names does not end in a newline")
    return to_decimal(text[:-1], "the size that the witness names")


def _hash(line: str, number: int) -> bytes:
    value = from_base64(line, f"line {number} of the submission")
    if len(value) != HASH_BYTES:
        raise VerificationError(f"line {number} of the submission is not a hash of 32 bytes")
    return value
