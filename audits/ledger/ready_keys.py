"""Data keys ready for use: unwrapped and kept for a second, so that a stream of records need not ask for each.

A key that was destroyed meanwhile still encrypts for that second. So whoever stores what it encrypted asks
``sealing.destroyed`` in the storing transaction.
"""

import datetime as dt
import os
import time
from collections.abc import Collection

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from audits.ledger import sealing
from audits.ledger.models import DataKey
from governance.organisations.models import Organisation

KEPT_SECONDS = 1.0
_kept: dict[tuple[str, int, str], "ReadyKey"] = {}
_swept_at = 0.0


class ReadyKey:
    """The key of one reference; without a cipher if it was destroyed."""

    __slots__ = ("_encrypt", "pk", "read_at")

    def __init__(self, key: DataKey) -> None:
        self.pk = int(key.pk)
        self.read_at = time.monotonic()
        self._encrypt = None if key.wrapped is None else AESGCM(sealing.unwrap(key)).encrypt

    def encrypt(self, plaintext: bytes, *, bound_to: bytes) -> bytes:
        """As ``sealing.encrypt``."""
        if self._encrypt is None:
            raise sealing.erased()
        nonce = os.urandom(sealing.NONCE_BYTES)
        return nonce + self._encrypt(nonce, plaintext, bound_to)


def of(*, organisation: Organisation, references: Collection[str], at: dt.datetime) -> dict[str, ReadyKey]:
    """The key of each reference, at most a second old, made where there is none yet."""
    database, oldest = str(connection.settings_dict["NAME"]), time.monotonic() - KEPT_SECONDS
    found: dict[str, ReadyKey] = {}
    for each in references:
        kept = _kept.get((database, organisation.pk, each))
        if kept is not None and kept.read_at >= oldest:
            found[each] = kept
    missing = [each for each in references if each not in found]
    if missing:
        keys = sealing.data_keys(organisation=organisation, references=missing, at=at)
        fresh = {each: ReadyKey(key) for each, key in keys.items()}
        _keep({(database, organisation.pk, each): key for each, key in fresh.items()}, oldest)
        found |= fresh
    return found


def _keep(fresh: dict[tuple[str, int, str], ReadyKey], oldest: float) -> None:
    """Unwrapped keys do not pile up: what is out of date is forgotten, once a second."""
    global _swept_at  # noqa: PLW0603
    if _swept_at < oldest:
        _swept_at = time.monotonic()
        for place, key in list(_kept.items()):
            if key.read_at < oldest:
                _kept.pop(place, None)
    _kept.update(fresh)
