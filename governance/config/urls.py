"""The composition of all pages and the API. Each noun lists its own, pages and API apart."""

from importlib import import_module

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularJSONAPIView

NOUNS = (
    "governance.organisations",
    "governance.systems",
    "governance.edges",
    "governance.policies",
    "governance.access",
    "governance.jobs",
    "governance.guide",
    "governance.health",
    "audits.ledger",
    "audits.witnessing",
    "audits.decisions",
    "audits.losses",
    "audits.rescoring",
    "audits.monitoring",
    "audits.reports",
    "audits.protection",
    "councils.membership",
    "councils.deliberation",
    "councils.voting",
    "modelcards.cards",
    "modelcards.evaluations",
)


def _listed(kind: str) -> list[URLPattern | URLResolver]:
    found: list[URLPattern | URLResolver] = []
    for noun in NOUNS:
        found += getattr(import_module(f"{noun}.urls"), kind, [])
    return found


urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("api/v1/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("api/v1/", include((_listed("api_urlpatterns"), "api"))),
    *_listed("urlpatterns"),
]
handler400 = "governance.access.problems.not_understood"
handler404 = "governance.access.problems.no_such_address"
handler500 = "governance.access.problems.defect"
