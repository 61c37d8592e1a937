"""Deciding again under other weights, against the reference one decision at a time."""

import datetime as dt
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.decisions import assessing, services, table
from audits.decisions.columns import Terms
from audits.replay import flips, selectors
from tests.unit.audits.decisions import strategies, worlds
from tests.unit.audits.decisions.strategies import EDGES
from tests.unit.audits.decisions.test_columns import terms


def tabled(rows, chosen, *, context="", rates=None):
    records = [
        {
            "options": options, "chosen": f"o{pick}", "model_version": "1",
            "context": {"community": context or ("de" if n % 2 else "fr")},
            "sampling": {"rate": rates[n] if rates else 1, "method": "hash"},
            "policy": {"version": 1}, "disposition": "answered", "occurred_at": "2026-01-01T00:00:00Z",
        }
        for n, (options, pick) in enumerate(zip(rows, chosen, strict=True))
    ]  # fmt: skip
    return table.build(range(len(rows)), records, EDGES, dt.datetime.fromisoformat)


@given(st.lists(strategies.options(), min_size=1, max_size=8), strategies.policies())
def test_flips_are_those_of_the_reference(rows, policy):
    logged = tabled(rows, [0] * len(rows))
    found = flips.replay(logged, terms(policy))
    picks = [policy.choose(options).option_id for options in rows]
    assert found.flipped.tolist() == [pick not in (None, "o0") for pick in picks]
    counts = flips.by_context(logged, found)["community"]
    assert sum(each.flips for each in counts.values()) == found.flipped.sum()
    assert sum(each.decisions for each in counts.values()) == len(rows)


def test_a_near_tie_is_named():
    options = [{"id": f"o{n}", "edges": dict.fromkeys(EDGES, 0.5), "uncertainty": {}} for n in range(2)]
    logged = tabled([options], [0])
    even = Terms(weights=np.full(4, 0.25))
    assert flips.near_ties(logged, flips.replay(logged, even), even) == 1


@pytest.fixture
def world(db):
    return worlds.make(norms=[{"edge": "safety", "minimum": 0.3, "z": 0}])


def seen(world, *records):
    now = worlds.START + dt.timedelta(days=2)
    services.log(system=world.system, records=[json.dumps(r).encode() for r in records], at=now)
    assessing.assess_all(at=now)


def test_the_impact_statement_counts_every_flip(world):
    kept = [worlds.option("label", (0.9, 0.8, 0.9)), worlds.option("remove", (0.8, 0.8, 0.1))]
    seen(
        world,
        *[world.record(context={"community": "de"}) for _ in range(3)],
        *[world.record(context={"community": "fr"}, options=kept) for _ in range(2)],
        world.record(chosen=None, disposition="escalated"),
    )
    found = selectors.impact(
        system=world.system, weights={"safety": 0.9, "privacy": 0.05, "expression": 0.05}
    )
    assert (found["decisions"], found["flips"], found["share"]) == (5, 3, 0.6)
    (community,) = found["groups"]
    assert [(row["name"], row["flips"]) for row in community["rows"]] == [("de", 3), ("fr", 0)]
    deltas = {edge["edge"]: edge["delta"] for edge in found["edges"]}
    assert deltas["safety"] == pytest.approx(3 * 0.2 / 5)
    assert deltas["expression"] == pytest.approx(-3 * 0.8 / 5)
    assert len(found["examples"]) == 3
    assert (found["examples"][0]["before"], found["examples"][0]["after"]) == ("label", "remove")
    assert json.loads(json.dumps(found)) == found


def test_hard_norms_hold_in_a_replay(world):
    unsafe = [worlds.option("label", (0.7, 0.8, 0.9)), worlds.option("remove", (0.1, 1.0, 1.0))]
    seen(world, world.record(options=unsafe))
    weights = {"safety": 0, "privacy": 0.5, "expression": 0.5}
    assert selectors.impact(system=world.system, weights=weights)["flips"] == 0
    without = selectors.impact(system=world.system, weights=weights, norms=[])
    assert (without["flips"], without["violations"]) == (1, 1)


def test_nothing_logged_is_an_empty_statement(world):
    assert selectors.impact(system=world.system, weights={"safety": 1.0})["decisions"] == 0


def test_after_a_replay_with_the_policy_in_force_nothing_flips(world):
    seen(world, world.record())
    assert selectors.impact(system=world.system, weights=world.policy.weights_float)["flips"] == 0
