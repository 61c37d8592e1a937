"""Where councils are."""

from django.urls import path

from councils.membership import api, views

urlpatterns = [
    path("councils/", views.councils, name="councils"),
    path("councils/new/", views.new, name="new_council"),
    path("councils/<slug:slug>/", views.council, name="council"),
    path("councils/<slug:slug>/seats/", views.take_seat, name="take_seat"),
    path("councils/<slug:slug>/seats/<int:id>/end/", views.leave_seat, name="leave_seat"),
]
api_urlpatterns = [
    path("councils", api.Councils.as_view(), name="councils"),
    path("councils/<slug:slug>", api.OneCouncil.as_view(), name="council"),
]
