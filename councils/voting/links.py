"""The encrypted link from an elector to a secret ballot, needed for re-voting and destroyed at close."""

import os
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audits.ledger import lasting_keys

NONCE = 12


def seal(*, ballot: uuid.UUID, elector: int) -> bytes:
    """The ballot's id, readable only with the deployment's key and only for this elector."""
    nonce = os.urandom(NONCE)
    return nonce + _cipher().encrypt(nonce, ballot.bytes, str(elector).encode())


def unseal(*, link: bytes, elector: int) -> uuid.UUID:
    """The inverse of ``seal``; raises InvalidTag when the link was moved or changed."""
    plain = _cipher().decrypt(link[:NONCE], link[NONCE:], str(elector).encode())
    return uuid.UUID(bytes=plain)


def _cipher() -> AESGCM:
    return AESGCM(lasting_keys.key("ballot link"))
