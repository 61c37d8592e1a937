"""`edgewise verify-report`: offline, and it notices what was touched."""

import io
import json

import pikepdf
import pytest
from edgewise import cli, documents, notes
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError

from audits.reports import manifest
from tests.unit.audits.reports import test_documents


@pytest.fixture(scope="module")
def pdf():
    return test_documents.rendered()


def changed(pdf, name, old, new):
    """The same document with an attachment edited."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        content = document.attachments[name].get_file().read_bytes()
        assert old in content
        document.attachments[name] = pikepdf.AttachedFileSpec(
            document, content.replace(old, new), filename=name
        )
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


def test_an_untouched_document_verifies(pdf):
    found = documents.verify(pdf)
    assert (found.kind, found.figures, found.rows) == ("compliance", 1, 14)
    assert found.sha256 == manifest.sha256(pdf)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("evidence.jsonl", b"103", b"903", "not the evidence that the manifest names"),
        (
            "manifest.json",
            b'"value":1505',
            b'"value":1506',
            "the figure q.total is 1506, but its evidence gives 1505",
        ),
        ("manifest.json", b'"rows":14}}', b'"rows":15}}', "states 15 rows"),
        ("manifest.json", b"edgewise.document/1", b"edgewise.document/9", "carries no manifest"),
    ],
)
def test_what_was_touched_is_named(pdf, name, old, new, words):
    with pytest.raises(VerificationError, match=words):
        documents.verify(changed(pdf, name, old, new))


def test_any_other_pdf_is_refused():
    with pytest.raises(VerificationError):
        documents.verify(b"%PDF-1.7 nothing here")


def test_the_command_says_what_it_recomputed(pdf, tmp_path, capsys):
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    assert cli.main(["verify-report", str(path)]) == 0
    assert "1 figures recomputed from 14 rows" in capsys.readouterr().out
    path.write_bytes(b"%PDF-1.7")
    assert cli.main(["verify-report", str(path)]) == 1


LOG = notes.NoteSigner("example.org/log/north/feed", b"k" * 32)
SEALED = Checkpoint(LOG.key.name, 12, b"r" * 32)


def quoting(pdf, *, signer=LOG, **other):
    """The document as one that quotes the log's signed state; `other` is what it states of it beside the note."""
    note = notes.sign(SEALED.text(), [signer])
    stated = {"origin": SEALED.origin, "size": 12, "root": SEALED.root.hex(), "note": note, **other}
    return changed(pdf, "manifest.json", b'"checkpoint":null', b'"checkpoint":' + json.dumps(stated).encode())


def test_the_signed_state_that_a_document_quotes_is_checked_with_the_logs_key(pdf):
    """Years later, without the server."""
    assert documents.verify(quoting(pdf), [LOG.vkey]).checkpoint == SEALED
    assert documents.verify(quoting(pdf)).checkpoint == SEALED


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"size": 13}, "another state of the log"),
        ({"root": "00" * 32}, "another state of the log"),
        ({"origin": "example.org/log/north/other"}, "another state of the log"),
        ({"note": "no note"}, "a signed note is text"),
        ({"note": 7}, "does not have the form|a text"),
        ({"signer": notes.NoteSigner(LOG.key.name, b"x" * 32)}, "no signature by a known key"),
    ],
)
def test_a_signed_state_that_does_not_hold_is_refused(pdf, other, words):
    with pytest.raises(VerificationError, match=words):
        documents.verify(quoting(pdf, **other), [LOG.vkey])


def test_evidence_about_another_state_than_the_signed_one_is_refused():
    """The pages show the rows, not the note."""
    row = {"kind": "log", "origin": SEALED.origin, "entries": 10, "missing": 2, "root": SEALED.root.hex()}
    stated = {"origin": SEALED.origin, "size": 12, "root": SEALED.root.hex()}
    stated["note"] = notes.sign(SEALED.text(), [LOG])
    for rows, agrees in (
        ([row], True),
        ([{**row, "root": "00" * 32}], False),
        ([{**row, "missing": 0}], False),
    ):
        content, lines = manifest.freeze(
            kind="compliance",
            about={},
            evidences=[manifest.Evidence("log_coverage", {}, rows)],
            body={},
            checkpoint=stated,
        )
        attached = [manifest.canonical(content), lines]
        if agrees:
            assert documents.verify(carrying(attached), [LOG.vkey]).checkpoint == SEALED
            continue
        with pytest.raises(VerificationError, match="another state"):
            documents.verify(carrying(attached), [LOG.vkey])


def carrying(attached):
    """A PDF's objects with these files, and nothing else of one."""
    head = b"1 0 obj\n<</Type /EmbeddedFile /Length %d>> stream\n"
    return b"".join(head % len(each) + each + b"\nendstream endobj\n" for each in attached)


def test_a_document_of_before_is_read_and_no_key_is_said_to_agree_with_it(pdf):
    """Whoever takes the signed state out of a document gains nothing."""
    old = changed(pdf, "manifest.json", b'"checkpoint":null,', b"")
    for without in (old, pdf):
        assert documents.verify(without).checkpoint is None
        with pytest.raises(VerificationError, match="quotes no signed state"):
            documents.verify(without, [LOG.vkey])


def test_the_command_checks_the_signature_with_a_key(pdf, tmp_path, capsys):
    path = tmp_path / "report.pdf"
    path.write_bytes(quoting(pdf))
    assert cli.main(["verify-report", str(path)]) == 0
    assert f"{SEALED.origin} sealed at 12 entries: give --vkey" in capsys.readouterr().out
    assert cli.main(["verify-report", "--vkey", LOG.vkey, str(path)]) == 0
    assert "12 entries: signature checked" in capsys.readouterr().out
    stranger = notes.NoteSigner(LOG.key.name, b"x" * 32)
    assert cli.main(["verify-report", "--vkey", stranger.vkey, str(path)]) == 1
