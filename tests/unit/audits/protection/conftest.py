"""A system with two people in it, and a place of the test's own for the erasure list and documents."""

import json

import pytest

from audits.decisions import services as decisions
from governance.organisations import services as organisations
from tests.unit.audits.decisions import worlds

AT = worlds.START + worlds.dt.timedelta(days=2)


@pytest.fixture(autouse=True)
def outside(settings, tmp_path):
    """The erasure list and the documents of this test."""
    settings.EDGEWISE_ERASURE_LIST = tmp_path / "erasures" / "list"
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path


@pytest.fixture
def world(db):
    return peopled(worlds.make())


def peopled(world):
    """The world with an administrator and an auditor."""
    for role in ("admin", "auditor"):
        world.people[role] = organisations.add_person(
            organisation=world.organisation, username=role, password=None, role=role, by=None, at=worlds.START
        )
    return world


def log(world, *records, at=AT):
    """Logs the records; their places in the log."""
    raws = [json.dumps(record).encode() for record in records]
    outcomes = decisions.log(system=world.system, records=raws, at=at)
    assert all(outcome.status == "logged" for outcome in outcomes), outcomes
    return [outcome.index for outcome in outcomes]


def about(world, ref, **more):
    """A record about a person, with everything in it that may be sealed."""
    return world.record(
        **{
            "subject": {"ref": ref, "groups": {"age_band": "18-24"}},
            "weights": {"safety": 0.1, "privacy": 0.1, "expression": 0.8},
            "input": {"digest": "sha256:" + "cd" * 32, "text": f"A post by {ref}"},
            "rationale": f"Because {ref} asked.",
            "options": [
                worlds.option("label", (0.7, 0.8, 0.9), label="Label it"),
                worlds.option("remove", (0.9, 0.8, 0.1)),
            ],
            **more,
        }
    )
