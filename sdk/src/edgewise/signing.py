"""Signatures of one key over one text: the only module that needs `cryptography` (the [verify] extra).

Types are those of C2SP signed-note: Ed25519 over the text itself; Ed25519 and ML-DSA-44 cosignatures
(C2SP tlog-cosignature) over a checkpoint, each preceded by the time in seconds as 8 bytes, big-endian.
"""

from __future__ import annotations

from edgewise import checkpoints
from edgewise.errors import VerificationError

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
except ImportError:
    AVAILABLE = False
else:
    AVAILABLE = True

ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
ML_DSA_44_COSIGNATURE = 0x06

PUBLIC_KEY_BYTES = {ED25519: 32, ED25519_COSIGNATURE: 32, ML_DSA_44_COSIGNATURE: 1312}
SIGNATURE_BYTES = {ED25519: 64, ED25519_COSIGNATURE: 72, ML_DSA_44_COSIGNATURE: 2428}


def public_key(kind: int, seed: bytes) -> bytes:
    """Public key that belongs to a 32-byte private seed."""
    return _private(kind, seed).public_key().public_bytes_raw()


def sign(kind: int, seed: bytes, name: str, text: str, at: int) -> bytes:
    """Signature as it stands in a note after the key ID; `at` is a POSIX time, not used by plain Ed25519."""
    signature = _private(kind, seed).sign(message(kind, name, text, at))
    return signature if kind == ED25519 else at.to_bytes(8, "big") + signature


def verify(kind: int, public: bytes, name: str, text: str, signature: bytes) -> None:
    """Check a signature as it stands in a note; VerificationError if it is not this key's."""
    _require()
    if len(signature) != SIGNATURE_BYTES[kind]:
        raise VerificationError(f"the signature of {name} has the wrong length")
    at = 0
    if kind != ED25519:
        at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        if at >> 63:
            raise VerificationError(f"the time of the signature of {name} is beyond 2**63")
    try:
        _public(kind, public).verify(signature, message(kind, name, text, at))
    except InvalidSignature:
        raise VerificationError(f"the signature of {name} is wrong") from None
    except UnsupportedAlgorithm:
        raise VerificationError("this installation of cryptography cannot check ML-DSA-44") from None


def message(kind: int, name: str, text: str, at: int) -> bytes:
    """The bytes that a key of this kind signs for a note's text."""
    if kind == ED25519:
        return text.encode()
    if kind == ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {at}\n{text}".encode()
    return cosigned_message(name, at, checkpoints.parse(text))


def cosigned_message(name: str, at: int, checkpoint: checkpoints.Checkpoint) -> bytes:
    """The `cosigned_message` structure of C2SP tlog-cosignature, over a whole tree."""
    start = 0
    return b"".join(
        (
            b"subtree/v1\n\x00",
            _short(name),
            at.to_bytes(8, "big"),
            _short(checkpoint.origin),
            start.to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _short(text: str) -> bytes:
    data = text.encode()
    if not 1 <= len(data) <= 255:
        raise VerificationError("a name in a cosignature has 1 to 255 bytes")
    return bytes([len(data)]) + data


def _private(kind: int, seed: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    _require()
    if kind == ML_DSA_44_COSIGNATURE:
        return MLDSA44PrivateKey.from_seed_bytes(seed)
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public(kind: int, public: bytes) -> Ed25519PublicKey | MLDSA44PublicKey:
    if kind == ML_DSA_44_COSIGNATURE:
        return MLDSA44PublicKey.from_public_bytes(public)
    return Ed25519PublicKey.from_public_bytes(public)


def _require() -> None:
    if not AVAILABLE:
        raise VerificationError("signatures need the package cryptography: pip install 'edgewise[verify]'")
