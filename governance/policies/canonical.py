"""The canonical text of a policy: what is hashed, signed and served. Imports no Django."""

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

SCHEMA = "edgewise.policy/1"
MILLION = 1_000_000


def text(document: Mapping[str, Any]) -> str:
    """UTF-8 JSON with sorted keys on one line, ending in a newline, as a signed note requires."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical text, in hex."""
    return hashlib.sha256(text(document).encode()).hexdigest()


def weights_as_text(weights: Mapping[str, Fraction]) -> dict[str, str]:
    """Exact rationals: ``{"privacy": "9/28"}``."""
    return {edge: str(weight) for edge, weight in weights.items()}


def spread(
    weights: Mapping[str, Fraction], members: Mapping[str, Mapping[str, Fraction]]
) -> dict[str, Fraction]:
    """Weights on groups, passed down to their scored edges.

    ``members`` maps each group to the share of each of its leaves (shares of one group sum to 1); an edge that is no
    group keeps its weight.
    """
    leaves: dict[str, Fraction] = {}
    for name, weight in weights.items():
        for leaf, share in members.get(name, {name: Fraction(1)}).items():
            leaves[leaf] = leaves.get(leaf, Fraction(0)) + weight * share
    return leaves
