"""What every web process and worker looks at before it serves: Edgewise's own system checks.

Management commands run system checks by themselves; a WSGI server and Celery do not stop for them.
"""

import logging

from django.core import checks
from django.core.exceptions import ImproperlyConfigured

TAG = "edgewise"
logger = logging.getLogger(__name__)


def refuse() -> None:
    """Raises ImproperlyConfigured with every error found and its remedy; what stops no start is written to the log."""
    found = checks.run_checks(tags=[TAG], databases=["default"])
    for each in found:
        if not each.is_serious():
            logger.warning(_told(each))
    errors = [_told(each) for each in found if each.is_serious()]
    if errors:
        raise ImproperlyConfigured("\n".join(errors))


def _told(found: checks.CheckMessage) -> str:
    return f"{found.msg} {found.hint or ''}".strip()
