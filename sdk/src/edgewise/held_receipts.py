"""Receipts compared with a whole log while that is verified: the entries they are of, the checkpoints they end in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from edgewise import merkle
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError
from edgewise.merkle import HASH_BYTES, Frontier
from edgewise.proofs import Receipt
from edgewise.trust import TrustPolicy


class HeldReceipts:
    """What was handed out before: each must be of an entry that the log holds, and of a tree that it continues.

    A receipt states no leaf hash. The one that the log has at its index is what its path must lead from. Raises
    VerificationError that names the receipt's index.
    """

    def __init__(self, receipts: Sequence[Receipt], policy: TrustPolicy) -> None:
        self._by_size: dict[int, list[tuple[Receipt, Checkpoint]]] = defaultdict(list)
        self._leaves: dict[int, bytes] = {}
        self._wanted = sorted({receipt.index for receipt in receipts})
        for receipt in receipts:
            try:
                covered = policy.check(receipt.checkpoint)
            except VerificationError as problem:
                raise _refused(receipt, problem) from None
            self._by_size[covered.size].append((receipt, covered))

    @property
    def sizes(self) -> set[int]:
        """Where the tree has to be looked at as it grows."""
        return set(self._by_size)

    def expect(self, latest: Checkpoint) -> None:
        """The log that is about to be verified must be the one that gave these, and no shorter."""
        for size, held in self._by_size.items():
            for receipt, covered in held:
                if covered.origin != latest.origin:
                    raise _refused(receipt, f"it is of {covered.origin}, not of {latest.origin}")
                if size > latest.size:
                    raise _refused(receipt, f"it covers {size} entries, and the log has {latest.size}")
                if receipt.index >= size:
                    raise _refused(receipt, f"it covers {size} entries only")

    def look(self, row: bytes, first: int) -> None:
        """Keep the leaf hashes that receipts are of, out of a row that begins with that of entry `first`."""
        end = first + len(row) // HASH_BYTES
        while self._wanted and self._wanted[0] < end:
            index = self._wanted.pop(0)
            at = (index - first) * HASH_BYTES
            self._leaves[index] = row[at : at + HASH_BYTES]

    def check(self, frontier: Frontier) -> None:
        """Compare with the tree, where it has grown to the size of a receipt's checkpoint."""
        for receipt, covered in self._by_size.get(frontier.size, ()):
            if covered.root != frontier.root():
                raise _refused(receipt, "the log does not continue the checkpoint in it")
            try:
                merkle.verify_inclusion(
                    self._leaves[receipt.index], receipt.index, covered.size, receipt.path, covered.root
                )
            except VerificationError as problem:
                raise _refused(receipt, problem) from None


def _refused(receipt: Receipt, why: object) -> VerificationError:
    return VerificationError(f"the receipt of entry {receipt.index}: {why}", index=receipt.index)
