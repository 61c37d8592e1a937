"""Where reports are."""

from django.urls import path

from audits.reports import api, views

urlpatterns = [
    path("reports/", views.reports, name="reports"),
    path("reports/<uuid:id>/", views.report, name="report"),
    path("reports/<uuid:id>/download/", views.download, name="report_download"),
    path(
        "reports/minutes/<str:subject>/", views.request_document, {"kind": "minutes"}, name="request_minutes"
    ),
    path(
        "reports/explanation/<str:subject>/",
        views.request_document,
        {"kind": "explanation"},
        name="request_explanation",
    ),
    path("verify/<uuid:id>/", views.verify, name="verify"),
]
api_urlpatterns = [
    path("reports", api.Reports.as_view(), name="reports"),
    path("reports/<uuid:id>", api.OneReport.as_view(), name="report"),
    path("reports/<uuid:id>/file", api.ReportFile.as_view(), name="report_file"),
]
