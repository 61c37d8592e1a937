"""Where the progress of jobs is."""

from django.urls import path

from governance.jobs import views

urlpatterns = [path("jobs/<uuid:job_id>/", views.job, name="job")]
