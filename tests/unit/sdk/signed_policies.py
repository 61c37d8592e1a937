"""Signed policies for the scripted server; they need `cryptography`, which not every interpreter at hand has.

What is served has the shape that the real server's answer has: `tests/integration/test_sdk_policies.py` compares them.
"""

import json
from fractions import Fraction
from hashlib import sha256
from typing import Any

from edgewise import notes
from edgewise.strict_json import canonical

from tests.unit.sdk.scripted import Reply, Server

POLICY_SIGNER = notes.NoteSigner("edgewise.local/policy", bytes([9]) * 32)

SIGNED: dict[str, Any] = {
    "schema": "edgewise.policy/1",
    "organisation": "acme",
    "system": "moderator",
    "version": 3,
    "context": {"community": "de"},
    "edge_set": 1,
    "rule": "weighted_sum",
    "norms": [],
    "bounds": {},
    "tiers": [],
    "clarification_threshold": None,
    "rationale_required": False,
    "adapter": "",
    "in_force_from": "2026-03-01T12:00:00+00:00",
    "review_by": None,
    "source": {"kind": "owner"},
}


def policy_body(weights: dict[str, str], signer: notes.NoteSigner = POLICY_SIGNER, **more: Any) -> dict:
    """What the server answers: the signed text's fields and what is computed from them, and the note."""
    signed = SIGNED | {"weights": weights} | more
    text = canonical(signed).decode() + "\n"
    return signed | {
        "digest": sha256(text.encode()).hexdigest(),
        "state": "in_force",
        "weights": {edge: float(Fraction(weight)) for edge, weight in weights.items()},
        "weights_exact": weights,
        "reference": dict.fromkeys(weights, 0.5),
        "note": notes.sign(text, [signer]),
    }


def serve_policy(server: Server, body: dict) -> None:
    def route(headers: dict[str, str]) -> Reply:
        if headers.get("If-None-Match") == '"3"':
            return 304, {"ETag": '"3"'}, b""
        return 200, {"ETag": '"3"'}, json.dumps(body).encode()

    server.routes["/api/v1/policy"] = route
