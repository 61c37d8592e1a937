"""Addresses of data protection. No address ever holds a subject's reference."""

from django.urls import path

from audits.protection import api, views

urlpatterns = [
    path("protection/", views.protection, name="protection"),
    path("protection/erasures/", views.request_erasure, name="request_erasure"),
    path("protection/holds/", views.place_hold, name="place_hold"),
    path("protection/holds/<int:pk>/lift/", views.lift_hold, name="lift_hold"),
    path("protection/retention/<slug:slug>/", views.set_retention, name="set_retention"),
]
api_urlpatterns = [
    path("erasures", api.Erasures.as_view(), name="erasures"),
    path("erasures/<int:pk>", api.OneErasure.as_view(), name="erasure"),
    path("holds", api.Holds.as_view(), name="holds"),
    path("holds/<int:pk>/lift", api.LiftHold.as_view(), name="lift_hold"),
    path("systems/<slug:slug>/retention", api.Retention.as_view(), name="retention"),
]
