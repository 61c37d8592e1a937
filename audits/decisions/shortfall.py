"""What a constituency falls short of under its own weights: the ground of representation loss and of impact."""

import datetime as dt
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.module_loading import import_string
from numpy.typing import NDArray

from audits.decisions import columns
from audits.decisions.columns import Columns, Norm, Terms
from audits.decisions.weighing import Floats
from governance.systems.models import AISystem


def constituency_weights(*, system: AISystem, at: dt.datetime) -> dict[str, dict[str, float]]:
    """What each constituency asked for, from the floor that counts votes (port ``AUDITS_CONSTITUENCY_WEIGHTS``)."""
    port: Any = import_string(settings.AUDITS_CONSTITUENCY_WEIGHTS)
    found: dict[str, dict[str, float]] = port(system=system, at=at)
    return found


def regret(
    part: Columns, weights: Floats, option: NDArray[np.int64], counts: Floats, norms: tuple[Norm, ...] = ()
) -> tuple[Floats, Floats, Floats]:
    """Per decision, under one group's weights: best feasible minus ``option``, best minus worst feasible, and how
    much it counts (``counts``, (n,)). What cannot be computed is left out.
    """
    values = columns.utilities(part.scores, Terms(weights))
    eligible = columns.feasible(part, norms) & ~np.isnan(values)
    best = np.where(eligible, values, -np.inf).max(axis=1, initial=-np.inf)
    worst = np.where(eligible, values, np.inf).min(axis=1, initial=np.inf)
    fallen = np.maximum(best - columns.pick(values, option), 0.0)
    known = eligible.any(axis=1) & np.isfinite(fallen)
    return fallen[known], (best - worst)[known], counts[known]
