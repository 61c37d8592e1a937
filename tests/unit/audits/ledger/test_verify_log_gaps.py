"""What lies beside entries, tiles and head is verified too; no damage makes verify_log give up on other logs."""

import io

import pytest
from django.core.management import call_command
from django.db import OperationalError
from edgewise import checkpoints, notes
from edgewise.errors import VerificationError
from edgewise.notes import NoteSigner

from audits.ledger import confirmation, keys, landmarks, selectors, signer, verification, witnesses
from audits.ledger.models import Cosignature, Log
from tests.unit.audits.ledger import worlds
from tests.unit.audits.ledger.tampering import as_owner, cheat, delete_from, roll_back_head


def run(*names: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_log", *names, stdout=out)
    except SystemExit as ending:
        return int(ending.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def sealed(fresh_database: str, settings, tmp_path) -> Log:
    settings.EDGEWISE_ERASURE_LIST = tmp_path / "erasures" / "list"
    log = worlds.empty_log(worlds.make_organisation())
    worlds.fill(log, 0, 5)
    signer.publish_all(at=worlds.AT)
    return log


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM audits_head WHERE log_id = %s", "the head of the log is gone"),
        (
            "DELETE FROM audits_published WHERE log_id = %s",
            "what was published of the log is not noted any more",
        ),
        (
            "INSERT INTO audits_loggedevent (log_id, index, type, subject, by, at) "
            "VALUES (%s, 1, 'log.key_rotated', '', 'x', now())",
            "audits_loggedevent has a row of entry 1, which is none (first bad index: 1)",
        ),
        (
            "INSERT INTO audits_loggedevent (log_id, index, type, subject, by, at) "
            "VALUES (%s, 7, 'log.key_rotated', '', 'x', now())",
            "audits_loggedevent has a row of entry 7, which is none (first bad index: 7)",
        ),
    ],
)
def test_what_is_gone_or_out_of_place_is_told_and_other_logs_are_checked(
    sealed: Log, statement: str, told: str
) -> None:
    """No traceback. An entry that is no announcement of a key is not read as one, whatever its row says."""
    with as_owner():
        cheat(statement, [sealed.pk])
        code, words = run()
    assert (code, f"BAD   {sealed.origin}: {told}" in words, words.count("good")) == (1, True, 1), words


def test_damage_in_one_log_leaves_the_others_checked(sealed: Log, monkeypatch) -> None:
    """Also damage that nobody thought of."""
    really = verification.verify

    def fail(*, log: Log, **more: object):
        if log == sealed:
            raise KeyError("facts")
        return really(log=log, **more)

    worlds.fill(worlds.empty_log(sealed.organisation), 0, 3)
    monkeypatch.setattr(verification, "verify", fail)
    code, words = run()
    assert (code, words.count("good")) == (1, 2), words
    assert f"BAD   {sealed.origin}: it cannot be read: KeyError" in words


def test_a_database_that_goes_away_is_no_bad_log(sealed: Log, monkeypatch) -> None:
    def away(**_: object) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(verification, "verify", away)
    with pytest.raises(OperationalError):
        run()


def test_a_whole_log_that_is_gone_is_missed(sealed: Log) -> None:
    """Its landmark lies beside the database; a log that is named is looked for alone."""
    with as_owner():
        for table in ("published", "checkpoint", "entry", "head"):
            cheat(f"DELETE FROM audits_{table} WHERE log_id = %s", [sealed.pk])
        cheat("DELETE FROM audits_log WHERE id = %s", [sealed.pk])
        code, words = run()
        assert (code, f"BAD   {sealed.origin}: the log is not in the database" in words) == (1, True), words
        assert str(landmarks.path_of(sealed.origin)) in words
        assert run("north/_org")[0] == 0


def test_a_log_rolled_back_with_all_that_belongs_to_it_is_found_by_its_landmark(sealed: Log) -> None:
    worlds.fill(sealed, 5, 9)
    signer.publish_all(at=worlds.AT)
    with as_owner():
        delete_from(sealed, 5)
        roll_back_head(sealed, worlds.numbered(0, 5))
        cheat("UPDATE audits_published SET size = 5 WHERE log_id = %s", [sealed.pk])
        cheat("DELETE FROM audits_checkpoint WHERE log_id = %s AND size = 9", [sealed.pk])
        code, words = run()
        assert (code, "first bad index: 5)" in words) == (1, True), words


def test_a_log_rewritten_and_signed_anew_is_found_by_its_landmark(sealed: Log) -> None:
    """Another landmark than the log's state, under the log's own key."""
    forged = checkpoints.Checkpoint(sealed.origin, 5, bytes(32)).text()
    landmarks.path_of(sealed.origin).write_text(notes.sign(forged, keys.signers(sealed.origin)))
    code, words = run()
    assert (code, "first bad index: 0)" in words) == (1, True), words


@pytest.mark.parametrize("content", [b"\xff\xfe", b"rubbish"])
def test_a_landmark_that_cannot_be_read_is_told(sealed: Log, content: bytes) -> None:
    """Nothing is signed until it is put right."""
    landmarks.path_of(sealed.origin).write_bytes(content)
    code, words = run()
    assert (code, f"BAD   {sealed.origin}" in words) == (1, True), words


@pytest.fixture
def witness(settings, tmp_path) -> NoteSigner:
    """The one that is listed."""
    found = NoteSigner("witness.example/w", b"\5" * 32, notes.ED25519_COSIGNATURE)
    settings.EDGEWISE_WITNESSES = tmp_path / "witnesses"
    settings.EDGEWISE_WITNESSES.write_text(f"witness w {found.vkey} http://127.0.0.1:1\nquorum w\n")
    return found


def cosign(log: Log, witness: NoteSigner, line: str) -> None:
    key = witnesses.key_name(witness.key)
    Cosignature.objects.create(log=log, size=5, key=key, line=line, cosigned_at=worlds.AT)


def test_a_cosignature_that_holds_is_good_also_of_a_witness_that_is_not_listed_any_more(
    sealed: Log, witness: NoteSigner
) -> None:
    earlier = NoteSigner("witness.example/earlier", b"\6" * 32, notes.ED25519_COSIGNATURE)
    text = notes.split(selectors.latest_checkpoint(log=sealed).note)[0]
    for each in (witness, earlier):
        cosign(sealed, each, each.line(text, 1))
    assert run()[0] == 0


@pytest.mark.parametrize("line", ["invented", "of another witness", "two lines", "rubbish", ""])
def test_an_invented_cosignature_is_found(sealed: Log, witness: NoteSigner, line: str) -> None:
    """It counts for the quorum, and every reader who knows the witness refuses the checkpoint for it."""
    text = notes.split(selectors.latest_checkpoint(log=sealed).note)[0]
    other = NoteSigner("witness.example/other", b"\6" * 32, notes.ED25519_COSIGNATURE)
    lines = {
        "invented": witness.line("x\n1\nAAAA\n", 1),
        "of another witness": other.line(text, 1),
        "two lines": witness.line(text, 1) * 2,
        "rubbish": "— rubbish\n",
    }
    cosign(sealed, witness, lines.get(line, line))
    with pytest.raises(VerificationError, match=r"cosignature of witness\.example/w\+.* size 5"):
        verification.verify(log=sealed)


def test_a_cosignature_that_is_gone_is_asked_for_again(sealed: Log, witness: NoteSigner) -> None:
    """Nothing tells it from one that never came; it is the witness who remembers."""
    text = notes.split(selectors.latest_checkpoint(log=sealed).note)[0]
    cosign(sealed, witness, witness.line(text, 1))
    (listed,) = witnesses.listed()
    assert sealed not in [each.log for each in confirmation.waiting(witness=listed)]
    with as_owner():
        cheat("DELETE FROM audits_cosignature WHERE log_id = %s", [sealed.pk])
        assert sealed in [each.log for each in confirmation.waiting(witness=listed)]
