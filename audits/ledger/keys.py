"""Keys derived from the deployment's secrets, and with them the signers of the logs.

Each log signs with a key of its own, so that one trust policy can list several logs (tlog-policy refuses the same
public key twice). Derivation: HKDF-SHA-256 (RFC 5869) with the purpose as info.
"""

import functools

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from edgewise import notes, signing

from governance.access import keyring

KEY_BYTES = 32


@functools.lru_cache(maxsize=4096)
def derive(name: str, purpose: str) -> bytes:
    """32 bytes for `purpose`, from the deployment's key `name`."""
    return derived(keyring.key(name, home=settings.EDGEWISE_HOME), purpose)


def signers(origin: str) -> tuple[notes.NoteSigner, ...]:
    """Who signs the checkpoints of the log `origin`: an Ed25519 key, and an ML-DSA-44 key beside it.

    While the key is rotated the older generation signs too, after the newer. Files are looked at each time, so that a
    running process takes up a new generation by itself.
    """
    secrets = keyring.keys("log", home=settings.EDGEWISE_HOME)
    return tuple(signer for secret in reversed(secrets) for signer in _signers(origin, secret))


def vkeys(origin: str) -> tuple[str, ...]:
    """The verifier keys of a log, in the order of its signatures: the newest Ed25519 first."""
    return tuple(signer.vkey for signer in signers(origin))


def newest_vkeys(origin: str) -> tuple[str, ...]:
    """Those of the newest generation."""
    return tuple(signer.vkey for signer in _signers(origin, keyring.key("log", home=settings.EDGEWISE_HOME)))


@functools.lru_cache(maxsize=4096)
def _signers(origin: str, secret: bytes) -> tuple[notes.NoteSigner, ...]:
    return (
        notes.NoteSigner(origin, derived(secret, f"log ed25519 {origin}")),
        notes.NoteSigner(origin, derived(secret, f"log ml-dsa-44 {origin}"), signing.ML_DSA_44_COSIGNATURE),
    )


def derived(secret: bytes, purpose: str) -> bytes:
    """32 bytes for `purpose` from one generation of a key."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"edgewise {purpose}".encode()).derive(secret)
