"""The command on receipts: alone, with what their entry commits to, and held against a whole log."""

import dataclasses
import json
from pathlib import Path

import pytest
from edgewise import cli, merkle, notes, proofs, sealing, verifier
from edgewise.encoding import to_base64
from edgewise.errors import VerificationError
from edgewise.strict_json import canonical

from tests.unit.sdk.test_verifier import POLICY, SIGNER, build, entry

RECORD = {
    "id": "5",
    "subject": {"ref": "ada"},
    "rationale": "Rude.",
    "options": [{"id": "a", "label": "Hide it"}],
}
SEALED = sealing.seal(RECORD)
ENTRY = canonical({"type": "decision", "record": SEALED.record})
AT, SIZE = 300, 700
ENTRIES = [ENTRY if index == AT else entry(index) for index in range(SIZE)]
HASHES = merkle.leaf_hashes(ENTRIES)
ITEM = {"id": "5", "status": "logged", "index": AT, "entry": to_base64(ENTRY), "salts": SEALED.salts}
OTHER = {"id": "6", "status": "rejected", "error": {"code": "malformed"}}
OPENED = {"opened": {"values": SEALED.values, "salts": SEALED.salts}}


def receipt(index: int, size: int, log: Path) -> proofs.Receipt:
    return proofs.Receipt(index, tuple(merkle.inclusion_proof(index, size, HASHES[:size])), note(log))


def note(log: Path) -> str:
    return (log / "checkpoint").read_text()


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log at 400 and at 700 entries, and one of 700 of which entry 17 is another."""
    root = tmp_path_factory.mktemp("logs")
    build(root / "old", 400, ENTRIES[:400])
    build(root / "new", SIZE, ENTRIES)
    build(root / "fork", SIZE, [*ENTRIES[:17], b"another", *ENTRIES[18:]])
    return root


@pytest.fixture
def kept(logs: Path, tmp_path: Path) -> Path:
    """What somebody kept of one decision: receipt, entry, the record sent and the server's answers."""
    (tmp_path / "r.tlog-proof").write_text(receipt(AT, SIZE, logs / "new").text())
    (tmp_path / "entry").write_bytes(ENTRY)
    written = {
        "record": RECORD, "salts": SEALED.salts, "answer": {"items": [OTHER, ITEM]}, "item": ITEM,
        "opened": OPENED,
    }  # fmt: skip
    for name, value in written.items():
        (tmp_path / name).write_text(json.dumps(value))
    return tmp_path


def run(kept: Path, *options: str) -> int:
    """The command on the receipt; a word that names a file stands for its path."""
    paths = [str(kept / each) if not each.startswith("-") else each for each in options]
    return cli.main(["verify", str(kept / "r.tlog-proof"), "--vkey", SIGNER.vkey, *paths])


@pytest.mark.parametrize(
    "options",
    [
        ("--entry", "entry", "--salts", "salts"),
        ("--answer", "answer"),
        ("--answer", "item"),
        ("--answer", "item", "--salts", "salts"),
    ],
)
def test_the_command_shows_that_an_entry_commits_to_a_record(
    kept: Path, options: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(kept, *options, "--record", "record") == 0
    assert (
        "VERIFIED entry 300 of log.example/x, of 700 entries\n  it commits to the record"
        in capsys.readouterr().out
    )
    (kept / "record").write_text(json.dumps(RECORD | {"rationale": "Harmful."}))
    assert run(kept, *options, "--record", "record") == 1
    told = capsys.readouterr()
    assert "NOT VERIFIED: /rationale: the commitment is to another value" in told.err
    assert "VERIFIED" not in told.out


def test_the_command_checks_each_value_that_was_opened(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(kept, "--entry", "entry", "--opened", "opened") == 0
    assert "it commits to what was opened: /subject, /rationale, /options/0/label" in capsys.readouterr().out
    for part, value in (("values", "Bad."), ("salts", None)):
        changed = {"opened": OPENED["opened"] | {part: OPENED["opened"][part] | {"/rationale": value}}}
        (kept / "opened").write_text(json.dumps(changed))
        assert run(kept, "--entry", "entry", "--opened", "opened") == 1
        assert "NOT VERIFIED: /rationale: " in capsys.readouterr().err


def test_an_answer_about_other_records_is_told_from_one_that_is_none(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for answer, code, told in (
        ({"items": [ITEM | {"index": 301}, OTHER]}, 1, "has no entry 300"),
        ({"items": [{"id": "5", "status": "logged", "index": AT}]}, 1, "has no entry 300"),
        ({"items": [{"index": AT}]}, 2, "is not what POST /api/v1/decisions answers"),
        ([], 2, "is not what POST /api/v1/decisions answers"),
    ):
        (kept / "answer").write_text(json.dumps(answer))
        assert run(kept, "--answer", "answer", "--record", "record") == code
        assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "with --entry or --answer"),
        (("--entry", "entry", "--answer", "answer"), "with --entry or --answer"),
        (("--entry", "entry", "--salts", "salts"), "give --record too"),
        (("--entry", "entry", "--opened", "record"), "holds no opened values"),
        (("--entry", "entry", "--record", "entry", "--receipt", "r.tlog-proof"), "--receipt is for a log"),
        (("--entry", "entry", "--record", "r.tlog-proof"), "is not JSON"),
        *((("--entry", "entry", f"--{name}", "gone"), f"--{name} ") for name in ("record", "opened")),
        (("--entry", "gone"), "--entry "),
        (("--answer", "gone"), "--answer "),
        (("--entry", "entry", "--record", "record", "--salts", "gone"), "--salts "),
        (("--entry", "entry", "--policy", "gone"), "--policy "),
    ],
)
def test_what_the_command_line_lacks_is_named(
    kept: Path, options: tuple, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not there is a wrong command line, whichever option names it: exit code 2, not 1."""
    assert run(kept, *options) == 2
    shown = capsys.readouterr().err
    assert told in shown
    assert ("gone cannot be read: No such file" in shown) == ("gone" in options)


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "gone.tlog-proof", "--entry", "gone", "--vkey", SIGNER.vkey],
        ["verify", "gone"],
        ["verify", ".", "--receipt", "gone"],
        ["verify", ".", "--policy", "gone"],
        ["verify", ".", "--state", "gone/state"],
        ["verify", ".", "--state", "."],
        ["verify", ".", "--entry", "gone"],
        ["verify-report", "gone"],
        ["log", "gone", "--url", "http://127.0.0.1:9", "--api-key", "k"],
    ],
)
def test_a_file_or_folder_that_is_not_there_is_a_wrong_command_line(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("edgewise: ")


def test_receipts_are_held_against_the_log_that_is_verified(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of an earlier checkpoint and of the latest, several of one entry among them."""
    options = []
    for number, (index, size, name) in enumerate(
        [(AT, 400, "old"), (0, 400, "old"), (699, SIZE, "new"), (AT, SIZE, "new")]
    ):
        (tmp_path / str(number)).write_text(receipt(index, size, logs / name).text())
        options += ["--receipt", str(tmp_path / str(number))]
    assert cli.main(["verify", str(logs / "new"), "--vkey", SIGNER.vkey, *options]) == 0
    assert capsys.readouterr().out.count("as its receipt says") == 4
    assert cli.main(["verify", str(logs / "fork"), "--vkey", SIGNER.vkey, *options]) == 1
    assert (
        "the receipt of entry 300: the log does not continue the checkpoint in it" in capsys.readouterr().err
    )


def test_a_receipt_that_the_log_does_not_bear_out_is_named_by_its_index(logs: Path) -> None:
    sound = receipt(AT, SIZE, logs / "new")
    stranger = notes.NoteSigner("log.example/x", bytes(32))
    later = notes.sign(verifier.Checkpoint("log.example/x", 701, bytes(32)).text(), [SIGNER])
    elsewhere = notes.NoteSigner("log.example/y", bytes([8]) * 32)
    strange = notes.sign(verifier.Checkpoint("log.example/y", 700, bytes(32)).text(), [elsewhere])
    policy = dataclasses.replace(POLICY, logs={**POLICY.logs, elsewhere.key: ""})
    for change, why in (
        ({"index": 301}, "not what the root hash covers"),
        ({"path": sound.path[:-1]}, "too short"),
        ({"index": 2**62}, "covers 700 entries only"),
        ({"checkpoint": notes.sign(notes.split(sound.checkpoint)[0], [stranger])}, "Ed25519|known key"),
        ({"checkpoint": later}, "covers 701 entries, and the log has 700"),
        ({"checkpoint": strange}, "it is of log.example/y, not of log.example/x"),
    ):
        wrong = dataclasses.replace(sound, **change)
        with pytest.raises(
            VerificationError, match=f"the receipt of entry {wrong.index}: .*(?:{why})"
        ) as raised:
            verifier.verify_log(verifier.Folder(logs / "new"), policy, receipts=[sound, wrong])
        assert raised.value.index == wrong.index
