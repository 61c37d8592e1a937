"""Hearing what travels beside a batch: how many records the model has lost.

Most batches report none, or what they reported before: that costs a look into a dictionary. Nothing here ever costs a
batch: what is malformed is passed over, and what the database did not take is heard again with the next batch.
"""

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from django.db import Error, connection

from audits.losses import services
from governance.access.models import ApiKey
from governance.errors import DomainError

TOTAL, PROCESS = "HTTP_EDGEWISE_LOST_TOTAL", "HTTP_EDGEWISE_PROCESS"
MOST_KEPT = 4_096

logger = logging.getLogger(__name__)
_heard: dict[tuple[str, int, str], str] = {}


def hear(meta: Mapping[str, Any], *, key: ApiKey, at: dt.datetime) -> None:
    """Takes the headers of a request that logged decisions with ``key``."""
    text = meta.get(TOTAL, "0")[: services.MOST_DIGITS + 1]
    if text == "0":
        return
    name = meta.get(PROCESS, "")[: services.MOST_NAME + 1]
    place = (str(connection.settings_dict["NAME"]), key.pk, name)
    if _heard.get(place) != text:
        _hear(place, text, name, key, at)


def _hear(place: tuple[str, int, str], text: str, name: str, key: ApiKey, at: dt.datetime) -> None:
    try:
        services.report(key=key, process=services.read_process(name), total=services.read_count(text), at=at)
    except DomainError as error:
        logger.warning("Passed over, from key %s: %s", key.pk, error)
    except Error:
        logger.warning(
            "Not kept, and heard again with the next batch: lost records of key %s.", key.pk, exc_info=True
        )
        return
    if len(_heard) >= MOST_KEPT:
        _heard.clear()
    _heard[place] = text
