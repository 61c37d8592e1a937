"""Where votes and their results are."""

from django.urls import path

from councils.voting import api, result_views, views

urlpatterns = [
    path("proposals/<int:id>/", views.proposal, name="proposal"),
    path("proposals/<int:id>/ballot/", views.ballot, name="ballot"),
    path("proposals/<int:id>/ballot/receipt/", views.receipt, name="ballot_receipt"),
    path("proposals/<int:id>/stand-aside/", views.stand_aside, name="stand_aside"),
    path("proposals/<int:id>/veto/", views.veto, name="veto"),
    path("proposals/<int:id>/results/", result_views.results, name="results"),
    path("proposals/<int:id>/outcome/", result_views.outcome, name="outcome"),
    path("proposals/<int:id>/ballots.ndjson", result_views.ballots_bundle, name="ballots_bundle"),
    path("proposals/<int:id>/minority-report/", result_views.file_minority_report, name="minority_report"),
]
api_urlpatterns = [
    path("proposals", api.Proposals.as_view(), name="proposals"),
    path("proposals/<int:id>", api.OneProposal.as_view(), name="proposal"),
    path("proposals/<int:id>/results", api.Results.as_view(), name="results"),
    path("ballots", api.Ballots.as_view(), name="ballots"),
]
