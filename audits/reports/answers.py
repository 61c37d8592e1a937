"""How a PDF is answered, by pages and API alike."""

from django.http import HttpResponse


def as_pdf(content: bytes, name: str, sha256: str) -> HttpResponse:
    """A PDF to keep; its entity tag is its SHA-256."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["ETag"] = f'"{sha256}"'
    response["Cache-Control"] = "private, no-store"
    return response
