"""A log as static files in the layout of C2SP tlog-tiles: any web server can serve them, anyone can mirror them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _
from edgewise import checkpoints, merkle, notes, tiles
from edgewise.errors import VerificationError

from audits.ledger import confirmation, selectors
from audits.ledger.models import Checkpoint, Log
from governance import durable
from governance.errors import DomainError

LOCK = ".lock"


class OtherExport(DomainError):
    """The folder holds something that the log does not continue."""

    code = "export_of_another_history"
    status = 409


class ExportRunning(DomainError):
    """Two exports into one folder at once."""

    code = "export_running"
    status = 409


def export(*, log: Log, folder: Path, url: str) -> int:
    """Writes what the latest checkpoint covers, and the policy file; returns the number of entries.

    The checkpoint is written last, when the rest is on disk: a reader of a half-finished copy sees the state before.
    Full tiles that the checkpoint there covers are left alone, so that a second export only adds; anything else that
    lies there (of an export that was killed, of whatever log) is written anew.
    """
    checkpoint = confirmation.best(log=log, covering=-1)
    if checkpoint is None:
        raise selectors.NotYetPublished("The log's first state is not signed yet.")
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        there = _continued(log, folder, checkpoint)
        for left in folder.rglob(f".*{durable.DRAFT}"):
            left.unlink()
        complete = {*tiles.tiles_for(there), *tiles.bundles_for(there)}
        for path in (*tiles.tiles_for(checkpoint.size), *tiles.bundles_for(checkpoint.size)):
            if path.width < merkle.TILE_WIDTH or path not in complete:
                _write(folder / tiles.tile_path(*path), _content(log, path))
        _write(folder / "policy", selectors.policy_file(log=log, url=url).encode())
        _sync_folders(folder)
        _write(folder / "checkpoint", confirmation.note(checkpoint).encode())
        durable.sync(folder)
    return checkpoint.size


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of two that write the checkpoint the later may have the older."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(durable.alone(folder / LOCK, patience=0))
        except TimeoutError:
            raise ExportRunning(
                _("Another export into %(folder)s is running. Wait until it is done, and start again.")
                % {"folder": folder}
            ) from None
        yield


def _continued(log: Log, folder: Path, checkpoint: Checkpoint) -> int:
    """How many entries the checkpoint there covers, none without one; it must be an earlier state of the same log."""
    place = folder / "checkpoint"
    if not place.exists():
        return 0
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
    return old.size


def _content(log: Log, path: tiles.TilePath) -> bytes:
    if path.level is None:
        return selectors.bundle(log=log, n=path.n, width=path.width)
    return selectors.tile(log=log, level=path.level, n=path.n, width=path.width)


def _write(place: Path, content: bytes) -> None:
    """Whole or not at all, and on disk: what is left alone next time must not be a part."""
    place.parent.mkdir(parents=True, exist_ok=True)
    durable.replace(place, content)


def _sync_folders(folder: Path) -> None:
    for each in (folder, *folder.rglob("*")):
        if each.is_dir():
            durable.sync(each)
