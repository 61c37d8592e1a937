"""Composition root: the only place that names all apps."""

from governance.config.celery import app as celery_app

__all__ = ["celery_app"]
