"""Where edges are."""

from django.urls import path

from governance.edges import api, views

urlpatterns = [
    path("systems/<slug:slug>/edges/", views.edges, name="edges"),
    path("systems/<slug:slug>/edges/define/", views.define, name="define_edges"),
    path("systems/<slug:slug>/norms/new/", views.new_norm, name="new_norm"),
    path("systems/<slug:slug>/norms/withdraw/", views.withdraw_norm, name="withdraw_norm"),
]
api_urlpatterns = [path("edges", api.Edges.as_view(), name="edges")]
