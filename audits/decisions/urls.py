"""Addresses of decisions."""

from django.urls import path

from audits.decisions import api

urlpatterns: list[object] = []
api_urlpatterns = [
    path("decisions", api.Decisions.as_view(), name="decisions"),
    path("limits", api.Limits.as_view(), name="limits"),
]
