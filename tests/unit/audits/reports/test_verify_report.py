"""`edgewise verify-report`: offline, and it notices what was touched."""

import io

import pikepdf
import pytest
from edgewise import cli, documents
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
