"""Standard Base64 of RFC 4648 section 4, decimals and UTF-8, read strictly: one text for one value."""

from __future__ import annotations

import base64
import binascii

from edgewise.errors import VerificationError


def to_base64(data: bytes) -> str:
    """Encode with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, what: str = "a value") -> bytes:
    """Decode what `to_base64` wrote; VerificationError for anything else."""
    if not isinstance(text, str):
        raise VerificationError(f"{what} is not a text")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise VerificationError(f"{what} is not Base64") from None
    if to_base64(data) != text:
        raise VerificationError(f"{what} is not Base64 in its one accepted form")
    return data


def to_decimal(text: str, what: str = "a number") -> int:
    """Read a non-negative decimal without leading zeros, below 2**63."""
    if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0") or len(text) > 19:
        raise VerificationError(f"{what} is not a decimal number")
    value = int(text)
    if value >= 1 << 63:
        raise VerificationError(f"{what} is too large")
    return value


def to_text(data: str | bytes, what: str = "a text") -> str:
    """Read UTF-8; VerificationError says where it stops being that. A str must be one that UTF-8 can write."""
    if not isinstance(data, str | bytes):
        raise VerificationError(f"{what} is not a text")
    try:
        if isinstance(data, bytes):
            return data.decode()
        data.encode()
    except UnicodeDecodeError as problem:
        raise VerificationError(f"{what} is not UTF-8 at byte {problem.start}") from None
    except UnicodeEncodeError as problem:
        raise VerificationError(f"{what} is not UTF-8 at character {problem.start}") from None
    return data
