"""Where proposals and their deliberation are."""

from django.urls import path

from councils.deliberation import views

urlpatterns = [
    path("proposals/", views.proposals, name="proposals"),
    path("proposals/new/", views.new, name="new_proposal"),
    path("proposals/<int:id>/open/", views.open_deliberation, name="open_deliberation"),
    path("proposals/<int:id>/withdraw/", views.withdraw, name="withdraw_proposal"),
    path("proposals/<int:id>/deliberation/", views.deliberation, name="deliberation"),
    path("reasons/<int:id>/hide/", views.hide_reason, name="hide_reason"),
]
api_urlpatterns: list[object] = []
