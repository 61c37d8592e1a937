"""Rendering: reproducible, tagged, with its evidence inside, and closed to the outside."""

import datetime as dt
import io
import os
import subprocess
import sys

import pikepdf
import pypdf
import pytest
from django.conf import settings
from weasyprint.urls import FatalURLFetchingError

from audits.reports import documents, manifest, tables
from audits.reports.manifest import Evidence, Figure
from tests.unit.audits.reports import recomputing

CUT = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
ROWS = [{"label": f"2026-11-{day:02d}", "value": 100 + day} for day in range(1, 15)]
CHART = {"kind": "columns", "title": "Days", "unit": "decisions", "days": 14, "rows": ROWS}
BARS = {
    "kind": "bars",
    "title": "Edges",
    "unit": "points",
    "rows": [{"label": "Größe", "value": 1, "low": 0.5, "high": 2}],
}


def frozen(text="A finding.", shown=()):
    """A report whose one control has this finding, and these tables after its own."""
    columns = (tables.Column("label", "Day"), tables.Column("value", "Decisions", num=True))
    control = {
        "control": "X-1", "anchor": "X-1", "label": text, "citation": "Article 1",
        "applies": "applies since 2 Aug 2026",
        "status": "partial", "reason": "", "finding": text, "query": "q", "parameters": "system s", "rows": 14,
        "result_sha256": "ab" * 32, "hash": "abab abab", "method": "Counts.",
        "tables": [tables.table("Days", columns, ROWS), *shown], "charts": ["days", "bars"],
    }  # fmt: skip
    body = {
        "frameworks": [{"id": "x", "title": "X", "citation": "C", "version": "V", "note": "N", "controls": [control]}],
        "summary": [control],
        "charts": {"days": CHART, "bars": BARS},
        "indices": tables.table("Failure modes", columns, []),
        "not_covered": ["All else."], "method": [["How", "So."]], "glossary": [["Edge", "Value"]],
    }  # fmt: skip
    about = {
        "title": "Compliance report", "subtitle": "S", "facts": [["System", "S"]], "strip": [["Report", "R-1"]],
        "foot": "Edgewise", "classification": "Confidential", "data_cut": CUT.isoformat(),
        "data_cut_text": tables.minute(CUT), "verify_url": "http://127.0.0.1:8000/verify/1/",
    }  # fmt: skip
    answer = Evidence("q", {}, ROWS, {"total": Figure("sum", "q", "value")})
    return manifest.freeze(kind="compliance", about=about, evidences=[answer], body=body)


def rendered(text="A finding.", shown=()):
    content, lines = frozen(text, shown)
    return documents.pdf("audits/reports/compliance.html", content, evidence=lines, cut=CUT)


@pytest.fixture(scope="module")
def pdf():
    return rendered()


ELSEWHERE = """
import hashlib, sys, django
django.setup()
from tests.unit.audits.reports import test_documents
sys.stdout.write(hashlib.sha256(test_documents.rendered()).hexdigest())
"""


def test_another_process_renders_the_same_bytes(pdf):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "governance.config.settings",
        "PYTHONHASHSEED": "7",
    }
    command = [sys.executable, "-c", ELSEWHERE]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment, cwd=settings.BASE_DIR
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == manifest.sha256(pdf)


def test_the_evidence_and_the_manifest_are_attached_once(pdf):
    content, lines = frozen()
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert reader.attachments["evidence.jsonl"] == [lines]
    assert reader.attachments["manifest.json"] == [manifest.canonical(content)]
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert sorted(str(each.AFRelationship) for each in document.Root.AF) == ["/Data", "/Source"]


def test_every_figure_recomputes_from_the_attachments(pdf):
    assert recomputing.recompute(pdf) == 1


def test_only_packaged_faces_are_embedded(pdf):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        names = {
            str(each.BaseFont)
            for each in document.objects
            if isinstance(each, pikepdf.Dictionary) and "/BaseFont" in each
        }
    assert names
    assert all("Source" in name for name in names), names


def test_it_is_tagged_titled_and_in_a_language(pdf):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        root = document.Root
        assert (str(root.Lang), bool(root.MarkInfo.Marked)) == ("en", True)
        assert b"<pdfuaid:part>1</pdfuaid:part>" in root.Metadata.read_bytes()
        heads = [
            each
            for each in document.objects
            if isinstance(each, pikepdf.Dictionary) and each.get("/S") == "/TH"
        ]
        assert heads
        assert all("/Scope" in each.A for each in heads)


def test_pdfua_finds_nothing(pdf, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    ran = subprocess.run([sys.executable, "-m", "pdfua", "check", str(path)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/x.png", "file:///etc/passwd", "packaged:///../../etc/passwd"]
)
def test_nothing_outside_the_package_is_read(address):
    with pytest.raises(FatalURLFetchingError):
        documents.PackagedFiles().fetch(address)


def test_text_of_people_is_escaped():
    content, _lines = frozen('<img src="http://127.0.0.1:9/x"><script>')
    html = documents.html("audits/reports/compliance.html", content)
    assert "<script>" not in html
    assert '<img src="http' not in html
