"""Where monitoring is."""

from django.urls import path

from audits.monitoring import views

urlpatterns = [path("systems/<slug:slug>/decides/", views.decides, name="decides")]
