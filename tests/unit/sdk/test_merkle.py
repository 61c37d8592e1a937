"""Laws of the Merkle tree, against the recursive definition of RFC 6962."""

from hashlib import sha256

import pytest
from edgewise import merkle, tiles
from edgewise.errors import VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st


def leaves(count: int) -> list[bytes]:
    return merkle.leaf_hashes(b"entry %d" % index for index in range(count))


def defined_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\x01" + defined_root(hashes[:split]) + defined_root(hashes[split:])).digest()


LEAVES = leaves(1100)


@given(st.integers(0, 1100), st.integers(1, 400))
@settings(deadline=None)
def test_frontier_has_the_defined_root_however_it_was_fed(size: int, step: int) -> None:
    frontier = merkle.Frontier()
    for start in range(0, size, step):
        frontier.append(LEAVES[start : min(size, start + step)])
    assert frontier.root() == defined_root(LEAVES[:size])
    assert merkle.Frontier.from_bytes(frontier.to_bytes()).root() == frontier.root()


@given(st.data(), st.integers(1, 700))
@settings(deadline=None)
def test_every_leaf_of_every_prefix_is_provable_and_one_flipped_byte_fails(
    data: st.DataObject, size: int
) -> None:
    index = data.draw(st.integers(0, size - 1))
    root = defined_root(LEAVES[:size])
    proof = merkle.inclusion_proof(index, size, LEAVES[:size])
    merkle.verify_inclusion(LEAVES[index], index, size, proof, root)

    parts = [LEAVES[index], root, *proof]
    part = data.draw(st.integers(0, len(parts) - 1))
    at = data.draw(st.integers(0, 31))
    parts[part] = flip(parts[part], at)
    with pytest.raises(VerificationError):
        merkle.verify_inclusion(parts[0], index, size, parts[2:], parts[1])


@given(st.data(), st.integers(1, 700))
@settings(deadline=None)
def test_every_prefix_is_consistent_and_one_flipped_byte_fails(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(0, new))
    roots = [defined_root(LEAVES[:old]), defined_root(LEAVES[:new])]
    proof = merkle.consistency_proof(old, new, LEAVES[:new])
    merkle.verify_consistency(old, new, *roots, proof)
    if old == 0:
        return
    parts = [*roots, *proof]
    part = data.draw(st.integers(0, len(parts) - 1))
    parts[part] = flip(parts[part], data.draw(st.integers(0, 31)))
    with pytest.raises(VerificationError):
        merkle.verify_consistency(old, new, parts[0], parts[1], parts[2:])


@given(st.data(), st.integers(2, 700))
@settings(deadline=None)
def test_a_proof_of_another_length_or_position_fails(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size + 1).filter(lambda value: value != index))
    root = defined_root(LEAVES[:size])
    proof = merkle.inclusion_proof(index, size, LEAVES[:size])
    for claim in ((other, proof), (index, proof[:-1]), (index, [*proof, root])):
        with pytest.raises(VerificationError):
            merkle.verify_inclusion(LEAVES[index], claim[0], size, claim[1], root)


def test_a_log_that_shrank_or_forked_is_refused() -> None:
    root_5, root_9 = merkle.root(LEAVES[:5]), merkle.root(LEAVES[:9])
    proof = merkle.consistency_proof(5, 9, LEAVES[:9])
    forked = merkle.root([*LEAVES[:4], LEAVES[50]])
    for claim in ((9, 5, root_9, root_5, proof), (5, 9, forked, root_9, proof), (5, 5, root_5, forked, [])):
        with pytest.raises(VerificationError):
            merkle.verify_consistency(*claim)


def test_completed_tiles_hold_the_hashes_in_order() -> None:
    frontier, hashes, full = merkle.Frontier(), leaves(70_000), []
    for start in range(0, len(hashes), 999):
        full += frontier.append(hashes[start : start + 999])
    level_0 = [tile for tile in full if tile.level == 0]
    assert [tile.n for tile in level_0] == list(range(273))
    assert b"".join(tile.hashes for tile in level_0) + frontier.partial(0) == b"".join(hashes)
    (level_1,) = [tile for tile in full if tile.level == 1]
    assert level_1.n == 0
    assert level_1.hashes[:32] == merkle.fold(level_0[0].hashes)
    widths = [len(frontier.partial(level)) // 32 for level in range(4)]
    assert widths == [112, 17, 1, 0] == [tiles.partial_width(level, 70_000) for level in range(4)]
    assert frontier.root() == defined_root(hashes)


def test_proofs_out_of_tiles_need_few_reads() -> None:
    size, hashes, reads = 70_000, leaves(70_000), []
    frontier = merkle.Frontier()
    stored = {(tile.level, tile.n): tile.hashes for tile in frontier.append(hashes)}

    def fetch(level: int, n: int, width: int) -> bytes:
        reads.append((level, n))
        return stored.get((level, n)) or frontier.partial(level)

    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        reads.clear()
        proof = merkle.inclusion_proof(index, size, tiles.TileReader(size, fetch))
        merkle.verify_inclusion(hashes[index], index, size, proof, frontier.root())
        assert len(reads) <= 6
    proof = merkle.consistency_proof(65_000, size, tiles.TileReader(size, fetch))
    merkle.verify_consistency(65_000, size, merkle.root(hashes[:65_000]), frontier.root(), proof)


def test_a_damaged_frontier_is_not_restored() -> None:
    frontier = merkle.Frontier()
    frontier.append(LEAVES[:300])
    with pytest.raises(ValueError, match="damaged"):
        merkle.Frontier.from_bytes(frontier.to_bytes()[:-1])


def flip(value: bytes, at: int) -> bytes:
    return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
