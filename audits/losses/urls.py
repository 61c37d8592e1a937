"""Where lost records are told."""

from django.urls import path

from audits.losses import api

urlpatterns: list[object] = []
api_urlpatterns = [path("systems/<slug:slug>/losses", api.Losses.as_view(), name="losses")]
