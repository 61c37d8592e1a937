"""Tile paths and entry bundles (C2SP tlog-tiles)."""

import pytest
from edgewise import tiles
from edgewise.errors import VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st

LEVELS = st.none() | st.integers(0, 63)


@given(LEVELS, st.integers(0, 10**12), st.integers(1, 256))
@settings(deadline=None)
def test_a_path_reads_back_as_what_it_names(level: int | None, n: int, width: int) -> None:
    assert tiles.parse_tile_path(tiles.tile_path(level, n, width)) == (level, n, width)


def test_paths_have_the_form_of_the_specification() -> None:
    assert tiles.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.tile_path(None, 0, 17) == tiles.entries_path(0, 17) == "tile/entries/000.p/17"
    assert tiles.tile_path(2, 999_999, 1) == "tile/2/x999/999.p/1"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/x000/001",
        "tile/0/001/002", "tile/0/x001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
        "tile/0/000.p/", "tile/0/000/", "tile/entry/000", "tile/0/000.p/1\n", "/tile/0/000",
        "tile/0/00٣", "tile/0/x000/x001/000", "", "tile/0/..",
    ],
)  # fmt: skip
def test_malformed_paths_are_rejected(path: str) -> None:
    with pytest.raises(VerificationError):
        tiles.parse_tile_path(path)


def test_tiles_of_the_example_of_the_specification() -> None:
    found = list(tiles.tiles_for(70_000))
    assert len(found) == 273 + 1 + 1 + 1 + 1
    assert found[273:] == [(0, 273, 112), (1, 0, 256), (1, 1, 17), (2, 0, 1)]
    assert list(tiles.tiles_for(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles.bundles_for(257)) == [(None, 0, 256), (None, 1, 1)]
    assert list(tiles.tiles_for(0)) == list(tiles.bundles_for(0)) == []


@given(st.lists(st.binary(max_size=300), max_size=20))
@settings(deadline=None)
def test_bundles_keep_their_entries(entries: list[bytes]) -> None:
    assert tiles.decode_bundle(tiles.encode_bundle(entries)) == entries


def test_a_cut_bundle_and_an_oversize_entry_are_refused() -> None:
    data = tiles.encode_bundle([b"one", b"two"])
    for cut in (1, 3, len(data) - 1):
        with pytest.raises(VerificationError):
            tiles.decode_bundle(data[:cut])
    with pytest.raises(ValueError, match="65,535"):
        tiles.encode_bundle([bytes(65_536)])


def test_a_tile_of_the_wrong_length_is_refused() -> None:
    reader = tiles.TileReader(3, lambda level, n, width: bytes(32 * (width - 1)))
    with pytest.raises(VerificationError, match="wrong length"):
        reader(0, 0)
