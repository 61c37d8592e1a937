"""Where the start page, the inbox, people and settings are."""

from django.urls import path

from governance.organisations import views

urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.waiting, name="inbox"),
    path("people/", views.people, name="people"),
    path("people/roles/give/", views.give_role, name="give_role"),
    path("people/roles/withdraw/", views.withdraw_role, name="withdraw_role"),
    path("organisation/", views.organisation, name="organisation"),
    path("organisations/<slug:slug>/act/", views.act_for, name="act_for"),
]
