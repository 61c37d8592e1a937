"""What the README's tour needs from a run: addresses and a key to source in a shell, and a decision to post."""

import json
import shlex
import uuid
from pathlib import Path
from typing import Any

import edgewise
from django.utils import timezone

from demo import cast
from demo.journal import write_private_text
from demo.scenario import Scenario
from governance.policies import selectors as policies
from governance.policies import signing
from governance.policies.models import Policy

# Scores that differ on every edge; they stand for nothing but an example.
SCORES = (0.35, 0.9, 0.55, 0.8, 0.2, 0.7, 0.45, 0.6)
DEVIATION = 0.05


def write(scenario: Scenario, folder: Path, url: str, key: str, log: dict[str, Any]) -> None:
    """``tour.env`` and ``decision.json`` beside the summary."""
    system = cast.system_of(scenario, scenario.edge_aware)
    values = {
        "EW_URL": url,
        "EW_KEY": key,
        "EW_SYSTEM": system.slug,
        "EW_LOG": log["log_url"],
        "EW_VKEY": log["vkey"],
        "EW_POLICY_VKEY": signing.vkey(),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    write_private_text(folder / "tour.env", "\n".join(lines) + "\n")
    context = {scenario.context_key: scenario.places[0]}
    policy = policies.in_force(system=system, context=context, at=timezone.now())
    record = example(scenario, system.slug, context, policy)
    write_private_text(folder / "decision.json", json.dumps(record, indent=1) + "\n")


def example(scenario: Scenario, system: str, context: dict[str, str], policy: Policy) -> dict[str, Any]:
    """A decision that followed ``policy``."""
    options = [_option(place, name, scenario.edge_slugs) for place, name in enumerate(scenario.options)]
    choice = edgewise.choose(
        options, {"rule": policy.rule, "weights": policy.weights_float, "norms": policy.norms}
    )
    return {
        "id": str(uuid.uuid4()),
        "system": system,
        "model_version": cast.MODEL_VERSION,
        "occurred_at": timezone.now().isoformat(timespec="seconds"),
        "context": context,
        "input": {"digest": "sha256:" + "0" * 64},
        "policy": {"version": policy.version, "digest": policy.digest},
        "options": options,
        "chosen": choice.option_id,
        "disposition": "answered" if choice.option_id else "escalated",
        "rationale": "An example for the tour.",
    }


def _option(place: int, name: str, edges: tuple[str, ...]) -> dict[str, Any]:
    scores = {edge: SCORES[(place * 3 + n) % len(SCORES)] for n, edge in enumerate(edges)}
    return {"id": name, "edges": scores, "uncertainty": dict.fromkeys(edges, DEVIATION)}
