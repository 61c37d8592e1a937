"""Whether a system's log holds together: every entry there, hashing to its leaf, up to the sealed root."""

from collections.abc import Mapping
from typing import Any

from edgewise import merkle

from audits.ledger import confirmation
from audits.ledger import selectors as ledger
from audits.ledger.models import Checkpoint, Log
from audits.reports.manifest import Json
from governance.organisations.models import Organisation
from governance.systems.models import AISystem

CHUNK = 16 * merkle.TILE_WIDTH


def of_system(system: AISystem) -> dict[str, Any]:
    """Figures of the log under its latest checkpoint; flags are 1 or 0.

    ``missing`` entries are not stored, ``altered`` ones do not hash to their leaf; ``root_agrees``: the entries give
    the sealed root. ``note`` is the checkpoint as it was signed, with the cosignatures of witnesses that have come in.
    """
    log = ledger.log_of(organisation=system.organisation, system=system)
    checkpoint = ledger.latest_checkpoint(log=log) if log else None
    if log is None or checkpoint is None:
        return {"origin": log.origin if log else None, "entries": 0, "missing": 0, "altered": 0,
                "root": None, "root_agrees": 0, "sealed_agrees": 0, "sealed_at": None, "note": None}  # fmt: skip
    return checked(log, checkpoint)


def checked(log: Log, checkpoint: Checkpoint) -> dict[str, Any]:
    """Reads every entry below the checkpoint's size once."""
    frontier = merkle.Frontier()
    found = altered = 0
    for start in range(0, checkpoint.size, CHUNK):
        stop = min(start + CHUNK, checkpoint.size)
        hashes = merkle.leaf_hashes(ledger.entries(log=log, start=start, stop=stop))
        found += len(hashes)
        altered += sum(
            1 for left, right in zip(hashes, _leaves(log, start, stop), strict=False) if left != right
        )
        frontier.append(hashes)
    root = frontier.root()
    return {
        "origin": log.origin,
        "entries": found,
        "missing": checkpoint.size - found,
        "altered": altered,
        "root": bytes(checkpoint.root).hex(),
        "root_agrees": int(found == checkpoint.size and root == bytes(checkpoint.root)),
        "sealed_agrees": int(ledger.size(log=log) >= checkpoint.size),
        "sealed_at": checkpoint.signed_at.isoformat(),
        "note": confirmation.note(checkpoint),
    }


def quoted(figures: Mapping[str, Any]) -> Json | None:
    """What a document freezes of the checkpoint that these figures are about; None where nothing was sealed yet.

    Signing the same state again gives other bytes (ML-DSA is randomised), so that the note itself is kept: whoever has
    the document can check the signature when this deployment is gone.
    """
    if figures["note"] is None:
        return None
    size = figures["entries"] + figures["missing"]
    return {"origin": figures["origin"], "size": size, "root": figures["root"], "note": figures["note"]}


def sealed(*, organisation: Organisation, system: AISystem | None = None) -> Json | None:
    """The same of the latest checkpoint of a log whose entries are not counted for the document."""
    log = ledger.log_of(organisation=organisation, system=system)
    checkpoint = ledger.latest_checkpoint(log=log) if log else None
    if log is None or checkpoint is None:
        return None
    return {
        "origin": log.origin,
        "size": checkpoint.size,
        "root": bytes(checkpoint.root).hex(),
        "note": confirmation.note(checkpoint),
    }


def _leaves(log: Log, start: int, stop: int) -> list[bytes]:
    width = merkle.TILE_WIDTH
    row = b"".join(
        ledger.tile(log=log, level=0, n=first // width, width=min(width, stop - first))
        for first in range(start, stop, width)
    )
    return [row[at : at + merkle.HASH_BYTES] for at in range(0, len(row), merkle.HASH_BYTES)]
