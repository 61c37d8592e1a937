"""Whatever bytes a reader of the log is given, it raises VerificationError or nothing, soon, and keeps no memory."""

import hashlib
import json
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from edgewise import (
    checkpoints,
    documents,
    merkle,
    notes,
    proofs,
    sealing,
    strict_json,
    submissions,
    tiles,
    trust,
    verifier,
)
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError
from edgewise.policies import PolicyCache
from edgewise.transport import Answer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.sdk.signed_policies import POLICY_SIGNER, policy_body

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

RECORD = {"id": "a", "rationale": "Because.", "options": [{"id": "a", "edges": {}, "label": "Label it"}]}
SEALED = sealing.seal(RECORD)
ENTRY = {"type": "decision", "record": SEALED.record}
MANIFEST = {
    "schema": documents.SCHEMA,
    "kind": "compliance",
    "about": {"title": "Evidence"},
    "queries": {"q": {"rows": 2}},
    "figures": {
        "q.count": {"value": 2, "recipe": {"op": "count", "query": "q"}},
        "q.sum": {"value": 3, "recipe": {"op": "sum", "query": "q", "field": "n", "where": {"of": "x"}}},
        "q.share": {"value": 0.5, "recipe": {"op": "ratio", "query": "q", "field": "n", "over": "m"}},
        "q.most": {"value": 2, "recipe": {"op": "max", "query": "q", "field": "n"}},
    },
    "evidence": {"lines": 2},
}
EVIDENCE = [{"query": "q", "row": {"of": "x", "n": n, "m": 3}} for n in (1, 2)]
DOCUMENT = {"manifest": MANIFEST, "evidence": EVIDENCE}


def parts(given: Any, *names: str) -> list[Any]:
    return [given.get(name) if isinstance(given, dict) else given for name in names]


def covers(given: Any) -> None:
    """`edgewise.verify` with an entry, a record and salts that anybody may have written."""
    entry, record, salts = parts(given, "entry", "record", "salts")
    entry = json.dumps(entry).encode()
    checkpoint = Checkpoint(ORIGIN, 1, merkle.leaf_hash(entry))
    receipt = proofs.Receipt(0, (), notes.sign(checkpoint.text(), [SIGNER]))
    proofs.verify(receipt, SIGNER.vkey, entry=entry, record=record, salts=salts)


def opens(given: Any) -> None:
    """`edgewise.verify_commitment` of a value at a place, with a salt."""
    entry, pointer, value, salt = parts(given, "entry", "pointer", "value", "salt")
    proofs.verify_commitment(json.dumps(entry).encode(), pointer, value=value, salt=salt)


def quorum(given: Any) -> None:
    """A policy made without a file, with a quorum that may be defined nowhere."""
    trust.TrustPolicy(logs={SIGNER.key: ""}, quorum=str(given)).check(NOTE)


def document(given: Any) -> None:
    """A PDF with this manifest, its hashes made good where there is a place for them, and this evidence."""
    manifest, rows = parts(given, "manifest", "evidence")
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in (rows if isinstance(rows, list) else [rows]))
    manifest = json.loads(json.dumps(manifest))
    with suppress(LookupError, TypeError):
        manifest["evidence"]["sha256"] = hashlib.sha256(lines).hexdigest()
        manifest["queries"]["q"]["result_sha256"] = hashlib.sha256(lines).hexdigest()
    documents.verify(b"".join(attached(content) for content in (json.dumps(manifest).encode(), lines)))


def attached(content: bytes) -> bytes:
    head = b"1 0 obj << /Type /EmbeddedFile /Length %d >> stream\n" % len(content)
    return head + content + b"\nendstream endobj\n"


def learned(given: Any, *vkeys: str) -> None:
    """A server's answer to the question for the policy."""
    cache = PolicyCache(vkeys=vkeys, fresh_for=5.0)
    cache.learn({"community": "de"}, Answer(200, {}, json.dumps(given).encode()))


OPENED = {"entry": ENTRY, "pointer": "/options/0/label", "value": "Label it"}
SHAPES: dict[str, tuple[Callable[[Any], object], Any]] = {
    "covered record": (covers, {"entry": ENTRY, "record": RECORD, "salts": SEALED.salts}),
    "commitment": (opens, {**OPENED, "salt": SEALED.salts["/options/0/label"]}),
    "quorum": (quorum, trust.NO_QUORUM),
    "document": (document, DOCUMENT),
    "signed policy": (lambda given: learned(given, POLICY_SIGNER.vkey), policy_body({"safety": "1"})),
    "unsigned policy": (learned, policy_body({"safety": "1"})),
}
"""Readers of JSON, each with a value that is sound; the bytes in `READERS` are that value written."""


def of_bytes(read: Callable[[Any], object]) -> Callable[[bytes], object]:
    """A reader of JSON as a reader of bytes: what is no JSON never reaches it."""

    def reads(data: bytes) -> None:
        try:
            given = strict_json.loads(data)
        except strict_json.MalformedJSONError:
            return
        read(given)

    return reads


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
    **{name: (of_bytes(read), json.dumps(sound).encode()) for name, (read, sound) in SHAPES.items()},
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


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5)
    | st.sampled_from(["", "/", "id", "rationale", "none", "\ud800", "9" * 5_000, 1 << 4_000]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["options", "record", "id", "commitment", "label", "query"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def twisted(draw: st.DrawFn, sound: Any) -> Any:
    """A sound value in which any JSON value stands in place of a part, or the part is gone."""
    if not isinstance(sound, dict | list) or not sound or draw(st.integers(0, 3)) == 0:
        return draw(json_values)
    place = draw(st.sampled_from(list(sound) if isinstance(sound, dict) else list(range(len(sound)))))
    changed = sound.copy()
    if draw(st.integers(0, 5)) == 0:
        del changed[place]
    else:
        changed[place] = draw(twisted(sound[place]))
    return changed


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=150, deadline=5_000, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_reader_refuses_any_json_with_its_own_error_only(name: str, data: st.DataObject) -> None:
    """Valid JSON of another shape, such as the log itself may serve."""
    read, sound = SHAPES[name]
    with suppress(VerificationError):
        read(data.draw(twisted(sound)))


DEEP: Any = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("name", "given_value"),
    [
        *(("covered record", {"entry": entry, "record": RECORD, "salts": SEALED.salts})
          for entry in ({"record": {"options": 5}}, {"record": {"options": ["abc"]}}, {"record": {"options": None}},
                        {"record": {"rationale": {"commitment": "\ud800"}}}, [1], None)),
        ("covered record", {"entry": ENTRY, "record": RECORD, "salts": dict.fromkeys(SEALED.salts, 5)}),
        ("covered record", {"entry": ENTRY, "record": RECORD, "salts": [1]}),
        ("covered record", {"entry": ENTRY, "record": RECORD | {"options": 5}, "salts": SEALED.salts}),
        ("commitment", {**OPENED, "value": "\ud800", "salt": SEALED.salts["/rationale"]}),
        ("commitment", {**OPENED, "value": float("nan"), "salt": SEALED.salts["/rationale"]}),
        ("commitment", {**OPENED, "value": DEEP, "salt": SEALED.salts["/rationale"]}),
        ("commitment", {**OPENED, "salt": None}),
        ("commitment", {**OPENED, "pointer": f"/options/{'9' * 5_000}/label", "salt": ""}),
        ("commitment", {**OPENED, "pointer": None, "salt": ""}),
        ("quorum", ""),
        ("quorum", "a witness that is defined nowhere"),
        *(("document", DOCUMENT | {"manifest": {"schema": documents.SCHEMA} | manifest})
          for manifest in ({}, {"evidence": 5}, {"evidence": {"lines": 0}, "queries": []},
                           MANIFEST | {"figures": {"x": 5}}, MANIFEST | {"about": 5},
                           MANIFEST | {"figures": {"x": {"recipe": {"query": "q", "op": {}}, "value": 1}}})),
        ("document", DOCUMENT | {"evidence": [5]}),
        *((name, answer) for name in ("signed policy", "unsigned policy") for answer in ([], 5, None, "x")),
    ],
)  # fmt: skip
def test_what_used_to_break_a_reader_is_refused(name: str, given_value: Any) -> None:
    """Each of these once raised TypeError, KeyError, ValueError or the like."""
    read, _sound = SHAPES[name]
    with pytest.raises(VerificationError):
        read(given_value)


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
