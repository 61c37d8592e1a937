"""Work on one system after the other: what is wrong with one delays no other."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError

from governance.systems.models import AISystem

logger = logging.getLogger(__name__)


@contextmanager
def apart(system: AISystem, doing: str) -> Iterator[None]:
    """Whatever fails in the block is told as critical and goes no further; only a database that is away ends the work.

    The block's own transactions are undone, so that the next round finds what this one left.
    """
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.critical(
            "%s of %s/%s failed; other systems go on. `manage.py verify_log` may say why.",
            doing, system.organisation.slug, system.slug, exc_info=True,
        )  # fmt: skip
