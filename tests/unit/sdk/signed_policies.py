"""Signed policies for the scripted server; they need `cryptography`, which not every interpreter at hand has."""

import json
from fractions import Fraction
from typing import Any

from edgewise import notes
from edgewise.strict_json import canonical

from tests.unit.sdk.scripted import Reply, Server

POLICY_SIGNER = notes.NoteSigner("edgewise.local/policy", bytes([9]) * 32)


def policy_body(weights: dict[str, str], signer: notes.NoteSigner = POLICY_SIGNER, **more: Any) -> dict:
    signed = {"weights": weights, "version": 3, "context": {"community": "de"}, "rule": "weighted_sum"} | more
    text = canonical(signed).decode() + "\n"
    numbers = {edge: float(Fraction(weight)) for edge, weight in weights.items()}
    return signed | {"weights": numbers, "weights_exact": weights, "note": notes.sign(text, [signer])}


def serve_policy(server: Server, body: dict) -> None:
    def route(headers: dict[str, str]) -> Reply:
        if headers.get("If-None-Match") == '"3"':
            return 304, {"ETag": '"3"'}, b""
        return 200, {"ETag": '"3"'}, json.dumps(body).encode()

    server.routes["/api/v1/policy"] = route
