"""What an auditor reads from the logs of this run: the planted bias, and the three failure modes of both models."""

import time
from typing import Any

from audits.decisions import assessing
from audits.monitoring import selectors as monitoring
from demo import cast, table, world
from demo.measuring import Estimate
from demo.scenario import Scenario, SystemPlan
from demo.table import Row

PATIENCE_SECONDS = 180.0
ATTRIBUTE = "dialect"
GROUP = "minority"
NAMES = {
    "value_flattening": "One edge decides (0 to 1)",
    "representation_loss": "Whose norms go unheard (0 to 1)",
    "uncertainty_blindness": "Answered while unsure (share)",
}


def wait_until_assessed() -> None:
    """Until the worker has assessed everything that was logged."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while assessing.behind():
        if time.monotonic() > deadline:
            raise SystemExit("The worker did not assess the decisions in time. Does it run?")
        time.sleep(0.5)


def findings(scenario: Scenario) -> tuple[dict[str, Any], list[Row]]:
    """Summary and rows of what the platform itself reports about both systems."""
    indices: dict[str, Any] = {}
    rows = []
    for plan in scenario.systems:
        found = monitoring.indices(system=cast.system_of(scenario, plan))
        indices[plan.slug] = {
            name: {"value": found[name]["value"], "ci": found[name]["interval"]} for name in NAMES
        }
        rows += [_row(f"{NAMES[name]}: {plan.name}", indices[plan.slug][name]) for name in NAMES]
    if scenario.name != "world":
        return {"indices": indices}, rows
    bias, bias_rows = planted(scenario)
    return {"indices": indices, **bias}, [*bias_rows, *rows]


def _row(what: str, found: dict[str, Any]) -> Row:
    if found["value"] is None:
        return Row(what, "not stated")
    if found["ci"] is None:
        return Row(what, f"{found['value']:.3f}")
    return table.share(what, Estimate(found["value"], (found["ci"][0], found["ci"][1])))


def planted(scenario: Scenario) -> tuple[dict[str, Any], list[Row]]:
    """Differences between dialects: the planted one in the baseline, and what is found in the other model."""
    baseline, control = (differences(scenario, plan) for plan in scenario.systems)
    planted_in = next(row for row in baseline if row["edge"] == world.BIAS_EDGE)
    found, hidden = bool(planted_in["finding"]), bool(planted_in["hidden"])
    rows = [
        _difference(f"Minority dialect, {world.BIAS_EDGE}: scalar baseline", planted_in, "exposed"),
        _difference("  the same in the scalar total", planted_in, "hidden", scalar=True),
        *(
            _difference(f"  the same edge: {scenario.edge_aware.name} (no bias planted)", row)
            for row in control
            if row["edge"] == world.BIAS_EDGE
        ),
    ]
    summary = {
        "bias_found": found,
        "bias_hidden_from_scalar": hidden,
        "bias_delta": planted_in["delta"],
        "bias_delta_ci": list(planted_in["interval"]),
        "bias_scalar_delta": planted_in["scalar_delta"],
        "bias_scalar_delta_ci": list(planted_in["scalar_interval"]),
        "bias_findings_without_bias": sum(bool(row["finding"]) for row in control),
    }
    return summary, rows


def differences(scenario: Scenario, plan: SystemPlan) -> list[dict[str, Any]]:
    """The minority's row for each edge, as the platform reports it."""
    system = cast.system_of(scenario, plan)
    family = monitoring.discrepancy(system=system, attribute=ATTRIBUTE, kind="group")
    return [row for row in family.rows if row["group"] == GROUP] if family else []


def _difference(what: str, found: dict[str, Any], target: str = table.NONE, *, scalar: bool = False) -> Row:
    delta, (low, high) = (
        (found["scalar_delta"], found["scalar_interval"]) if scalar else (found["delta"], found["interval"])
    )
    return Row(what, f"{delta:+.3f}", f"{low:+.3f} to {high:+.3f}", target)
