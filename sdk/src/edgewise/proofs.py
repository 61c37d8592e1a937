"""Receipts: proof that an entry is in a log, kept by whoever logged it (C2SP tlog-proof, `.tlog-proof`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewise import merkle, notes, sealing, strict_json
from edgewise.checkpoints import Checkpoint
from edgewise.encoding import from_base64, to_base64, to_decimal, to_text
from edgewise.errors import VerificationError
from edgewise.trust import TrustPolicy

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH = 64


@dataclass(frozen=True, slots=True)
class Receipt:
    """Index of an entry, its inclusion path (hashes of 32 bytes) and the signed checkpoint it leads to."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def text(self) -> str:
        """The receipt's file."""
        lines = [HEADER]
        if self.extra:
            lines.append(f"extra {to_base64(self.extra)}")
        lines += [f"index {self.index}", *map(to_base64, self.path)]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse(text: str | bytes) -> Receipt:
    """Read a receipt; VerificationError if it is malformed. Nothing is proven yet."""
    head, found, checkpoint = to_text(text, "the receipt").partition("\n\n")
    header, *lines = head.split("\n")
    if header != HEADER or not found or not lines:
        raise VerificationError("this is not a receipt")
    extra = b""
    if lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra "), "the extra data")
    if not lines or not lines[0].startswith("index ") or len(lines) > MAX_PATH + 1:
        raise VerificationError("the receipt has no index, or too long a path")
    index = to_decimal(lines[0].removeprefix("index "), "the index")
    return Receipt(index, tuple(from_base64(line, "a hash") for line in lines[1:]), checkpoint, extra)


def verify(
    receipt: str | bytes | Receipt,
    vkey: str | TrustPolicy,
    *,
    entry: bytes | None = None,
    record: Mapping[str, Any] | None = None,
    salts: Mapping[str, str] | None = None,
) -> Checkpoint:
    """Check offline that the log of this verifier key (or trust policy) covers this entry.

    `entry` are the bytes that the log serves and that were sent back when the record was logged. With
    `record` and `salts`, check too that the entry commits to that record. Without `entry`, only the signature
    and the form are checked: nothing is proven about any entry. Returns the checkpoint; raises
    VerificationError, and nothing else, when something does not hold.
    """
    if not isinstance(receipt, Receipt):
        receipt = parse(receipt)
    if isinstance(vkey, TrustPolicy):
        checkpoint = vkey.check(receipt.checkpoint)
    else:
        checkpoint = notes.open_checkpoint(receipt.checkpoint, [vkey])
    if entry is None:
        _verify_form(receipt, checkpoint, record)
        return checkpoint
    if not isinstance(entry, bytes):
        raise VerificationError("the entry is not bytes")
    leaf = merkle.leaf_hash(entry)
    merkle.verify_inclusion(leaf, receipt.index, checkpoint.size, receipt.path, checkpoint.root)
    if record is not None:
        sealing.verify_covers(_parse_entry(entry), record, {} if salts is None else salts)
    return checkpoint


def verify_commitment(entry: bytes, pointer: str, *, value: Any, salt: str) -> None:
    """Check offline that an entry commits to one opened value: what an auditor is shown by `?open=1`.

    `entry` are the bytes that the log serves, `pointer` and `salt` as the API states them, `value` parsed. That
    the log holds the entry is for `verify` to check. Raises VerificationError, and nothing else.
    """
    sealing.verify_opened(_parse_entry(entry), pointer, value, salt)


def _verify_form(receipt: Receipt, checkpoint: Checkpoint, record: object) -> None:
    if record is not None:
        raise VerificationError("a record is compared with an entry: give the entry too")
    if len(receipt.path) != merkle.path_length(receipt.index, checkpoint.size):
        raise VerificationError("the path does not fit the index and the size", index=receipt.index)


def _parse_entry(entry: bytes) -> Mapping[str, Any]:
    if not isinstance(entry, str | bytes):
        raise VerificationError("the entry is not bytes")
    try:
        parsed = strict_json.loads(entry)
    except strict_json.MalformedJSONError as problem:
        raise VerificationError(f"the entry is not JSON: {problem}") from None
    if not isinstance(parsed, Mapping):
        raise VerificationError("the entry is not a JSON object")
    return parsed
