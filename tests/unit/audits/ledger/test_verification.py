"""Whatever is changed behind the ledger's back is found, and the first bad index named."""

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from edgewise import checkpoints, notes, proofs
from edgewise.errors import VerificationError
from pytest_django import DjangoDbBlocker

from audits.ledger import keys, selectors, signer, verification
from audits.ledger.models import Checkpoint, Head, Log
from tests import databases
from tests.unit.audits.ledger import worlds
from tests.unit.audits.ledger.tampering import as_owner, cheat, delete_from, roll_back_head

SIZE = 700
SEALED = 600


@pytest.fixture(scope="module")
def committed_log(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[Log]:
    """700 committed entries, of which 300 and 600 are covered by checkpoints."""
    with django_db_blocker.unblock(), databases.clone(template_database):
        log = worlds.empty_log(worlds.make_organisation())
        worlds.fill(log, 0, 300)
        signer.publish(log=log, at=worlds.AT)
        worlds.fill(log, 300, SEALED)
        signer.publish(log=log, at=worlds.AT)
        worlds.fill(log, SEALED, SIZE)
        yield log


@pytest.fixture
def full_log(committed_log: Log) -> Iterator[Log]:
    """The same log, in the hands of whoever owns the tables."""
    with as_owner():
        yield committed_log


def first_bad(log: Log) -> int | None:
    with pytest.raises(VerificationError) as caught:
        verification.verify(log=log)
    return caught.value.index


def test_a_whole_log_verifies(full_log: Log) -> None:
    """Entries, tiles, head and both checkpoints agree."""
    found = verification.verify(log=full_log)
    assert (found.size, found.checkpoints) == (SIZE, 2)


def test_checkpoints_are_read_in_step_with_the_entries(log: Log, monkeypatch) -> None:
    """A busy log keeps millions: no more than a page of them is read, and one is opened, ahead of the entries."""
    monkeypatch.setattr(verification, "CHECKPOINTS_AT_ONCE", 3)
    sizes = range(0, SIZE + 1, 50)
    for size in sizes:
        worlds.fill(log, max(0, size - 50), size)
        signer.publish(log=log, at=worlds.AT)
    opened, ahead = list[int](), list[int]()
    really = verification._open

    def noting(row: Checkpoint, known: list[str], last: int) -> checkpoints.Checkpoint:
        opened.append(row.size)
        return really(row, known, last)

    monkeypatch.setattr(verification, "_open", noting)

    def progress(done: int, total: int) -> None:
        ahead.append(sum(size > done for size in opened))

    with CaptureQueriesContext(connection) as asked:
        found = verification.verify(log=log, remembered=[note_of(log, 350)], progress=progress)
    assert (found.size, found.checkpoints, opened) == (SIZE, len(sizes) + 1, list(sizes))
    assert ahead == [1, 1, 0]
    pages = [query for query in asked if "audits_checkpoint" in query["sql"] and "LIMIT 3" in query["sql"]]
    assert len(pages) == len(sizes) // 3 + 1


def note_of(log: Log, size: int) -> str:
    return str(Checkpoint.objects.get(log=log, size=size).note)


@pytest.mark.parametrize("index", [0, 17, 255, 256, 511, 599, 699])
def test_one_flipped_byte_is_named(full_log: Log, index: int) -> None:
    """In a full tile, at its edges, in the part that is sealed, and in the part that is not yet."""
    flipped = "set_byte(entry, 12, get_byte(entry, 12) # 1)"
    cheat(f"UPDATE audits_entry SET entry = {flipped} WHERE log_id = %s AND index = %s", [full_log.pk, index])
    assert first_bad(full_log) == index


def test_a_deleted_entry_is_named(full_log: Log) -> None:
    """A gap."""
    cheat("DELETE FROM audits_entry WHERE log_id = %s AND index = 300", [full_log.pk])
    assert first_bad(full_log) == 300


def test_swapped_entries_are_named(full_log: Log) -> None:
    """The first of the two."""
    swap = "UPDATE audits_entry SET index = %s WHERE log_id = %s AND index = %s"
    for new, old in ((9999, 40), (40, 41), (41, 9999)):
        cheat(swap, [new, full_log.pk, old])
    assert first_bad(full_log) == 40


def test_an_inserted_entry_is_found(full_log: Log) -> None:
    """One that the head does not count."""
    cheat("INSERT INTO audits_entry VALUES (%s, %s, 'smuggled')", [full_log.pk, SIZE])
    assert first_bad(full_log) == SIZE


def test_a_truncated_tail_is_named(full_log: Log) -> None:
    """Entries gone from the end, the head left."""
    delete_from(full_log, 650)
    assert first_bad(full_log) == 650


def test_a_truncated_tail_with_its_head_is_named(full_log: Log) -> None:
    """Entries gone and the head moved back with them: a checkpoint covers more than there is."""
    delete_from(full_log, 580)
    roll_back_head(full_log, worlds.numbered(0, 580))
    assert first_bad(full_log) == 580


def test_a_rolled_back_head_is_found(full_log: Log) -> None:
    """The head alone moved back: entries lie beyond it."""
    roll_back_head(full_log, worlds.numbered(0, 650))
    assert first_bad(full_log) == 650


def test_a_head_whose_size_and_edge_disagree_is_found(full_log: Log) -> None:
    """Size without edge, and an edge of garbage."""
    cheat("UPDATE audits_head SET size = 690 WHERE log_id = %s", [full_log.pk])
    assert first_bad(full_log) == 690
    cheat("UPDATE audits_head SET edge = 'garbage' WHERE log_id = %s", [full_log.pk])
    assert first_bad(full_log) is None


@pytest.mark.parametrize(("level", "n", "byte", "index"), [(0, 0, 32 * 5, 5), (0, 1, 0, 256)])
def test_a_rewritten_tile_is_named(full_log: Log, level: int, n: int, byte: int, index: int) -> None:
    """A leaf hash that is not that of its entry."""
    cheat(
        "UPDATE audits_tile SET hashes = set_byte(hashes, %s, 255 - get_byte(hashes, %s)) "
        "WHERE log_id = %s AND level = %s AND n = %s",
        [byte, byte, full_log.pk, level, n],
    )
    assert first_bad(full_log) == index


def test_a_missing_tile_is_named(full_log: Log) -> None:
    """Its first entry is."""
    cheat("DELETE FROM audits_tile WHERE log_id = %s AND level = 0 AND n = 1", [full_log.pk])
    assert first_bad(full_log) == 256


def test_an_invented_tile_is_found(full_log: Log) -> None:
    """Beyond the end."""
    cheat(
        "INSERT INTO audits_tile (log_id, level, n, hashes) "
        "SELECT log_id, 3, 0, hashes FROM audits_tile WHERE log_id = %s LIMIT 1",
        [full_log.pk],
    )
    assert first_bad(full_log) == SIZE


def test_a_rewritten_edge_above_the_leaves_is_named(full_log: Log) -> None:
    """The hash of the second full tile, which stands in the edge only."""
    edge = bytearray(Head.objects.get(log=full_log).edge)
    edge[-1] ^= 1
    cheat("UPDATE audits_head SET edge = %s WHERE log_id = %s", [bytes(edge), full_log.pk])
    assert first_bad(full_log) == 256


def test_a_history_rewritten_with_all_its_hashes_is_named(full_log: Log) -> None:
    """Entries, tiles and head forged to agree: the checkpoint of size 600 is the first that does not."""
    delete_from(full_log, 520)
    roll_back_head(full_log, worlds.numbered(0, 520))
    worlds.fill(full_log, 521, 702)
    assert selectors.size(log=full_log) == 701
    assert first_bad(full_log) == 300


def test_a_forked_checkpoint_is_found(full_log: Log) -> None:
    """A second history, signed with the log's own keys."""
    forged = checkpoints.Checkpoint(full_log.origin, SEALED, bytes(32))
    note = notes.sign(forged.text(), keys.signers(full_log.origin))
    cheat(
        "UPDATE audits_checkpoint SET note = %s, root = %s WHERE log_id = %s AND size = %s",
        [note, bytes(32), full_log.pk, SEALED],
    )
    assert first_bad(full_log) == 300


def test_two_checkpoints_of_one_size_are_found(full_log: Log) -> None:
    """A split view: somebody was shown another state of size 600, validly signed. Whoever signs twice can have signed
    the stored checkpoints anew as well: only another one that was remembered narrows down where.
    """
    shown = checkpoints.Checkpoint(full_log.origin, SEALED, bytes(32)).text()
    forked = notes.sign(shown, keys.signers(full_log.origin))
    earlier = Checkpoint.objects.get(log=full_log, size=300).note
    for remembered, index in (([forked], 0), ([forked, earlier], 300)):
        with pytest.raises(VerificationError) as caught:
            verification.verify(log=full_log, remembered=remembered)
        assert caught.value.index == index


@pytest.mark.parametrize(
    "column", ["note = replace(note, '600', '601')", "root = set_byte(root, 0, 255 - get_byte(root, 0))"]
)
def test_a_changed_checkpoint_is_found(full_log: Log, column: str) -> None:
    """Text, signature and the columns beside them."""
    cheat(f"UPDATE audits_checkpoint SET {column} WHERE log_id = %s AND size = %s", [full_log.pk, SEALED])
    assert first_bad(full_log) == 300


def test_a_withdrawn_checkpoint_is_found(full_log: Log) -> None:
    """The one published is not the latest."""
    cheat("UPDATE audits_published SET size = 300 WHERE log_id = %s", [full_log.pk])
    assert first_bad(full_log) == 300


def test_only_a_checkpoint_kept_elsewhere_tells_a_perfect_forgery(full_log: Log) -> None:
    """Everything rewritten, checkpoints too: what somebody remembered contradicts it."""
    kept = selectors.latest_checkpoint(log=full_log)
    delete_from(full_log, 580)
    roll_back_head(full_log, worlds.numbered(0, 580))
    cheat("UPDATE audits_published SET size = 300 WHERE log_id = %s", [full_log.pk])
    cheat("DELETE FROM audits_checkpoint WHERE log_id = %s AND size = 600", [full_log.pk])
    assert verification.verify(log=full_log).size == 580
    with pytest.raises(VerificationError) as caught:
        verification.verify(log=full_log, remembered=[kept.note])
    assert caught.value.index == 580


def run_command(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_log", *arguments, stdout=out)
    except SystemExit as exit_:
        return int(str(exit_.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_names_the_bad_log_and_index(full_log: Log) -> None:
    """Exit code 0 while all is well, 1 with the first bad index once it is not."""
    code, text = run_command()
    assert code == 0
    assert text.count("good") == 2
    cheat("UPDATE audits_entry SET entry = 'x' WHERE log_id = %s AND index = 612", [full_log.pk])
    code, text = run_command()
    assert code == 1
    assert f"BAD   {full_log.origin}" in text
    assert "(first bad index: 612)" in text
    assert "good  edgewise.local/log/north/_org" in text


def test_the_command_takes_names_and_files(full_log: Log, tmp_path: Path) -> None:
    """One log by its path, a receipt kept elsewhere; an unknown name is told."""
    kept = tmp_path / "kept.tlog-proof"
    kept.write_text(selectors.receipt(log=full_log, index=5), encoding="utf-8")
    code, text = run_command(f"north/{full_log.slug}", "--checkpoint", str(kept))
    assert (code, text.count("\n")) == (0, 1)
    with pytest.raises(CommandError, match="no log"):
        run_command("north/nothing")


@pytest.mark.parametrize("change", [{"index": 6}, {"path": ()}, {"index": 600}, {"index": 2**62}])
def test_a_receipt_of_another_entry_is_bad(full_log: Log, tmp_path: Path, change: dict) -> None:
    """Its checkpoint is the log's, so the index is all that tells: what it proves is not what the log holds there."""
    sound = proofs.parse(selectors.receipt(log=full_log, index=5))
    verification.verify(log=full_log, receipts=[sound])
    receipt = dataclasses.replace(sound, **change)
    (tmp_path / "kept").write_text(receipt.text(), encoding="utf-8")
    code, text = run_command(f"north/{full_log.slug}", "--checkpoint", str(tmp_path / "kept"))
    assert (code, f"the receipt of entry {receipt.index}: " in text) == (1, True)
    assert f"(first bad index: {receipt.index})" in text


def test_a_checkpoint_of_a_log_that_is_not_checked_is_refused(full_log: Log, tmp_path: Path) -> None:
    """One of another log of this deployment that is not named, and one of a log that it does not have: `good` would
    say that they were compared. Named, or with all logs, the first is.
    """
    signer.publish_all(at=worlds.AT)
    own = Log.objects.get(system__isnull=True)
    (tmp_path / "own").write_text(selectors.latest_checkpoint(log=own).note, encoding="utf-8")
    stranger = checkpoints.Checkpoint("elsewhere.example/log/a/b", 3, bytes(32)).text()
    (tmp_path / "strange").write_text(notes.sign(stranger, keys.signers("elsewhere.example/log/a/b")))
    with pytest.raises(CommandError, match=rf"own is a checkpoint of {own.origin}, .* Name its log"):
        run_command(f"north/{full_log.slug}", "--checkpoint", str(tmp_path / "own"))
    for names in ([f"north/{full_log.slug}"], []):
        with pytest.raises(CommandError, match=r"strange is a checkpoint of elsewhere\.example/log/a/b"):
            run_command(*names, "--checkpoint", str(tmp_path / "strange"))
    for names in (["north/_org"], []):
        assert run_command(*names, "--checkpoint", str(tmp_path / "own"))[0] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish\n",
        b"edgewise.local/log/north/a\n3\n",
        b"\xff\xfe",
        b"c2sp.org/tlog-proof@v1\nindex x\n\n",
    ],
)
def test_a_file_that_is_no_signed_checkpoint_is_refused(log: Log, tmp_path: Path, content: bytes) -> None:
    """By its name, with what to give instead; the text of a checkpoint without a signature is none."""
    path = tmp_path / "kept"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=r"kept is no signed checkpoint .* give the file"):
        run_command("--checkpoint", str(path))


def test_a_file_that_is_not_there_is_refused(log: Log, tmp_path: Path) -> None:
    """As a sentence, not as a traceback."""
    with pytest.raises(CommandError, match=r"gone cannot be read .* give the checkpoint's file"):
        run_command("--checkpoint", str(tmp_path / "gone"))


def test_a_checkpoint_that_its_log_did_not_sign_is_bad(full_log: Log, tmp_path: Path) -> None:
    """Its own name under a stranger's key: exit code 1."""
    forged = checkpoints.Checkpoint(full_log.origin, 300, bytes(32)).text()
    (tmp_path / "kept").write_text(notes.sign(forged, [notes.NoteSigner(full_log.origin, bytes(32))]))
    code, text = run_command(f"north/{full_log.slug}", "--checkpoint", str(tmp_path / "kept"))
    assert (code, "BAD" in text, "no signature by a known key" in text) == (1, True, True)
