"""What the demo plans: weights, points, ballots, and the records that its models post."""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import edgewise
import numpy as np
import pytest
from edgewise import record

from demo import assembly, builtin, poster, table
from demo.journal import Journal
from demo.measuring import Estimate
from demo.scenario import Scenario, exact, points

EDGES = ("safety", "fairness", "privacy")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return builtin.plan(posts=80)


@pytest.fixture
def policies(scenario: Scenario) -> list[dict[str, Any]]:
    """The first policy of the edge-aware system, as served, for every community."""
    weights = {edge: float(weight) for edge, weight in scenario.edge_aware.weights.items()}
    edge, minimum, _ = scenario.norm
    policy = {
        "version": 1,
        "digest": "0" * 64,
        "rule": "weighted_sum",
        "weights": weights,
        "norms": [{"edge": edge, "minimum": float(minimum), "z": 0.0}],
        "clarification_threshold": scenario.threshold,
    }
    return [policy] * len(scenario.places)


@pytest.fixture
def job(scenario: Scenario, tmp_path: Path) -> poster.Job:
    return poster.Job(
        url="",
        policy_vkey="",
        system="edge-aware",
        model_version="1.0",
        context_key=scenario.context_key,
        places=list(scenario.places),
        edges=list(scenario.edge_slugs),
        options=list(scenario.options),
        asks=True,
        material=str(tmp_path / "m.npz"),
        start=0,
        stop=80,
        out=str(tmp_path / "o.npz"),
    )


def posted(scenario: Scenario, job: poster.Job, policies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    material = scenario.edge_aware.material
    given, asked = poster.decide(job, material, list(policies))
    final = poster.settle(job, material, list(policies), given, asked)
    return list(poster.Recorder(job, material, list(policies)).records(given, asked, final))


def test_the_same_seed_plans_the_same_world(scenario: Scenario) -> None:
    again = builtin.plan(posts=80)
    assert again.ballots == scenario.ballots
    assert np.array_equal(again.scalar.material.scores, scenario.scalar.material.scores)


def test_exact_weights_sum_to_one() -> None:
    found = exact(np.array([0.2, 0.3, 0.1]), EDGES)
    assert sum(found.values()) == 1
    assert float(found["fairness"]) == pytest.approx(0.5, abs=1e-6)
    assert all(isinstance(weight, Fraction) for weight in found.values())


def test_points_come_in_fives_and_sum_to_a_hundred(scenario: Scenario) -> None:
    assert points(np.ones(3), EDGES) == {"safety": 35, "fairness": 35, "privacy": 30}
    for ballots in scenario.ballots.values():
        for ballot in ballots:
            assert sum(ballot.values()) == 100
            assert all(value % 5 == 0 for value in ballot.values())
    assert sum(assembly.suggestion(scenario).values()) == 100


def test_every_record_is_valid(scenario: Scenario, job: poster.Job, policies: list[dict[str, Any]]) -> None:
    for each in posted(scenario, job, policies):
        complete = {**each, "occurred_at": "2026-01-31T12:00:00Z"}
        assert record.check(complete, scenario.edge_slugs, system="edge-aware") == []


def test_the_model_chooses_as_the_reference_does(
    scenario: Scenario, job: poster.Job, policies: list[dict[str, Any]]
) -> None:
    answered = [each for each in posted(scenario, job, policies) if "clarification" not in each]
    assert len(answered) > 40
    for each in answered:
        assert edgewise.choose(each["options"], policies[0]).option_id == each["chosen"]


def test_a_question_leaves_two_records(
    scenario: Scenario, job: poster.Job, policies: list[dict[str, Any]]
) -> None:
    """The first says that the model asked, the second names the first and what came of it."""
    found = posted(scenario, job, policies)
    asked = {each["id"]: each for each in found if each["disposition"] == "clarified"}
    after = [each for each in found if "parent" in each]
    assert asked
    assert {each["parent"] for each in after} == set(asked)
    assert all(each["chosen"] is None for each in asked.values())
    assert all(each["chosen"] and each["clarification"] == f"dialog-{each['parent']}" for each in after)
    assert len({each["id"] for each in found}) == len(found) == 80 + len(asked)


def test_a_model_that_may_not_ask_answers(
    scenario: Scenario, job: poster.Job, policies: list[dict[str, Any]]
) -> None:
    silent = poster.Job(**{**{name: getattr(job, name) for name in job.__slots__}, "asks": False})
    assert all(each["disposition"] == "answered" for each in posted(scenario, silent, policies))


def test_a_step_is_done_once(tmp_path: Path) -> None:
    def act() -> dict[str, int]:
        done.append(1)
        return {"n": len(done)}

    done: list[int] = []
    assert Journal(tmp_path).step("a", "A", act) == {"n": 1}
    later = Journal(tmp_path)
    assert later.step("a", "A", act) == {"n": 1}
    assert (done, later.fresh) == ([1], 0)
    assert (tmp_path / "journal.json").stat().st_mode & 0o077 == 0
    assert json.loads((tmp_path / "journal.json").read_text()) == {"a": {"n": 1}}


def test_the_table_states_the_interval_and_the_target() -> None:
    found = table.row("Gain", Estimate(0.1528, (0.1487, 0.1569)), "+23 %")
    assert (found.measured, found.interval, found.target) == ("+15.3 %", "+14.9 % to +15.7 %", "+23 %")
    line = table.lines("Title", [found])[2]
    assert line.startswith("Gain ")
    assert line.endswith("+15.3 %    +14.9 % to +15.7 %  +23 %")
