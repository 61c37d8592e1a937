"""Signed notes, checkpoints, receipts and trust policies, against golden files."""

import base64
import json
from pathlib import Path

import pytest
from edgewise import checkpoints, merkle, notes, proofs, signing, trust
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError

VECTORS = Path(__file__).parents[2] / "vectors"
NOTES = sorted((VECTORS / "notes").glob("*.json"))
RECEIPTS = sorted((VECTORS / "receipts").glob("*.json"))
EXAMPLE = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
ORIGIN = "log.example/x"


def signer(number: int, name: str = ORIGIN, kind: int = notes.ED25519) -> notes.NoteSigner:
    return notes.NoteSigner(name, bytes([number]) * 32, kind)


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_each_note_opens_or_is_refused(path: Path) -> None:
    vector = json.loads(path.read_text())
    if vector["expect"] is None:
        assert vector["note"].startswith(notes.open_note(vector["note"].encode(), vector["vkeys"]) + "\n")
        return
    with pytest.raises(VerificationError, match=vector["expect"]):
        notes.open_note(vector["note"], vector["vkeys"])


@pytest.mark.parametrize("path", RECEIPTS, ids=lambda path: path.stem)
def test_each_receipt_proves_its_entry_or_is_refused(path: Path) -> None:
    vector = json.loads(path.read_text())
    entry = base64.b64decode(vector["entry"])
    claim = {"entry": entry, "record": vector["record"], "salts": vector["salts"]}
    if vector["expect"] is None:
        assert proofs.verify(vector["receipt"], vector["vkey"], **claim).size == 7
        return
    with pytest.raises(VerificationError, match=vector["expect"]):
        proofs.verify(vector["receipt"], vector["vkey"], **claim)


def test_the_verifier_key_of_the_specification_reads_and_writes() -> None:
    key = notes.parse_vkey(EXAMPLE)
    assert (key.name, key.kind, len(key.public)) == ("example.com/foo", notes.ED25519, 32)
    assert str(key) == notes.vkey(key.name, key.public) == EXAMPLE


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.replace("530d903a", "530d903b"), EXAMPLE.replace("530d", "530D"), EXAMPLE[:-4], "a+b", "",
        EXAMPLE.replace("com/foo", "com /foo"), notes.vkey("x", bytes(32), 7), notes.vkey("x", bytes(31)),
    ],
)  # fmt: skip
def test_a_damaged_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        notes.parse_vkey(text)


def test_a_note_from_the_specification_keeps_its_shape() -> None:
    """The example of C2SP signed-note; its key is not published, so only its form is read."""
    signature = "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc="
    text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
    found, (line,) = notes.split(f"{text}\n— quasimodo.example/salvatore {signature}\n")
    assert found == text
    assert (line.name, line.key_id.hex(), len(line.signature)) == (
        "quasimodo.example/salvatore",
        "367ba04b",
        64,
    )


def test_the_cosigned_message_is_laid_out_as_specified() -> None:
    checkpoint = Checkpoint(ORIGIN, 258, bytes(range(32)))
    message = signing.cosigned_message("w.example", 5, checkpoint)
    assert message == (
        b"subtree/v1\n\0" + b"\x09w.example" + bytes(7) + b"\x05" + b"\x0dlog.example/x"
        + bytes(8) + bytes(6) + b"\x01\x02" + bytes(range(32))
    )  # fmt: skip
    assert signing.message(notes.ED25519_COSIGNATURE, "w", checkpoint.text(), 5) == (
        f"cosignature/v1\ntime 5\n{checkpoint.text()}".encode()
    )


def test_a_name_or_text_that_no_note_may_have_is_not_signed() -> None:
    for name in ("", "a b", "a+b"):
        with pytest.raises(ValueError, match="key name"):
            signer(1, name)
    for text in ("no newline", "tab\t\n"):
        with pytest.raises(ValueError, match="newline"):
            notes.sign(text, [signer(1)])


def test_a_checkpoint_reads_back() -> None:
    checkpoint = Checkpoint(ORIGIN, 7, merkle.EMPTY_ROOT)
    assert checkpoints.parse(checkpoint.text()) == checkpoint
    assert checkpoints.parse(checkpoint.text() + "extension\n") == checkpoint
    note = notes.sign(checkpoint.text(), [signer(1), signer(2, kind=notes.ML_DSA_44_COSIGNATURE)], at=9)
    assert notes.open_checkpoint(note, [signer(1).vkey]) == checkpoint
    assert notes.split(note)[1][1].at == 9


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "a\n1\nAAAA\n", "a\n1\n!\n", "\n1\nAAAA\n",
     f"a\n1\n{base64.b64encode(bytes(32)).decode()}", f"a\n1\n{base64.b64encode(bytes(32)).decode()}\n\nb\n",
     f"a\n{1 << 63}\n{base64.b64encode(bytes(32)).decode()}\n", f"a\n٣\n{base64.b64encode(bytes(32)).decode()}\n"],
)  # fmt: skip
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        checkpoints.parse(text)


def test_a_receipt_without_its_entry_proves_form_and_signature_only() -> None:
    vector = json.loads((VECTORS / "receipts" / "good.json").read_text())
    assert proofs.verify(vector["receipt"], vector["vkey"]).size == 7
    receipt = proofs.parse(vector["receipt"].encode())
    assert receipt.text() == vector["receipt"]
    shorter = proofs.Receipt(receipt.index, receipt.path[1:], receipt.checkpoint)
    with pytest.raises(VerificationError, match="does not fit"):
        proofs.verify(shorter, vector["vkey"])
    with pytest.raises(VerificationError, match="give the entry"):
        proofs.verify(receipt, vector["vkey"], record=vector["record"], salts=vector["salts"])


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_cut_receipt_raises_nothing_but_a_verification_error(cut: int) -> None:
    vector = json.loads((VECTORS / "receipts" / "good.json").read_text())
    with pytest.raises(VerificationError):
        proofs.verify(vector["receipt"][:cut], vector["vkey"], entry=b"")


def witnessed(*numbers: int) -> str:
    note = notes.sign(Checkpoint(ORIGIN, 1, bytes(32)).text(), [signer(1)])
    return notes.append(note, [witness(number) for number in numbers], at=5)


def witness(number: int) -> notes.NoteSigner:
    return signer(number, f"w{number}.example", notes.ED25519_COSIGNATURE)


def policy_text(quorum: str) -> str:
    lines = [f"log {signer(1).vkey} https://{ORIGIN}", "", "\t# witnesses"]
    lines += [f"witness w{n} {witness(n).vkey}" for n in (2, 3, 4)]
    return "\n".join([*lines, "group two 2 w2 w3 w4", "group solo any two", f"quorum {quorum}", ""])


@pytest.mark.parametrize(
    ("quorum", "who", "reached"),
    [("none", (), True), ("two", (2,), False), ("two", (2, 4), True), ("w3", (3,), True), ("w3", (2,), False),
     ("solo", (2, 3), True), ("solo", (), False)],
)  # fmt: skip
def test_a_trust_policy_asks_for_its_quorum(quorum: str, who: tuple[int, ...], reached: bool) -> None:
    policy = trust.parse(policy_text(quorum))
    assert trust.parse(policy.text()) == policy
    if reached:
        assert policy.check(witnessed(*who)).origin == ORIGIN
    else:
        with pytest.raises(VerificationError, match="quorum"):
            policy.check(witnessed(*who))


def test_a_trust_policy_does_not_take_witnesses_for_the_log() -> None:
    policy = trust.parse(policy_text("w2").replace(signer(1).vkey, signer(9).vkey))
    with pytest.raises(VerificationError, match="not an accepted log"):
        policy.check(witnessed(2))


@pytest.mark.parametrize(
    "line",
    ["log x", "frog a", "witness none {w}", "witness w2 {w}", "group g 4 w2 w3 w4", "group g any", "group g 0 w2",
     "group g any w9", "group g x w2", "quorum w9", "quorum none", "witness a {w} u v", "group g any w2 w2"],
)  # fmt: skip
def test_a_malformed_trust_policy_names_its_line(line: str) -> None:
    text = policy_text("none") + line.format(w=witness(7).vkey) + "\n"
    with pytest.raises(VerificationError, match="line 10 of the policy"):
        trust.parse(text)
    with pytest.raises(VerificationError, match="no quorum"):
        trust.parse("")


def test_the_policy_of_one_log() -> None:
    text = trust.for_log([signer(1).vkey], "https://log.example/x").text()
    assert text == f"log {signer(1).vkey} https://log.example/x\nquorum none\n"
    assert trust.parse(text).check(witnessed()).size == 1


def test_without_cryptography_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    note, vkey = witnessed(), signer(1).vkey
    monkeypatch.setattr(signing, "AVAILABLE", False)
    with pytest.raises(VerificationError, match=r"edgewise\[verify\]"):
        notes.open_note(note, [vkey])
