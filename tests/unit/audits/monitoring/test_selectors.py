"""How a system has been deciding, from its logged decisions."""

import datetime as dt
import json
import uuid

import numpy as np
import pytest

from audits.decisions import assessing, services
from audits.monitoring import selectors
from tests.unit.audits.decisions import worlds

NOW = worlds.START + dt.timedelta(days=3)


@pytest.fixture
def world(db, settings):
    settings.AUDITS_CONSTITUENCY_WEIGHTS = f"{__name__}.asked"
    return worlds.make(clarification_threshold=0.75)


def asked(*, system, at):
    return {"Germany": {"safety": 1.0}, "France": {"expression": 1.0}}


def fill(world, n=200):
    rng = np.random.default_rng(9)
    records = []
    for number in range(n):
        scores = [tuple(round(float(x), 3) for x in rng.uniform(0.2, 0.9, 3)) for _ in range(3)]
        options = [worlds.option(f"o{place}", row, 0.1) for place, row in enumerate(scores)]
        totals = [0.4 * a + 0.2 * b + 0.4 * c for a, b, c in scores]
        records.append(
            world.record(
                id=str(uuid.UUID(int=number)),
                options=options,
                chosen=f"o{int(np.argmax(totals))}",
                context={"community": "de" if number % 3 else "fr"},
                subject={"ref": f"u{number}", "groups": {"age_band": "18-24" if number % 2 else "25-34"}},
            )
        )
    services.log(system=world.system, records=[json.dumps(r).encode() for r in records], at=NOW)
    assessing.assess_all(at=NOW)


def test_the_indices_are_measured_with_intervals(world):
    fill(world)
    found = selectors.indices(system=world.system)
    for name in selectors.INDICES:
        assert found[name]["value"] is not None, name
        low, high = found[name]["interval"]
        assert 0 <= low <= found[name]["value"] <= high <= 1
    assert found["uncertainty_blindness"]["value"] == 1
    assert set(found["representation_loss"]["detail"]["constituencies"]) == {"Germany", "France"}


def test_nothing_logged_means_nothing_stated(world):
    found = selectors.indices(system=world.system)
    assert [index["value"] for index in found.values()] == [None, None, None]
    assert selectors.driving_shares(system=world.system)["n"] == 0
    assert selectors.discrepancy(system=world.system, attribute="community") is None


def test_shares_of_deciding_edges_add_up(world):
    fill(world)
    found = selectors.driving_shares(system=world.system, steps=4)
    assert sum(found["total"].values()) == pytest.approx(1)
    assert len(found["moments"]) == 5


def test_groups_are_compared_by_context_and_by_sealed_group(world):
    fill(world)
    assert selectors.attributes(system=world.system) == [("community", "context"), ("age_band", "group")]
    family = selectors.discrepancy(system=world.system, attribute="age_band", kind="group")
    assert {row["group"] for row in family.rows} == {"18-24", "25-34"}
    assert family.pairs == 6
    assert not any(row["finding"] for row in family.rows)
