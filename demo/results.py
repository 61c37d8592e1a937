"""Figures of a run as rows of the table and as the ``results`` of the summary."""

from typing import Any

from demo import crehate, measuring, table, world
from demo.measuring import Estimate
from demo.scenario import Scenario
from demo.table import Row

Figures = dict[str, dict[str, Estimate]]


def read_figures(document: dict[str, dict[str, Any]]) -> Figures:
    """What ``demo.simulate`` wrote."""
    return {
        strength: {
            name: Estimate(found["value"], (found["interval"][0], found["interval"][1]))
            for name, found in found_at.items()
        }
        for strength, found_at in document.items()
    }


def of_world(figures: Figures) -> tuple[dict[str, Any], list[Row]]:
    """The simulated seeds: headline at the middle of the conflict scale, control, curve."""
    head, control = figures[str(world.CONFLICT)], figures["0.0"]
    seeds = f"{measuring.SEEDS} seeds"
    rows = [
        table.row(
            f"Mean satisfaction, edge-aware against scalar (c = 0.5, {seeds})",
            head["satisfaction_gain"],
            "+23 %",
        ),
        table.row("  control without conflict (c = 0)", control["satisfaction_gain"], "(about 0)"),
        *(
            table.row(f"  c = {strength}", found["satisfaction_gain"])
            for strength, found in figures.items()
            if strength not in ("0.0", str(world.CONFLICT))
        ),
        table.row("  least satisfied community (c = 0.5)", head["worst_gain"]),
        table.row(
            "Truly ambiguous posts flagged, both asking about 20 %", head["ambiguous_recall_gain"], "+41 %"
        ),
        table.row("  control without conflict (c = 0)", control["ambiguous_recall_gain"]),
        table.row("Errors over all queries, with against without questions", head["error_change"], "−15 %"),
        Row(
            "  asking a random 20 % would give (half of them settled)",
            table.percent(-measuring.ASK_SHARE * measuring.SETTLES),
        ),
        table.row("  edge-aware against scalar, both asking", head["error_change_vs_scalar"]),
        table.row(
            "Task accuracy, edge-aware less scalar (points)", head["accuracy_change"], "comparable (≥ −2)"
        ),
        table.share(
            "Planted bias found in the edge, hidden from the scalar (share of seeds)",
            head["bias_hidden"],
            "exposed",
        ),
    ]
    return _world_summary(figures), rows


def _world_summary(figures: Figures) -> dict[str, Any]:
    head = figures[str(world.CONFLICT)]
    named = {
        name: head[name]
        for name in ("satisfaction_gain", "ambiguous_recall_gain", "error_change", "error_change_vs_scalar")
    }
    return {
        **_flat(named),
        **_flat({"accuracy_change": head["accuracy_change"]}),
        "accuracy_within_limit": head["accuracy_change"].interval[0] >= -measuring.ACCURACY_LIMIT,
        **_flat({"satisfaction_gain_control": figures["0.0"]["satisfaction_gain"]}),
        "bias_found": head["bias_found"].value == 1.0,
        "bias_hidden_from_scalar": head["bias_hidden"].value == 1.0,
        "satisfaction_gain_by_conflict": {
            strength: {
                "value": found["satisfaction_gain"].value,
                "ci": list(found["satisfaction_gain"].interval),
            }
            for strength, found in figures.items()
        },
        "seeds": measuring.SEEDS,
    }


def _flat(named: dict[str, Estimate]) -> dict[str, Any]:
    """``{"x": value, "x_ci": [low, high]}``."""
    out: dict[str, Any] = {}
    for name, found in named.items():
        out[name], out[f"{name}_ci"] = found.value, list(found.interval)
    return out


def of_judgements(scenario: Scenario) -> tuple[dict[str, Any], list[Row]]:
    """Real judgements: in sample and held out, side by side."""
    votes = scenario.facts["judgements"].complete
    inside, outside = crehate.in_sample(votes), crehate.held_out(votes)
    gain_inside = inside["per_country"] / inside["pooled"] - 1
    rows = [
        Row("Satisfaction of raters, in sample: pooled majority", f"{inside['pooled']:.3f}"),
        Row("  a policy per country", f"{inside['per_country']:.3f}"),
        Row("  gain per country, in sample", table.percent(gain_inside), target="+23 %"),
        table.share("Held out (fitted on 4 of 5 votes, 20 repeats): pooled majority", outside["pooled"]),
        table.share("  a policy per country", outside["per_country"]),
        table.share("  halfway between (shrunk)", outside["shrunk"]),
        table.row("  gain per country, held out", outside["per_country_gain"], "+23 %"),
        table.row("  gain shrunk, held out", outside["shrunk_gain"], "+23 %"),
    ]
    summary = {
        "satisfaction_gain_in_sample": gain_inside,
        "satisfaction_gain_held_out": outside["per_country_gain"].value,
        "satisfaction_gain_held_out_ci": list(outside["per_country_gain"].interval),
        **_flat({"satisfaction_gain_held_out_shrunk": outside["shrunk_gain"]}),
        "satisfaction_in_sample": inside,
        "satisfaction_held_out": {name: outside[name].value for name in ("pooled", "per_country", "shrunk")},
        "posts_with_all_votes": len(votes),
    }
    return summary, rows


def of_log(gains: dict[str, Estimate], labels: dict[str, str]) -> tuple[dict[str, Any], list[Row]]:
    """Satisfaction with the decisions that this run logged, phase by phase."""
    rows = [
        table.row(f"Logged decisions, {labels[name]}: satisfaction against scalar", found)
        for name, found in gains.items()
    ]
    summary = {
        "satisfaction_gain_logged": {n: {"value": f.value, "ci": list(f.interval)} for n, f in gains.items()}
    }
    return summary, rows
