"""What the web server runs: the application of ``wsgi``, with bodies and slow clients left to the event loop."""

import json

from django.conf import settings

from governance.access import problems
from governance.config.bridge import Bridge
from governance.config.wsgi import application as pages_and_api

application = Bridge(
    pages_and_api,
    threads=settings.EDGEWISE_WEB_THREADS,
    grace=settings.EDGEWISE_BODY_SECONDS,
    too_slow=json.dumps(problems.of(problems.TooSlow()).data).encode(),
)
