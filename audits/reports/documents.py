"""A manifest to a PDF: the same manifest gives the same bytes, in any process.

WeasyPrint lays out a template that sees the manifest and nothing else; pikepdf repairs what it leaves open.
The result is written for PDF/A-3 (level A) and PDF/UA; it is not validated with veraPDF.
"""

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pikepdf
import weasyprint
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.template.loader import render_to_string
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from audits.reports import charts, manifest

# fontTools stamps every font subset with the clock unless this names a moment; the font is not dated, the document is.
os.environ["SOURCE_DATE_EPOCH"] = "0"

SCHEME = "packaged:///"
MIME_TYPES = {".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml"}

# ISO 14289-1 asks for this identifier; ISO 19005-3 asks that its schema be described beside it.
PDFUA_XMP = b"""<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" rdf:about="">\
<pdfuaid:part>1</pdfuaid:part></rdf:Description><rdf:Description rdf:about="" \
xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" \
xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>\
<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">\
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
<pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>Part of ISO 14289 that the file follows</pdfaProperty:description>\
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description></rdf:RDF>"""


class OutsideAddress(FatalURLFetchingError):  # type: ignore[misc]
    """A document referred to something that is not part of the package."""


class PackagedFiles(URLFetcher):  # type: ignore[misc]
    """Reads packaged static files and ``data:`` addresses; refuses everything else."""

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        if url.startswith("data:"):
            return super().fetch(url, headers)
        path = _packaged(url)
        mime_type = MIME_TYPES.get(Path(path).suffix, "application/octet-stream")
        return URLFetcherResponse(url, Path(path).read_bytes(), {"Content-Type": mime_type})


def _packaged(url: str) -> str:
    try:
        path = finders.find(url.removeprefix(SCHEME)) if url.startswith(SCHEME) else None
    except SuspiciousFileOperation:
        path = None
    if not isinstance(path, str):
        raise OutsideAddress(f"A document may not refer to {url[:80]}")
    return path


@dataclass(frozen=True)
class Attachment:
    """A file carried inside the PDF. ``relationship`` as in ISO 32000-2, 7.11.3."""

    name: str
    description: str
    content: bytes
    relationship: str = "Supplement"


def html(template: str, frozen: Mapping[str, Any]) -> str:
    """The document as HTML, from its manifest alone."""
    context = {
        "manifest": frozen,
        "about": frozen["about"],
        "body": frozen["body"],
        "queries": frozen["queries"],
        "figures": frozen["figures"],
        "digest": manifest.sha256(manifest.canonical(frozen)),
        "pictures": charts.pictures(frozen["body"].get("charts", {})),
        "qr": charts.qr(frozen["about"].get("verify_url", "")),
        "stylesheet": f"{SCHEME}audits/documents.css",
    }
    return render_to_string(template, context)


def pdf(template: str, frozen: Mapping[str, Any], *, evidence: bytes = b"", cut: datetime) -> bytes:
    """The document as PDF bytes, its manifest and evidence attached, dated at the data cut."""
    attachments = [
        Attachment("manifest.json", "What this document says, frozen", manifest.canonical(frozen), "Source")
    ]
    if evidence:
        attachments.append(Attachment("evidence.jsonl", "The rows behind every figure", evidence, "Data"))
    fetcher = PackagedFiles(fail_on_errors=True)
    laid_out = weasyprint.HTML(string=html(template, frozen), base_url=SCHEME, url_fetcher=fetcher).write_pdf(
        pdf_variant="pdf/a-3a", attachments=_weasyprint(attachments, cut, fetcher)
    )
    return repaired(laid_out)


def _weasyprint(attachments: Sequence[Attachment], cut: datetime, fetcher: PackagedFiles) -> list[Any]:
    # Without fixed dates WeasyPrint stamps each attachment with the clock, and no two renderings are equal.
    return [
        weasyprint.Attachment(
            file_obj=io.BytesIO(each.content),
            name=each.name,
            description=each.description,
            created=cut,
            modified=cut,
            relationship=each.relationship,
            url_fetcher=fetcher,
        )
        for each in attachments
    ]


def repaired(content: bytes) -> bytes:
    """What WeasyPrint 70 leaves open, put right.

    Every attachment once in /AF, a scope on every table head, the PDF/UA identifier inside rdf:RDF, and a file
    identifier that follows from the content.
    """
    with pikepdf.open(io.BytesIO(content)) as document:
        root = document.Root
        if "/AF" in root:
            once = {each.objgen: each for each in root.AF}
            root.AF = pikepdf.Array(list(once.values()))
        _scope_heads(document)
        root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        metadata = root.Metadata.read_bytes()
        root.Metadata.write(metadata.replace(b"</rdf:RDF>", PDFUA_XMP, 1))
        out = io.BytesIO()
        document.save(out, deterministic_id=True, fix_metadata_version=False)
    return out.getvalue()


def _scope_heads(document: pikepdf.Pdf) -> None:
    for each in document.objects:
        if isinstance(each, pikepdf.Dictionary) and each.get("/S") == pikepdf.Name.TH and "/A" in each:
            inside = each.P.P.S
            each.A.Scope = pikepdf.Name.Column if inside == pikepdf.Name.THead else pikepdf.Name.Row
