"""Evaluation results of the edge-aware system from the decisions of this run: recorded, and signed by its owner."""

import hashlib
from pathlib import Path

import numpy as np
from django.utils import timezone

from demo import cast, outcomes, runs
from demo.scenario import Scenario
from demo.world import Floats
from governance.organisations.models import Person
from modelcards.evaluations import services as evaluations

SUITE = "Satisfaction of the people concerned"


def record(scenario: Scenario, name: str, rows: slice, folder: Path) -> int:
    """Mean satisfaction with the decisions of run ``name``, whole and by place; how many results."""
    satisfied = outcomes.satisfied(scenario, runs.load(folder, name).chosen, rows)
    place = scenario.edge_aware.material.place[rows]
    digest = hashlib.sha256((folder / f"{scenario.edge_aware.slug}.npz").read_bytes()).hexdigest()
    slices: list[tuple[dict[str, str], Floats]] = [({}, satisfied)]
    slices += [
        ({scenario.context_key: value}, satisfied[place == number])
        for number, value in enumerate(scenario.places)
    ]
    for slice_of, values in slices:
        _record(scenario, slice_of, values, digest)
    return len(slices)


def _record(scenario: Scenario, slice_of: dict[str, str], values: Floats, digest: str) -> None:
    owner = Person.objects.get(username=cast.username(scenario, "owner"))
    now, mean = timezone.now(), float(values.mean())
    half = outcomes.Z * float(values.std(ddof=1)) / np.sqrt(len(values))
    result = evaluations.record(
        system=cast.system_of(scenario, scenario.edge_aware),
        suite=SUITE,
        metric="mean satisfaction",
        value=round(mean, 4),
        low=round(mean - half, 4),
        high=round(mean + half, 4),
        slice=slice_of,
        n=len(values),
        model_version=cast.MODEL_VERSION,
        data_name="Posts decided in this run (docs/demo.md)",
        data_sha256=digest,
        measured_at=now,
        by=owner,
        at=now,
    )
    evaluations.sign(result=result, by=owner, at=timezone.now())
