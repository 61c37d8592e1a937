"""Trackers: what a voter keeps to find the ballot in the published list."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS = 3


def new() -> str:
    """Sixty random bits in Crockford's alphabet: ``7Q4K-2MZD-90XF``."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(GROUPS))
