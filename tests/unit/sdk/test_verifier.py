"""Verifying a whole log in a folder, and the command that does it."""

import gzip
from pathlib import Path

import pytest
from edgewise import cli, merkle, notes, proofs, tiles, trust, verifier
from edgewise.checkpoints import Checkpoint
from edgewise.errors import LogAwayError, VerificationError
from edgewise.transport import Answer

SIGNER = notes.NoteSigner("log.example/x", bytes([7]) * 32)
POLICY = trust.for_log([SIGNER.vkey])
SIZE = 66_000


def entry(index: int) -> bytes:
    return b'{"n":%d,"type":"test"}' % index


def build(root: Path, size: int, entries: list[bytes] | None = None) -> None:
    """Write a log as a static folder."""
    entries = [entry(index) for index in range(size)] if entries is None else entries
    frontier = merkle.Frontier()
    full = {(tile.level, tile.n): tile.hashes for tile in frontier.append(merkle.leaf_hashes(entries))}
    for level, n, width in tiles.tiles_for(size):
        data = full[level, n] if width == 256 else frontier.partial(level)
        write(root, tiles.tile_path(level, n, width), data)
    for _, n, width in tiles.bundles_for(size):
        bundle = tiles.encode_bundle(entries[n * 256 : n * 256 + width])
        write(root, tiles.entries_path(n, width), bundle)
    checkpoint = Checkpoint("log.example/x", size, frontier.root())
    write(root, "checkpoint", notes.sign(checkpoint.text(), [SIGNER]).encode())
    write(root, "policy", POLICY.text().encode())


def write(root: Path, path: str, data: bytes) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("log")
    build(root, SIZE)
    return root


@pytest.fixture
def small(tmp_path: Path) -> Path:
    build(tmp_path, 700)
    return tmp_path


def check(root: Path, **more: object) -> verifier.Verified:
    return verifier.verify_log(verifier.Folder(root), POLICY, **more)


def test_a_sound_log_is_verified(big: Path) -> None:
    steps: list[int] = []
    found = check(big, progress=lambda done, total: steps.append(done))
    assert (found.checkpoint.size, steps[-1]) == (SIZE, SIZE)
    assert found.tiles == len(list(tiles.tiles_for(SIZE)))


def test_an_empty_log_is_verified(tmp_path: Path) -> None:
    build(tmp_path, 0)
    assert check(tmp_path).checkpoint.root == merkle.EMPTY_ROOT


@pytest.mark.parametrize(
    ("path", "at", "index"),
    [
        ("tile/entries/001", 30, 257), ("tile/0/002.p/188", 32 * 5, 517), ("tile/0/000", 0, 0),
        ("tile/1/000.p/2", 40, 256), ("tile/entries/002.p/188", 4, 512),
    ],
)  # fmt: skip
def test_one_flipped_byte_is_found_and_named(small: Path, path: str, at: int, index: int) -> None:
    data = bytearray((small / path).read_bytes())
    data[at] ^= 1
    (small / path).write_bytes(data)
    with pytest.raises(VerificationError) as raised:
        check(small)
    assert raised.value.index == index


def test_a_cut_bundle_a_missing_tile_and_a_wrong_length_are_named(small: Path) -> None:
    bundle = (small / "tile/entries/001").read_bytes()
    (small / "tile/entries/001").write_bytes(bundle[:-3])
    with pytest.raises(VerificationError, match="ends in the middle") as raised:
        check(small)
    assert raised.value.index == 256
    (small / "tile/entries/001").write_bytes(tiles.encode_bundle(tiles.decode_bundle(bundle)[:-1]))
    with pytest.raises(VerificationError) as raised:
        check(small)
    assert raised.value.index == 511
    (small / "tile/0/000").unlink()
    with pytest.raises(VerificationError, match="missing") as raised:
        check(small)
    assert raised.value.index == 0


def test_another_history_under_a_good_signature_is_found_by_memory(tmp_path: Path) -> None:
    build(tmp_path / "old", 600)
    remembered = (tmp_path / "old" / "checkpoint").read_text()
    build(tmp_path / "new", 700)
    assert check(tmp_path / "new", remembered=remembered).checkpoint.size == 700
    forged = [entry(index + (index == 17)) for index in range(700)]
    build(tmp_path / "fork", 700, forged)
    assert check(tmp_path / "fork").checkpoint.size == 700
    with pytest.raises(VerificationError, match="does not continue"):
        check(tmp_path / "fork", remembered=remembered)
    build(tmp_path / "short", 599)
    with pytest.raises(VerificationError, match="shrank") as raised:
        check(tmp_path / "short", remembered=remembered)
    assert raised.value.index == 599


def test_a_root_that_the_entries_do_not_have_is_refused(small: Path) -> None:
    checkpoint = Checkpoint("log.example/x", 700, bytes(32))
    write(small, "checkpoint", notes.sign(checkpoint.text(), [SIGNER]).encode())
    with pytest.raises(VerificationError, match="root hash signed"):
        check(small)


def test_a_full_tile_stands_in_for_a_partial_one(small: Path) -> None:
    (small / "tile/entries/002.p/188").rename(small / "tile/entries/002")
    (small / "tile/0/002.p/188").rename(small / "tile/0/002")
    assert check(small).checkpoint.size == 700


def test_the_command_says_what_holds(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = small / "state"
    arguments = ["verify", str(small), "--vkey", SIGNER.vkey, "--state", str(state)]
    assert cli.main(arguments) == 0
    assert cli.main(arguments) == 0
    out = capsys.readouterr().out
    assert "VERIFIED log.example/x\n  700 entries, 4 tiles" in out
    assert "continues the checkpoint remembered" in out
    data = (small / "tile/entries/000").read_bytes()
    (small / "tile/entries/000").write_bytes(data[:3] + b"X" + data[4:])
    assert cli.main(arguments) == 1
    assert "NOT VERIFIED: entry 0 is not" in capsys.readouterr().err


def test_the_command_takes_the_key_of_the_log_only_with_a_word(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", str(small)]) == 0
    assert "is taken from the log itself" in capsys.readouterr().err
    other = notes.NoteSigner("log.example/x", bytes(32))
    assert cli.main(["verify", str(small), "--vkey", other.vkey]) == 1


def test_the_command_verifies_a_receipt(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hashes = merkle.leaf_hashes(entry(index) for index in range(700))
    note = (small / "checkpoint").read_text()
    receipt = proofs.Receipt(300, tuple(merkle.inclusion_proof(300, 700, hashes)), note)
    (small / "r.tlog-proof").write_text(receipt.text())
    (small / "entry").write_bytes(entry(300))
    arguments = ["verify", str(small / "r.tlog-proof"), "--entry", str(small / "entry")]
    assert cli.main([*arguments, "--vkey", SIGNER.vkey]) == 0
    assert "VERIFIED entry 300 of log.example/x" in capsys.readouterr().out
    (small / "entry").write_bytes(entry(301))
    assert cli.main([*arguments, "--vkey", SIGNER.vkey]) == 1
    assert cli.main(arguments) == 2


def test_what_is_in_doubt_begins_where_memory_ends(tmp_path: Path) -> None:
    """A bad signature or root says nothing of where: all after the last checkpoint that still agrees is in doubt."""
    build(tmp_path / "old", 600)
    remembered = (tmp_path / "old" / "checkpoint").read_text()
    build(tmp_path / "new", 700)
    stated = Checkpoint("log.example/x", 700, bytes(32))
    stranger = notes.NoteSigner("log.example/x", bytes(32))
    for signer in (SIGNER, stranger):
        write(tmp_path / "new", "checkpoint", notes.sign(stated.text(), [signer]).encode())
        for memory, index in ((None, 0), (remembered, 600)):
            with pytest.raises(VerificationError) as raised:
                check(tmp_path / "new", remembered=memory)
            assert raised.value.index == index


class Confirming(verifier.Folder):
    """A log that a witness confirms while it is being asked."""

    patience = 5.0
    asked = 0

    def read(self, path: str) -> bytes:
        content = super().read(path)
        if path != "checkpoint":
            return content
        self.asked += 1
        return notes.append(content.decode(), [WITNESS], at=5).encode() if self.asked > 2 else content


WITNESS = notes.NoteSigner("w.example", b"\6" * 32, notes.ED25519_COSIGNATURE)


def test_the_quorum_is_waited_for_and_asked_for(small: Path) -> None:
    """A checkpoint just signed gets its cosignatures within seconds; without them it is not accepted."""
    policy = trust.parse(f"log {SIGNER.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n")
    log = Confirming(small)
    assert verifier.verify_log(log, policy).checkpoint.size == 700
    assert log.asked == 3
    with pytest.raises(trust.QuorumMissed, match="quorum w"):
        verifier.verify_log(verifier.Folder(small), policy)


def test_files_compressed_unasked_are_read(small: Path) -> None:
    """As tlog-tiles allows for bundles; what is no gzip, or another coding, is named."""
    packed = gzip.compress(b"content" * 9)
    assert verifier._expanded(Answer(200, {"content-encoding": "gzip"}, packed), "x") == b"content" * 9
    for coding, body in (("gzip", b"no gzip"), ("br", packed)):
        with pytest.raises(VerificationError, match=r"^tile/entries/000 is"):
            verifier._expanded(Answer(200, {"content-encoding": coding}, body), "tile/entries/000")


def test_a_file_that_may_not_be_read_is_named(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verifier raises its own error only."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(VerificationError, match="checkpoint cannot be read: Permission denied"):
        check(small)


def state_of(root: Path) -> tuple[Path, list[str]]:
    state = root / "state"
    return state, ["verify", str(root), "--vkey", SIGNER.vkey, "--state", str(state)]


@pytest.mark.parametrize("lost", [b"", b"\n", b"\xff\xfe", b"log.example/x\n600\n"])
def test_a_state_file_that_lost_its_past_is_refused_and_named(
    small: Path, capsys: pytest.CaptureFixture[str], lost: bytes
) -> None:
    """Else a fork that memory had refused passes as soon as the file is emptied."""
    state, arguments = state_of(small)
    state.write_bytes(lost)
    assert cli.main(arguments) == 1
    told = capsys.readouterr()
    assert f"--state {state} holds no checkpoint" in told.err
    assert "VERIFIED" not in told.out
    assert state.read_bytes() == lost
    state.unlink()
    assert cli.main(arguments) == 0


def test_a_state_of_another_log_is_said_to_be_the_one_remembered(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, arguments = state_of(small)
    stranger = notes.NoteSigner("log.example/y", bytes([8]) * 32)
    state.write_text(notes.sign(Checkpoint("log.example/y", 1, bytes(32)).text(), [stranger]))
    assert cli.main(arguments) == 1
    assert "NOT VERIFIED: the checkpoint remembered: no signature by a known key" in capsys.readouterr().err


def test_a_state_file_is_replaced_whole_or_not_at_all(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, arguments = state_of(small)
    assert cli.main(arguments) == 0
    before = state.read_bytes()
    build(small, 701)

    def crash(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", crash)
        assert cli.main(arguments) == 1
    assert state.read_bytes() == before
    assert not list(small.glob(".state-*"))
    link = small / "link"
    link.symlink_to(state)
    assert cli.main([*arguments[:-1], str(link)]) == 0
    assert link.is_symlink()
    assert b"\n701\n" in state.read_bytes()


def test_exit_codes_tell_a_bad_log_from_one_that_is_away_and_a_wrong_command_line(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier.Site.__init__, "__kwdefaults__", {"timeout": 0.1})
    assert cli.main(["verify", "http://127.0.0.1:9/log", "--vkey", SIGNER.vkey]) == 3
    told = capsys.readouterr().err
    assert told.startswith("edgewise: nothing is verified: the server cannot be reached")
    with pytest.raises(SystemExit) as usage:
        cli.main(["verify", str(small), "--vkey", "log.example/x+00+AA=="])
    assert usage.value.code == 2
    assert "--vkey: a verifier key reads name+id+key" in capsys.readouterr().err
    (small / "trusted").write_text("quorum x\n")
    assert cli.main(["verify", str(small), "--policy", str(small / "trusted")]) == 2
    assert cli.main(["verify", str(small / "x.tlog-proof"), "--vkey", SIGNER.vkey]) == 2
    assert "--entry" in capsys.readouterr().err


def test_a_log_that_is_away_in_the_middle_is_away_and_located() -> None:
    """The error is still a VerificationError, for whoever catches nothing else."""

    class Away(verifier.Folder):
        def read(self, path: str) -> bytes:
            if path != "checkpoint":
                raise LogAwayError("gone")
            return notes.sign(Checkpoint("log.example/x", 5, bytes(32)).text(), [SIGNER]).encode()

    with pytest.raises(VerificationError) as raised:
        verifier.verify_log(Away(Path()), POLICY)
    assert isinstance(raised.value, LogAwayError)
    assert raised.value.index == 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_log_that_is_not_public_asks_for_a_token(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    site = verifier.Site("http://127.0.0.1:9")
    monkeypatch.setattr(site._transport, "send", lambda *_, **__: Answer(status, {}, b"{}"))
    with pytest.raises(VerificationError, match=f"answers {status}; .*--token or EDGEWISE_TOKEN"):
        site.read("checkpoint")
