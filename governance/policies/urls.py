"""Where policies are read."""

from django.urls import path

from governance.policies import api

api_urlpatterns = [path("policy", api.PolicyInForce.as_view(), name="policy")]
