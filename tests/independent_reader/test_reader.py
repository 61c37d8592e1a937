"""The independent reader on small logs made by hand here, good and bad."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.independent_reader import reader

ORIGIN = "example.org/log/hand"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MATERIAL = b"\x01" + PRIVATE.public_key().public_bytes_raw()
KEY_ID = hashlib.sha256(ORIGIN.encode() + b"\n" + MATERIAL).digest()[:4]
VKEY = f"{ORIGIN}+{KEY_ID.hex()}+{base64.b64encode(MATERIAL).decode()}"


def signed(size: int, root: bytes, origin: str = ORIGIN) -> bytes:
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    signature = base64.b64encode(KEY_ID + PRIVATE.sign(text.encode())).decode()
    return f"{text}\n— {ORIGIN} {signature}\n".encode()


def write(folder: Path, path: str, data: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


def make_log(folder: Path, size: int) -> list[bytes]:
    """A log of `size` short entries, as files; tiles above level 1 are not needed for so few."""
    entries = [f"entry {number}".encode() for number in range(size)]
    leaves = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
    blocks = [leaves[at : at + 256] for at in range(0, size, 256)]
    for number, block in enumerate(blocks):
        suffix = "" if len(block) == 256 else f".p/{len(block)}"
        bundle = b"".join(len(e).to_bytes(2, "big") + e for e in entries[number * 256 :][: len(block)])
        write(folder, f"tile/entries/{number:03d}{suffix}", bundle)
        write(folder, f"tile/0/{number:03d}{suffix}", b"".join(block))
    upper = [reader.tree_hash(block) for block in blocks if len(block) == 256]
    if upper:
        write(folder, f"tile/1/000.p/{len(upper)}", b"".join(upper))
    write(folder, "checkpoint", signed(size, reader.tree_hash(leaves)))
    return entries


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def verify(folder: Path) -> reader.Checkpoint:
    return reader.verify_log(reader.from_folder(folder), VKEY)


def test_tree_hash_of_known_vectors() -> None:
    """The roots of RFC 6962's reference tree over 0, 1 and 2 entries."""
    empty_leaf = hashlib.sha256(b"\0").digest()
    second = hashlib.sha256(b"\0\0").digest()
    assert reader.tree_hash([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (
        reader.tree_hash([empty_leaf]).hex()
        == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    two = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert reader.tree_hash([empty_leaf, second]).hex() == two


def test_the_verifier_key_of_the_specification() -> None:
    """The test vector of C2SP signed-note's verifier keys."""
    key = reader.parse_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    assert (key.name, key.id.hex(), key.kind) == ("example.com/foo", "530d903a", reader.ED25519)


@pytest.mark.parametrize(
    ("number", "width", "path"),
    [
        (0, 256, "tile/0/000"),
        (1_234_067, 256, "tile/0/x001/x234/067"),
        (1000, 1, "tile/0/x001/000.p/1"),
        (999, 255, "tile/0/999.p/255"),
    ],
)
def test_tile_paths(number: int, width: int, path: str) -> None:
    """Paths as tlog-tiles writes them."""
    assert reader.path_of("0", number, width) == path


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 600])
def test_a_good_log_is_good(tmp_path: Path, size: int) -> None:
    """Every size around a tile's edge verifies."""
    make_log(tmp_path, size)
    assert verify(tmp_path).size == size
    assert reader.main([str(tmp_path), VKEY]) == 0


def test_a_flipped_byte_in_an_entry_is_named(tmp_path: Path) -> None:
    """The first entry that does not hash to its leaf is named."""
    make_log(tmp_path, 300)
    flip(tmp_path / "tile/entries/001.p/44", 2)
    with pytest.raises(reader.LogError) as caught:
        verify(tmp_path)
    assert caught.value.index == 256


def test_a_flipped_hash_in_a_tile_is_named(tmp_path: Path) -> None:
    """A leaf hash that is not that of its entry is named."""
    make_log(tmp_path, 300)
    flip(tmp_path / "tile/0/000", 32 * 17)
    with pytest.raises(reader.LogError) as caught:
        verify(tmp_path)
    assert caught.value.index == 17


def test_a_rewritten_upper_tile_is_found(tmp_path: Path) -> None:
    """A tile above level 0 must follow from the tiles below it."""
    make_log(tmp_path, 600)
    flip(tmp_path / "tile/1/000.p/2", 40)
    with pytest.raises(reader.LogError) as caught:
        verify(tmp_path)
    assert caught.value.index == 256


def test_entries_rewritten_with_their_tiles_miss_the_root(tmp_path: Path) -> None:
    """Whoever rewrites entries and tiles alike cannot reach the signed root."""
    make_log(tmp_path, 20)
    entry = tmp_path / "tile/entries/000.p/20"
    flip(entry, 2)
    leaves = [hashlib.sha256(b"\0" + e).digest() for e in reader.read_bundle(entry.read_bytes(), 20, 0)]
    write(tmp_path, "tile/0/000.p/20", b"".join(leaves))
    with pytest.raises(reader.LogError, match="add up"):
        verify(tmp_path)


def test_a_missing_entry_is_named(tmp_path: Path) -> None:
    """A bundle with fewer entries than the tree size asks for."""
    make_log(tmp_path, 5)
    bundle = tmp_path / "tile/entries/000.p/5"
    bundle.write_bytes(bundle.read_bytes()[: -len("entry 4") - 2])
    with pytest.raises(reader.LogError) as caught:
        verify(tmp_path)
    assert caught.value.index == 4


@pytest.mark.parametrize("at", [0, 25, -10])
def test_a_changed_checkpoint_is_refused(tmp_path: Path, at: int) -> None:
    """Text and signature are both covered."""
    make_log(tmp_path, 3)
    flip(tmp_path / "checkpoint", at)
    assert reader.main([str(tmp_path), VKEY]) == 1


def test_a_checkpoint_of_another_origin_is_refused(tmp_path: Path) -> None:
    """A log's checkpoint names the log."""
    make_log(tmp_path, 3)
    root = reader.parse_checkpoint((tmp_path / "checkpoint").read_text()).root
    write(tmp_path, "checkpoint", signed(3, root, origin="example.org/log/other"))
    with pytest.raises(reader.LogError, match="checkpoint is that of"):
        verify(tmp_path)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 21])
def test_receipts(size: int) -> None:
    """An audit path built by the definition verifies for every index, and for no other entry."""
    entries = [bytes([number]) for number in range(size)]
    leaves = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
    for index, entry in enumerate(entries):
        lines = [base64.b64encode(value).decode() for value in path(leaves, index)]
        head = "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *lines])
        receipt = head.encode() + b"\n\n" + signed(size, reader.tree_hash(leaves))
        assert reader.verify_receipt(receipt, entry, VKEY) == index
        with pytest.raises(reader.LogError):
            reader.verify_receipt(receipt, entry + b"!", VKEY)


def path(leaves: list[bytes], index: int) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*path(leaves[:split], index), reader.tree_hash(leaves[split:])]
    return [*path(leaves[split:], index - split), reader.tree_hash(leaves[:split])]
