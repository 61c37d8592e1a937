"""The worker and its clock."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from governance import starting
from governance.config import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.config.settings")
# Celery would load every page to check it, and go on whatever it finds; what must hold is asked below.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
broker.install()
app = Celery("edgewise")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "governance.jobs",
        "audits.ledger",
        "audits.decisions",
        "audits.rescoring",
        "audits.reports",
        "audits.protection",
        "councils.voting",
        "councils.deliberation",
        "modelcards.cards",
    ]
)
app.conf.beat_schedule = {
    "send jobs again that were not picked up": {
        "task": "governance.sweep_jobs",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "keep the councils' deadlines": {
        "task": "councils.keep_deadlines",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "assess what was logged": {
        "task": "audits.assess_decisions",
        "schedule": 2.0,
        "options": {"expires": 10},
    },
    "make partitions before a log reaches them": {
        "task": "audits.make_room",
        "schedule": 30.0,
        "options": {"expires": 20},
    },
    "take up erasures that were left": {
        "task": "protection.sweep",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "destroy payloads whose time is over": {
        "task": "protection.expire",
        "schedule": 3600.0,
        "options": {"expires": 7200},
    },
    "draw decisions to be scored again": {
        "task": "audits.draw_rescores",
        "schedule": 5.0,
        "options": {"expires": 20},
    },
    "draft the next model card where a policy took effect": {
        "task": "cards.draft_next",
        "schedule": 5.0,
        "options": {"expires": 20},
    },
}


def refuse_what_cannot_run(**_: Any) -> None:
    """Celery runs system checks and goes on whatever they say; an Exception in a signal it only logs."""
    try:
        starting.refuse()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None
    finally:
        # The pool's processes must not share this one's connection.
        connections.close_all()


worker_init.connect(refuse_what_cannot_run)
