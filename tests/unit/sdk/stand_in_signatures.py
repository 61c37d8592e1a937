"""Stands in for the parts of `cryptography` that the SDK uses: whoever knows a public key can sign for it.

The tests of the way to the server ask only that a signature fits its key and its text, and no other.
"""

from __future__ import annotations

import hashlib


class InvalidSignature(Exception):
    """The signature is another one."""


class UnsupportedAlgorithm(Exception):
    """Never raised here."""


class Ed25519PublicKey:
    """A public key."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @classmethod
    def from_public_bytes(cls, data: bytes) -> Ed25519PublicKey:
        """The key of these bytes."""
        return cls(data)

    def public_bytes_raw(self) -> bytes:
        """Its bytes."""
        return self._data

    def verify(self, signature: bytes, message: bytes) -> None:
        """InvalidSignature if it does not fit."""
        if signature != hashlib.sha512(self._data + message).digest():
            raise InvalidSignature


class Ed25519PrivateKey:
    """A private key."""

    def __init__(self, seed: bytes) -> None:
        self._public = hashlib.sha256(seed).digest()

    @classmethod
    def from_private_bytes(cls, seed: bytes) -> Ed25519PrivateKey:
        """The key of this seed."""
        return cls(seed)

    def public_key(self) -> Ed25519PublicKey:
        """Its public half."""
        return Ed25519PublicKey(self._public)

    def sign(self, message: bytes) -> bytes:
        """A signature."""
        return hashlib.sha512(self._public + message).digest()


MLDSA44PrivateKey, MLDSA44PublicKey = Ed25519PrivateKey, Ed25519PublicKey
