"""The web process: Django, and what runs beside it in every web process."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.config.settings")
application = get_wsgi_application()

for companion in settings.GOVERNANCE_WEB_COMPANIONS:
    import_string(companion)()
