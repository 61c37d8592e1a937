"""A log as static files in the layout of C2SP tlog-tiles: any web server can serve them, anyone can mirror them."""

from pathlib import Path

from django.utils.translation import gettext as _
from edgewise import checkpoints, merkle, notes, tiles
from edgewise.errors import VerificationError

from audits.ledger import confirmation, selectors
from audits.ledger.models import Checkpoint, Log
from governance.errors import DomainError


class OtherExport(DomainError):
    """The folder holds something that the log does not continue."""

    code = "export_of_another_history"
    status = 409


def export(*, log: Log, folder: Path, url: str) -> int:
    """Writes what the latest checkpoint covers, and the policy file; returns the number of entries.

    Full tiles that are there already are left alone, so that a second export only adds. The checkpoint is written
    last: a reader of a half-finished copy sees the state before.
    """
    checkpoint = confirmation.best(log=log, covering=-1)
    if checkpoint is None:
        raise selectors.NotYetPublished("The log's first state is not signed yet.")
    _check_continues(log, folder, checkpoint)
    for path in (*tiles.tiles_for(checkpoint.size), *tiles.bundles_for(checkpoint.size)):
        place = folder / tiles.tile_path(*path)
        if path.width < merkle.TILE_WIDTH or not place.exists():
            _write(place, _content(log, path))
    _write(folder / "policy", selectors.policy_file(log=log, url=url).encode())
    _write(folder / "checkpoint", confirmation.note(checkpoint).encode())
    return checkpoint.size


def _check_continues(log: Log, folder: Path, checkpoint: Checkpoint) -> None:
    """What lies in the folder must be an earlier state of the same log: full tiles there are not written again."""
    place = folder / "checkpoint"
    if not place.exists():
        return
    try:
        old = checkpoints.parse(notes.split(place.read_bytes())[0])
        if old.origin != log.origin:
            raise OtherExport(_("The folder %(folder)s holds another log.") % {"folder": folder})
        reader = tiles.TileReader(checkpoint.size, selectors.tile_fetcher(log))
        proof = merkle.consistency_proof(old.size, max(old.size, checkpoint.size), reader)
        merkle.verify_consistency(old.size, checkpoint.size, old.root, bytes(checkpoint.root), proof)
    except VerificationError as error:
        raise OtherExport(
            _(
                "The folder %(folder)s holds no earlier state of this log: %(why)s. Export into another folder."
            )
            % {"folder": folder, "why": error}
        ) from None


def _content(log: Log, path: tiles.TilePath) -> bytes:
    if path.level is None:
        return selectors.bundle(log=log, n=path.n, width=path.width)
    return selectors.tile(log=log, level=path.level, n=path.n, width=path.width)


def _write(place: Path, content: bytes) -> None:
    """Whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.new")
    draft.write_bytes(content)
    draft.replace(place)
