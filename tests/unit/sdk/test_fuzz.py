"""Whatever bytes a reader of the log is given, it raises VerificationError or nothing, soon, and keeps no memory."""

import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from edgewise import checkpoints, merkle, notes, proofs, submissions, tiles, trust, verifier
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError
from hypothesis import example, given, settings
from hypothesis import strategies as st

ORIGIN = "log.example/x"
SIGNER = notes.NoteSigner(ORIGIN, b"\5" * 32)
WITNESS = notes.NoteSigner("w.example", b"\6" * 32, notes.ED25519_COSIGNATURE)
POLICY = trust.parse(f"log {SIGNER.vkey}\nwitness w {WITNESS.vkey}\ngroup g any w\nquorum g\n")
LEAVES = merkle.leaf_hashes([b"%d" % index for index in range(300)])
STATED = Checkpoint(ORIGIN, 300, merkle.root(LEAVES))
NOTE = notes.append(notes.sign(STATED.text(), [SIGNER]), [WITNESS], at=7)
PATH = tuple(merkle.inclusion_proof(7, 300, LEAVES))
RECEIPT = proofs.Receipt(7, PATH, NOTE).text()
SUBMISSION = submissions.Submission(7, tuple(merkle.consistency_proof(7, 300, LEAVES)), NOTE).text()
BUNDLE = tiles.encode_bundle([b"one", b"", b"three" * 40])

READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "note": (partial(notes.open_note, vkeys=[SIGNER.vkey, WITNESS.vkey]), NOTE.encode()),
    "checkpoint": (
        lambda data: checkpoints.parse(data.decode("utf-8", "surrogateescape")),
        STATED.text().encode(),
    ),
    "signed checkpoint": (partial(notes.open_checkpoint, vkeys=[SIGNER.vkey]), NOTE.encode()),
    "receipt": (partial(proofs.verify, vkey=POLICY, entry=b"7"), RECEIPT.encode()),
    "verifier key": (
        lambda data: notes.parse_vkey(data.decode("utf-8", "surrogateescape")),
        SIGNER.vkey.encode(),
    ),
    "policy": (trust.parse, POLICY.text().encode()),
    "policy check": (POLICY.check, NOTE.encode()),
    "submission": (submissions.parse, SUBMISSION.encode()),
    "size": (submissions.parse_size, b"300\n"),
    "tile path": (
        lambda data: tiles.parse_tile_path(data.decode("utf-8", "surrogateescape")),
        b"tile/0/x001/067.p/12",
    ),
    "bundle": (tiles.decode_bundle, BUNDLE),
    "hashes of a bundle": (tiles.bundle_hashes, BUNDLE),
}


@st.composite
def damaged(draw: st.DrawFn, sound: bytes) -> bytes:
    """Sound bytes with a few pieces cut out, doubled, exchanged or put in."""
    data = bytearray(sound)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.sampled_from([0, 1, 2, 8, 64])))
        piece = draw(
            st.sampled_from(
                [b"", b"\n", b"\n\n", b"\0", b" ", b"0", b"-", b"\xff", "—".encode(), data[start:stop] * 2]
            )
            | st.binary(max_size=8)
        )
        data[start:stop] = piece
    return bytes(data)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, deadline=5_000)
@given(data=st.data())
def test_a_reader_refuses_damage_with_its_own_error_only(name: str, data: st.DataObject) -> None:
    """Any other exception fails here, and so does a reader that takes five seconds."""
    read, sound = READERS[name]
    given_bytes = data.draw(damaged(sound) | st.binary(max_size=200))
    with suppress(VerificationError):
        read(given_bytes)


@pytest.mark.parametrize("name", READERS)
def test_a_reader_takes_what_is_sound(name: str) -> None:
    """So that the test above does not pass because everything is refused."""
    read, sound = READERS[name]
    read(sound)


@settings(max_examples=100, deadline=5_000)
@given(text=st.text(st.characters(), max_size=60))
@example(text="\ud800")
def test_text_that_is_no_unicode_is_refused_as_well(text: str) -> None:
    """A str may hold half of a surrogate pair, which no note can."""
    for read in (
        notes.split,
        checkpoints.parse,
        trust.parse,
        submissions.parse,
        proofs.parse,
        tiles.parse_tile_path,
    ):
        with pytest.raises(VerificationError):
            read(text)
    with pytest.raises(VerificationError):
        notes.open_note(NOTE.replace("log.example", f"{text}log.example x", 1), [SIGNER.vkey])


hashes = st.lists(
    st.binary(min_size=32, max_size=32) | st.sampled_from(LEAVES) | st.binary(max_size=40), max_size=70
)
sizes = st.integers(-2, 400) | st.integers(0, 1 << 70)


@settings(max_examples=100, deadline=5_000)
@given(index=sizes, size=sizes, proof=hashes, leaf=st.sampled_from(LEAVES) | st.binary(max_size=33))
def test_an_inclusion_proof_of_anything_is_refused(
    index: int, size: int, proof: list[bytes], leaf: bytes
) -> None:
    """No hash made up by chance leads to the root."""
    with pytest.raises(VerificationError):
        merkle.verify_inclusion(leaf, index, size, [*proof, bytes(32)], STATED.root)


@settings(max_examples=100, deadline=5_000)
@given(old=sizes, new=sizes, proof=hashes)
def test_a_consistency_proof_of_anything_is_refused(old: int, new: int, proof: list[bytes]) -> None:
    """Between roots that are not those of the sizes named."""
    with pytest.raises(VerificationError):
        merkle.verify_consistency(old, new, bytes(32), STATED.root, [*proof, bytes(32)])


@settings(deadline=5_000)
@given(old=st.integers(0, 300), new=st.integers(0, 300), cut=st.integers(0, 20), flip=st.integers(0, 255))
def test_merkle_proofs_hold_at_every_edge_and_not_beside_it(old: int, new: int, cut: int, flip: int) -> None:
    """A right proof holds; one that is a hash shorter, or has one bit changed, does not."""
    old, new = sorted((old, new))
    proof = merkle.consistency_proof(old, new, LEAVES[:new])
    roots = merkle.root(LEAVES[:old]), merkle.root(LEAVES[:new])
    merkle.verify_consistency(old, new, *roots, proof)
    if not proof:
        return
    place = cut % len(proof)
    changed = bytearray(proof[place])
    changed[flip // 8] ^= 1 << flip % 8
    for wrong in (proof[:-1], [*proof[:place], bytes(changed), *proof[place + 1 :]]):
        with pytest.raises(VerificationError):
            merkle.verify_consistency(old, new, *roots, wrong)


@settings(max_examples=30, deadline=5_000)
@given(damage=damaged(NOTE.encode()), bundle=damaged(BUNDLE), policy=damaged(POLICY.text().encode()))
def test_a_log_of_damaged_files_is_refused(
    tmp_path_factory: pytest.TempPathFactory, damage: bytes, bundle: bytes, policy: bytes
) -> None:
    """The whole verifier, over a folder with a damaged checkpoint, policy and bundle in it."""
    root = tmp_path_factory.mktemp("log")
    (root / "tile/entries").mkdir(parents=True)
    for path, content in (("checkpoint", damage), ("policy", policy), ("tile/entries/000", bundle)):
        (root / path).write_bytes(content)
    with pytest.raises(VerificationError):
        verifier.verify_log(verifier.Folder(root), POLICY)
    with pytest.raises(VerificationError):
        verifier.verify_log(verifier.Folder(root), verifier.stated_policy(verifier.Folder(root)))


def test_a_chain_of_groups_has_an_end() -> None:
    """Each group in the next, without limit, would exhaust the stack."""
    chain = "".join(f"group g{n + 1} any g{n}\n" for n in range(trust.MAX_GROUPS + 1))
    text = f"log {SIGNER.vkey}\nwitness w {WITNESS.vkey}\ngroup g0 any w\n{chain}quorum g3\n"
    with pytest.raises(VerificationError, match="more than 100 groups"):
        trust.parse(text)
    with pytest.raises(VerificationError, match="more than 1000 lines"):
        trust.parse("#\n" * 1_001)


def test_readers_keep_nothing() -> None:
    """Thousands of refused notes, receipts and policies later, memory is where it was."""

    def read_all() -> None:
        for number in range(200):
            for read, sound in READERS.values():
                place = number % len(sound)
                with suppress(VerificationError):
                    read(sound[:place] + b"\x01" + sound[place + 1 :])

    read_all()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        read_all()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 200_000
