"""For every URL with parameters, how to fill them so that the address names something of a given organisation.

A new page that takes a parameter fails the matrix until it has a sample here.
"""

from collections.abc import Callable
from typing import Any

from tests.integration.two_houses import House

Sample = Callable[[House], dict[str, Any]]


def _system(house: House) -> dict[str, Any]:
    return {"slug": house.system.slug}


def _log(house: House) -> dict[str, Any]:
    return {"organisation": house.organisation.slug, "log": house.system.slug}


SAMPLES: dict[str, Sample] = {
    "system": _system,
    "new_version": _system,
    "edges": _system,
    "define_edges": _system,
    "new_norm": _system,
    "policy": _system,
    "first_policy": _system,
    "policy_version": lambda house: {"slug": house.system.slug, "version": 1},
    "keys": _system,
    "revoke_key": lambda house: {"slug": house.system.slug, "key_id": house.key.pk},
    "revoke_token": lambda house: {"token_id": house.token.pk},
    "act_for": lambda house: {"slug": house.organisation.slug},
    "log_checkpoint": _log,
    "log_policy": _log,
    "log_tile": lambda house: _log(house) | {"path": "0/000.p/1"},
    "log_entry": lambda house: _log(house) | {"index": 0},
    "log_receipt": lambda house: _log(house) | {"index": 0},
    "job": lambda house: {"job_id": house.job.pk},
    "api:system": _system,
}

# Endpoints that name what they are about in the query.
QUERIES: dict[str, Sample] = {
    "api:edges": lambda house: {"system": house.system.slug},
    "api:policies": lambda house: {"system": house.system.slug},
}

# What belongs to one person of the house: to everybody else it does not exist. By role of that person.
PERSONAL = {"revoke_token": "member"}
