"""Where AI systems are."""

from django.urls import path

from governance.systems import api, views

urlpatterns = [
    path("systems/", views.systems, name="systems"),
    path("systems/new/", views.new, name="new_system"),
    path("systems/<slug:slug>/", views.system, name="system"),
    path("systems/<slug:slug>/versions/new/", views.new_version, name="new_version"),
]
api_urlpatterns = [
    path("systems", api.Systems.as_view(), name="systems"),
    path("systems/<slug:slug>", api.System.as_view(), name="system"),
]
