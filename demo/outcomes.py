"""What the decisions that were logged in this run are worth to the people concerned."""

from pathlib import Path

import numpy as np
from scipy import stats

from demo import crehate, measuring, runs
from demo.measuring import Estimate
from demo.scenario import Scenario
from demo.world import Floats, Ints

Z = float(stats.norm.ppf(0.975))


def ratio_gain(new: Floats, old: Floats) -> Estimate:
    """mean(new)/mean(old) − 1 over the same posts, with a 95 % interval by the delta method."""
    n, base = len(new), float(old.mean())
    ratio = float(new.mean()) / base
    error = float((new - ratio * old).std(ddof=1)) / base / np.sqrt(n)
    return Estimate(ratio - 1, (ratio - 1 - Z * error, ratio - 1 + Z * error))


def satisfied(scenario: Scenario, chosen: Ints, rows: slice) -> Floats:
    """(m,): how satisfied the people are for whom the posts in ``rows`` were decided."""
    if "judgements" in scenario.facts:
        return _by_votes(scenario, chosen, rows)
    posts, norms = scenario.facts["posts"].take(rows), scenario.facts["norms"]
    return measuring.satisfaction(measuring.utilities(posts, norms), chosen)


def _by_votes(scenario: Scenario, chosen: Ints, rows: slice) -> Floats:
    """Of the raters of the country the decision was made for: remove suits who voted hateful, allow who did not."""
    judgements = scenario.facts["judgements"]
    country = crehate.country_of_posts(judgements)
    votes = judgements.votes[np.arange(len(country)), country][rows]
    strength = crehate.STRENGTH[chosen][:, None]
    return np.asarray(np.nanmean(1 - np.abs(strength - votes), axis=1))


def gains(scenario: Scenario, phases: dict[str, slice], folder: Path) -> dict[str, Estimate]:
    """For each phase of the edge-aware model its gain over the baseline's decisions on the same posts."""
    baseline = runs.load(folder, "baseline").chosen
    return {
        name: ratio_gain(
            satisfied(scenario, runs.load(folder, name).chosen, rows),
            satisfied(scenario, baseline[rows], rows),
        )
        for name, rows in phases.items()
    }
