"""What the README's tour needs from a run: addresses and a key to source in a shell, and a decision to post."""

import json
import shlex
import uuid
from pathlib import Path
from typing import Any

import edgewise
from django.conf import settings
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


def write(
    scenario: Scenario, folder: Path, url: str, key: str, log: dict[str, Any], *, proposal: int
) -> None:
    """``tour.env`` and ``decision.json`` beside the summary; ``proposal`` is the one that was carried through."""
    system = cast.system_of(scenario, scenario.edge_aware)
    context = {scenario.context_key: scenario.places[0]}
    policy = policies.in_force(system=system, context=context, at=timezone.now())
    record = example(scenario, system.slug, context, policy)
    values = {
        "EW_KEY": key,
        "EW_SYSTEM": system.slug,
        "EW_DECISION": record["id"],
        "EW_VKEY": log["vkey"],
        "EW_POLICY_VKEY": signing.vkey(),
    }
    pages = {"EW_LOG": log["log_url"].removeprefix(url), "EW_RESULTS": f"/proposals/{proposal}/results/"}
    lines = [
        *_address(url),
        *(f"export {name}={shlex.quote(value)}" for name, value in values.items()),
        *(f'export {name}="$EW_URL"{shlex.quote(path)}' for name, path in pages.items()),
    ]
    write_private_text(folder / "tour.env", "\n".join(lines) + "\n")
    write_private_text(folder / "decision.json", json.dumps(record, indent=1) + "\n")


def _address(url: str) -> list[str]:
    """The demo's own, unless `make run` serves the same home on another port when the file is read."""
    noted = shlex.quote(str(Path(settings.EDGEWISE_HOME) / "run" / "address.json"))
    return [
        f"EW_URL=$( (cat {noted} || echo {shlex.quote(url)}) 2>/dev/null | tr -d '\"')",
        "export EW_URL",
    ]


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
