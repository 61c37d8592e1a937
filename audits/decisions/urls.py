"""Addresses of decisions and findings."""

from django.urls import path

from audits.decisions import api, finding_views, otlp_api, reading, views

urlpatterns = [
    path("decisions/", views.decisions, name="decisions"),
    path("decisions/<uuid:identity>/", views.decision, name="decision"),
    path("decisions/<uuid:identity>/receipt", views.receipt, name="decision_receipt"),
    path("decisions/<uuid:identity>/entry", views.entry, name="decision_entry"),
    path("v1/logs", otlp_api.Logs.as_view(), name="otlp_logs"),
    path("findings/", finding_views.findings, name="findings"),
    path("findings/<int:pk>/", finding_views.finding, name="finding"),
    path("findings/<int:pk>/assign/", finding_views.assign, name="assign_finding"),
    path("findings/<int:pk>/close/", finding_views.close, name="close_finding"),
]
api_urlpatterns = [
    path("decisions", api.Decisions.as_view(), name="decisions"),
    path("decisions/<uuid:identity>", reading.OneDecision.as_view(), name="decision"),
    path("decisions/<uuid:identity>/proof", reading.Proof.as_view(), name="decision_proof"),
    path("decisions/<uuid:identity>/explanation", reading.Explained.as_view(), name="decision_explanation"),
    path("decisions/<uuid:identity>/feedback", reading.FeedbackOn.as_view(), name="decision_feedback"),
    path("limits", api.Limits.as_view(), name="limits"),
]
