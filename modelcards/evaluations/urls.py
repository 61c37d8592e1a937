"""Where evaluation results are."""

from django.urls import path

from modelcards.evaluations import api

urlpatterns: list[object] = []
api_urlpatterns = [
    path("evaluations", api.Results.as_view(), name="evaluations"),
    path("evaluations/<uuid:id>/signature", api.Signature.as_view(), name="evaluation_signature"),
]
