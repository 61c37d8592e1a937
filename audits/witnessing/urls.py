"""Where other deployments' logs find the witness."""

from django.urls import path

from audits.witnessing import api

urlpatterns = [
    path("witness/", api.about, name="witness"),
    path("witness/add-checkpoint", api.add_checkpoint, name="witness_add_checkpoint"),
]
