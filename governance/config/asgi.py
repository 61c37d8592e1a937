"""What the web server runs: the application of ``wsgi``, with bodies and slow clients left to the event loop."""

import json

from django.conf import settings

from governance.access import problems
from governance.config.bridge import Bridge, Whole
from governance.config.wsgi import application as pages_and_api


def refuse(error: OSError) -> Whole:
    """The problem document for a body that did not come whole."""
    answer = problems.of(problems.unread(error))
    kind = problems.CONTENT_TYPE.encode()
    return answer.status_code, [(b"content-type", kind)], json.dumps(answer.data).encode()


application = Bridge(
    pages_and_api,
    threads=settings.EDGEWISE_WEB_THREADS,
    grace=settings.EDGEWISE_BODY_SECONDS,
    refuse=refuse,
)
