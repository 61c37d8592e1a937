"""Data keys ready for use: unwrapped and kept for a minute, so that a stream of records need not ask for each.

A key that was destroyed meanwhile still encrypts. So whoever stores what it encrypted asks ``sealing.destroyed`` in the
storing transaction, stores nothing under such a key, and calls ``forget``.
"""

import datetime as dt
import os
from collections.abc import Collection

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audits.ledger import sealing
from audits.ledger.models import DataKey
from governance.organisations.models import Organisation
from governance.recent import Recent

_recent = Recent[tuple[int, str], "ReadyKey"](seconds=60, most=4_096)


class ReadyKey:
    """The key of one reference; it raises Erased if it was destroyed."""

    __slots__ = ("_encrypt", "pk")

    def __init__(self, key: DataKey) -> None:
        self.pk = int(key.pk)
        self._encrypt = None if key.wrapped is None else AESGCM(sealing.unwrap(key)).encrypt

    def encrypt(self, plaintext: bytes, *, bound_to: bytes) -> bytes:
        """As ``sealing.encrypt``."""
        if self._encrypt is None:
            raise sealing.erased()
        nonce = os.urandom(sealing.NONCE_BYTES)
        return nonce + self._encrypt(nonce, plaintext, bound_to)


def of(*, organisation: Organisation, references: Collection[str], at: dt.datetime) -> dict[str, ReadyKey]:
    """The key of each reference, made where there is none yet."""
    kept = {each: _recent.peek((organisation.pk, each)) for each in references}
    missing = [each for each, key in kept.items() if key is None]
    if missing:
        for each, key in sealing.data_keys(organisation=organisation, references=missing, at=at).items():
            kept[each] = _recent.keep((organisation.pk, each), ReadyKey(key))
    return {each: key for each, key in kept.items() if key is not None}


def forget(*, organisation: Organisation, reference: str) -> None:
    """Not kept any longer: the next to need the key asks for it."""
    _recent.forget((organisation.pk, reference))
