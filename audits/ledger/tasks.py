"""Upkeep of the log's storage, as the worker does it."""

import logging

from celery import shared_task
from django.db import OperationalError

from audits.ledger import partitions

logger = logging.getLogger(__name__)


@shared_task(name="audits.make_room", ignore_result=True)
def make_room() -> int:
    """Partitions ahead of need; a table that is busy is left to the next time."""
    try:
        return partitions.make_room()
    except OperationalError as error:
        logger.warning("Partitions are made at the next round: %s", error)
        return 0
