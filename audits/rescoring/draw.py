"""Which decisions are scored again. Pure.

A decision is drawn when HMAC-SHA-256(key, its id), read as a share of 1, lies below the share asked for. The model does
not know the key, so it cannot tell which decisions will be checked; who knows it can draw the same ones again.
"""

import hashlib
import hmac
import uuid

_WHOLE = 1 << 64


def drawn(key: bytes, identity: uuid.UUID, share: float) -> bool:
    """Whether the decision ``identity`` is among the ``share`` scored again. A larger share keeps all of a smaller."""
    digest = hmac.digest(key, identity.bytes, hashlib.sha256)
    return int.from_bytes(digest[:8]) < share * _WHOLE
