"""The worker and its clock."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.config.settings")
app = Celery("edgewise")
app.config_from_object("django.conf:settings", namespace="CELERY")
