"""What a constituency falls short of under its own weights: the ground of representation loss and of impact."""

import datetime as dt
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.module_loading import import_string
from numpy.typing import NDArray

from audits.decisions import columns
from audits.decisions.columns import Columns, Norm, Terms
from governance.systems.models import AISystem


def constituency_weights(*, system: AISystem, at: dt.datetime) -> dict[str, dict[str, float]]:
    """What each constituency asked for, from the floor that counts votes (port ``AUDITS_CONSTITUENCY_WEIGHTS``)."""
    port: Any = import_string(settings.AUDITS_CONSTITUENCY_WEIGHTS)
    found: dict[str, dict[str, float]] = port(system=system, at=at)
    return found


def regret(
    part: Columns, weights: NDArray[np.float64], option: NDArray[np.int64], norms: tuple[Norm, ...] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per decision, under one group's weights: best feasible minus ``option``, and best minus worst feasible."""
    values = columns.utilities(part.scores, Terms(weights))
    eligible = columns.feasible(part, norms) & ~np.isnan(values)
    best = np.where(eligible, values, -np.inf).max(axis=1, initial=-np.inf)
    worst = np.where(eligible, values, np.inf).min(axis=1, initial=np.inf)
    fallen = np.maximum(best - columns.pick(values, option), 0.0)
    known = eligible.any(axis=1) & np.isfinite(fallen)
    return fallen[known], (best - worst)[known]
