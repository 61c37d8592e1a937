"""A log as static files in the layout of C2SP tlog-tiles: any web server can serve them, anyone can mirror them."""

from pathlib import Path

from edgewise import merkle, tiles

from audits.ledger import confirmation, selectors
from audits.ledger.models import Log


def export(*, log: Log, folder: Path, url: str) -> int:
    """Writes what the latest checkpoint covers, and the policy file; returns the number of entries.

    Full tiles that are there already are left alone, so that a second export only adds. The checkpoint is written
    last: a reader of a half-finished copy sees the state before.
    """
    checkpoint = confirmation.best(log=log, covering=-1)
    if checkpoint is None:
        raise selectors.NotYetPublished("The log's first state is not signed yet.")
    for path in (*tiles.tiles_for(checkpoint.size), *tiles.bundles_for(checkpoint.size)):
        place = folder / tiles.tile_path(*path)
        if path.width < merkle.TILE_WIDTH or not place.exists():
            _write(place, _content(log, path))
    _write(folder / "policy", selectors.policy_file(log=log, url=url).encode())
    _write(folder / "checkpoint", confirmation.note(checkpoint).encode())
    return checkpoint.size


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
