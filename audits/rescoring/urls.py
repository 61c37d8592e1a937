"""Where independent scoring is."""

from django.urls import path

from audits.rescoring import api, views

urlpatterns = [
    path("systems/<slug:slug>/rescoring/", views.rescoring, name="rescoring"),
    path("systems/<slug:slug>/rescoring/withdraw/", views.withdraw, name="withdraw_rescorer"),
    path("systems/<slug:slug>/rescoring/<uuid:job_id>/again/", views.send_again, name="send_rescores_again"),
]
api_urlpatterns = [
    path("rescorers", api.Rescorers.as_view(), name="rescorers"),
    path("rescorers/withdraw", api.Withdrawal.as_view(), name="withdraw_rescorer"),
]
