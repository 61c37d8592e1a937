"""The web process: Django, and what runs beside it in every web process."""

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.utils.module_loading import import_string

from governance import starting
from governance.access import characters

# Nothing that a request asks of PostgreSQL may take for ever; libpq reads both when it connects.
os.environ.setdefault("PGOPTIONS", "-c statement_timeout=30s -c lock_timeout=10s")
os.environ.setdefault("PGCONNECT_TIMEOUT", "5")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.config.settings")
application = characters.refuse_charsets(get_wsgi_application())
starting.refuse()
connections.close_all()

for companion in settings.GOVERNANCE_WEB_COMPANIONS:
    import_string(companion)()

# What is loaded stays: the collector need not look through it again.
gc.collect()
gc.freeze()
