"""Wrapping keys by the deployment's key: the newest generation wraps, every generation in use still opens.

So does one that was put away, while its file lies in ``keys/retired``: a key made by a transaction that outlasted the
rotation may lie under it, until the next rotation wraps it anew.

Which generation a wrapped key lies under is said beside it, by fingerprint. AES-256-GCM, nonce first.
"""

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext as _

from audits.ledger import keys
from governance.access import keyring
from governance.errors import DomainError

NAME = "deployment"
NONCE_BYTES = 12
_openers: dict[tuple[str, str], AESGCM] = {}


class BlobDamaged(DomainError):
    """The blob is not what was encrypted, or belongs to another record."""

    code = "blob_damaged"
    status = 500


@dataclass(frozen=True)
class Wrapper:
    """One generation of the deployment's key, by its fingerprint."""

    fingerprint: str
    cipher: AESGCM

    def wrap(self, secret: bytes, *, bound_to: bytes) -> bytes:
        """A blob that opens only under this generation and for the same ``bound_to``."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, secret, bound_to)


def newest() -> Wrapper:
    """The generation that wraps from now on: looked up anew, for another process may have begun a rotation."""
    return _wrapper(keyring.key(NAME, home=settings.EDGEWISE_HOME))


def fingerprints() -> list[str]:
    """Of the generations that are here, the oldest first."""
    return [keyring.fingerprint(each) for each in keyring.keys(NAME, home=settings.EDGEWISE_HOME)]


def opens(under: str) -> bool:
    """Whether what lies under a generation can be opened here."""
    try:
        _opener(under)
    except keyring.KeyUnavailable:
        return False
    return True


def unwrap(blob: bytes, *, under: str, bound_to: bytes) -> bytes:
    """What was wrapped. Raises BlobDamaged; KeyUnavailable, with the remedy, if the generation is not here."""
    return opened(_opener(under), blob, bound_to)


def opened(cipher: AESGCM, blob: bytes, bound_to: bytes) -> bytes:
    """What a cipher encrypted; raises BlobDamaged."""
    try:
        return cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise BlobDamaged(_("The encrypted data cannot be read: they were changed or moved.")) from None


def _opener(under: str) -> AESGCM:
    """The cipher of a generation; one that this process does not know yet is looked up once."""
    place = (str(settings.EDGEWISE_HOME), under)
    if place not in _openers:
        generations = [_wrapper(each) for each in keyring.keys(NAME, home=settings.EDGEWISE_HOME)]
        _openers.update({(place[0], each.fingerprint): each.cipher for each in generations})
        # Wrapped before generations were noted: that was the first.
        _openers.setdefault((place[0], ""), generations[0].cipher)
    if place not in _openers and (secret := keyring.retired(NAME, under, home=settings.EDGEWISE_HOME)):
        _openers[place] = _wrapper(secret).cipher
    if place not in _openers:
        raise keyring.KeyUnavailable(
            f"Personal data lie under a deployment key that is not here (fingerprint {under}). Restore it from your "
            "backup of keys/ (keys/retired will do), or set it beside the others in the environment "
            "(EDGEWISE_KEY_DEPLOYMENT_2 and so on)."
        )
    return _openers[place]


def _wrapper(secret: bytes) -> Wrapper:
    return Wrapper(keyring.fingerprint(secret), AESGCM(keys.derived(secret, "data key wrapping")))
