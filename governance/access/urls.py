"""Where keys and the account are."""

from django.urls import path

from governance.access import views

urlpatterns = [
    path("systems/<slug:slug>/keys/", views.keys, name="keys"),
    path("systems/<slug:slug>/keys/<int:key_id>/revoke/", views.revoke_key, name="revoke_key"),
    path("account/", views.account, name="account"),
    path("account/tokens/<int:token_id>/revoke/", views.revoke_token, name="revoke_token"),
]
