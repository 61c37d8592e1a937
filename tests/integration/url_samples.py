"""For every URL with parameters, how to fill them so that the address names something of a given organisation.

A new page that takes a parameter fails the matrix until it has a sample here.
"""

from collections.abc import Callable
from typing import Any

from tests.integration.two_houses import House

Sample = Callable[[House], dict[str, Any]]


def _system(house: House) -> dict[str, Any]:
    return {"slug": house.system.slug}


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
    "job": lambda house: {"job_id": house.job.pk},
}
