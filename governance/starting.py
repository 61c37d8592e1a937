"""What every web process and worker looks at before it serves: Edgewise's own system checks.

Management commands run system checks by themselves; a WSGI server and Celery do not stop for them.
"""

from django.core import checks
from django.core.exceptions import ImproperlyConfigured

TAG = "edgewise"


def refuse() -> None:
    """Raises ImproperlyConfigured with every error found and its remedy."""
    found = checks.run_checks(tags=[TAG], databases=["default"])
    errors = [f"{each.msg} {each.hint or ''}".strip() for each in found if each.is_serious()]
    if errors:
        raise ImproperlyConfigured("\n".join(errors))
