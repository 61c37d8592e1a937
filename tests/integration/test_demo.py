"""The demo's people and councils, founded once on a real database; the scheduler's steps are taken by hand."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from councils.deliberation.models import Proposal
from councils.voting import lifecycle
from demo import assembly, builtin, cast
from demo.journal import Journal
from demo.scenario import Scenario
from governance.organisations.models import Organisation, Person
from governance.policies import selectors as policies
from tests import databases


@dataclass
class Founded:
    """What the demo plans, and the accounts it has opened for it."""

    scenario: Scenario
    accounts: list[dict[str, Any]]


@pytest.fixture(scope="module")
def founded(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[Founded]:
    scenario = builtin.plan(posts=40)
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), databases.clone(template_database), quick:
        yield Founded(scenario, cast.found(scenario)["accounts"])


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of waiting for the scheduler, take its steps at later and later times."""

    def wait_for(proposals: Sequence[Proposal], *states: str) -> None:
        for step in range(1, 5):
            for proposal in proposals:
                proposal.refresh_from_db()
            if all(proposal.state in states for proposal in proposals):
                return
            seconds = assembly.DELIBERATION_SECONDS + 2 * (step - 1) * assembly.VOTING_SECONDS
            lifecycle.keep_deadlines(at=timezone.now() + dt.timedelta(seconds=seconds))
        raise AssertionError([proposal.state for proposal in proposals])

    monkeypatch.setattr(assembly, "wait_for", wait_for)


def test_every_role_has_an_account_and_the_outsider_another_organisation(founded: Founded) -> None:
    roles = {account["role"] for account in founded.accounts}
    assert roles == {"admin", "owner", "chair", "member", "auditor", "outsider"}
    for account in founded.accounts:
        assert Person.objects.get(username=account["username"]).check_password(account["password"])
    assert {a["organisation"] for a in founded.accounts if a["role"] == "outsider"} == {"other"}
    assert Organisation.objects.get(slug="demo").log_is_public


def test_the_first_weights_are_marked_as_set_without_a_vote(founded: Founded) -> None:
    for plan in founded.scenario.systems:
        policy = policies.with_version(system=cast.system_of(founded.scenario, plan), version=1)
        assert policy is not None
        assert policy.set_without_vote
        assert policy.weights_exact == plan.weights
        assert policy.norms == [{"edge": "safety", "minimum": 0.3, "z": 0.0}]


def test_a_vote_becomes_the_policy(founded: Founded, later: None, tmp_path: Path) -> None:
    scenario = founded.scenario
    enacted = assembly.hold(scenario, [scenario.council], Journal(tmp_path))
    (version,) = enacted.values()
    policy = policies.with_version(system=cast.system_of(scenario, scenario.edge_aware), version=version)
    assert policy is not None
    assert policy.source["kind"] == "council"
    assert sum(policy.weights_exact.values()) == 1
    assert assembly.hold(scenario, [scenario.council], Journal(tmp_path)) == enacted


def test_a_proposal_is_left_open(founded: Founded, later: None) -> None:
    proposal = assembly.leave_open(founded.scenario)
    assert proposal.state == Proposal.State.VOTING
    assert proposal.accepts_votes(at=timezone.now() + dt.timedelta(days=7))
