"""Where the explaining pages are."""

from django.urls import path

from governance.guide import views

urlpatterns = [
    path("how-votes-are-counted/", views.how_votes_are_counted, name="how_votes_are_counted"),
    path("verify-the-log/", views.verify_the_log, name="verify_the_log"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("api/v1/docs/", views.api, name="api_docs"),
]
