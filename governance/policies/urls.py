"""Where policies are."""

from django.urls import path

from governance.policies import api, views

urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("systems/<slug:slug>/policy/", views.policy, name="policy"),
    path("systems/<slug:slug>/policy/first/", views.first, name="first_policy"),
    path("systems/<slug:slug>/policy/<int:version>/", views.policy, name="policy_version"),
]
api_urlpatterns = [
    path("policy", api.PolicyInForce.as_view(), name="policy"),
    path("policies", api.Policies.as_view(), name="policies"),
]
