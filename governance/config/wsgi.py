"""The web process: Django, and the thread that signs checkpoints."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.config.settings")
application = get_wsgi_application()

from audits.ledger import signer  # noqa: E402  (models can be imported only once Django is set up)

signer.start()
