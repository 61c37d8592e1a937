"""Composition root: the only place that names all apps."""

import gc

from governance.config.celery import app as celery_app

__all__ = ["celery_app"]

# Every process comes by here before it loads the rest, which stays. The collector looks less often than for small
# scripts: going through it again and again was an eighth of a start.
gc.set_threshold(10_000, 20, 20)
