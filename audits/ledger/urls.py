"""Where logs are: the C2SP prefix of each, and the pages for people."""

from django.urls import path

from audits.ledger import api, opening_api, views

PREFIX = "log/<slug:organisation>/<slug:log>"

urlpatterns = [
    path("log/", views.logs, name="log"),
    path("log/events/", views.events, name="log_events"),
    path(f"{PREFIX}/checkpoint", api.checkpoint, name="log_checkpoint"),
    path(f"{PREFIX}/policy", api.policy, name="log_policy"),
    path(f"{PREFIX}/tile/entries/<path:path>", api.bundle, name="log_bundle"),
    path(f"{PREFIX}/tile/<path:path>", api.tile, name="log_tile"),
    path(f"{PREFIX}/entries/<int:index>/", views.entry, name="log_entry"),
    path(f"{PREFIX}/entries/<int:index>/receipt", views.receipt, name="log_receipt"),
]
api_urlpatterns = [
    path(f"{PREFIX}/entries/<int:index>/opened", opening_api.Opening.as_view(), name="opened_entry")
]
