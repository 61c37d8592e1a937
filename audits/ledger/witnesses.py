"""The witnesses that confirm this deployment's logs from outside, as its operator lists them.

The list is a C2SP tlog-policy without log lines (`EDGEWISE_WITNESSES`): witnesses with their addresses, groups of them
and the quorum. It is read once; a change needs a restart, like every other setting.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from edgewise import trust
from edgewise.notes import VerifierKey
from edgewise.trust import TrustPolicy


@dataclass(frozen=True)
class Witness:
    """One witness: the address that submissions go to, and the keys it may cosign with."""

    url: str
    keys: tuple[VerifierKey, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.keys[0].name


def policy() -> TrustPolicy:
    """Witnesses, groups and quorum; nobody and `none` where the operator lists nobody."""
    return _read(settings.EDGEWISE_WITNESSES)


def listed() -> list[Witness]:
    """Every witness that has an address, its keys together."""
    found: dict[str, list[VerifierKey]] = {}
    for name, key in policy().witnesses.items():
        if url := policy().urls.get(name):
            found.setdefault(url, []).append(key)
    return [Witness(url, tuple(keys)) for url, keys in found.items()]


def key_name(key: VerifierKey) -> str:
    """How the database names a witness's key."""
    return f"{key.name}+{key.id.hex()}"


@functools.lru_cache(maxsize=8)
def _read(path: Path) -> TrustPolicy:
    return trust.parse(path.read_bytes()) if path.exists() else TrustPolicy(quorum=trust.NO_QUORUM)
