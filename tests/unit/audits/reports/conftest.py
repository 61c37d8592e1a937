"""A high-risk system with a policy, an auditor, and a compliance report asked for."""

import datetime as dt
from fractions import Fraction

import pytest

from audits.reports import services
from audits.reports.models import Report
from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.policies import services as policies
from governance.systems import services as systems
from governance.systems.models import AISystem

AT = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
START, END = dt.datetime(2026, 11, 1, tzinfo=dt.UTC), dt.datetime(2026, 11, 8, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def organisation(db) -> Organisation:
    return organisations.found(slug="north", name="North", at=AT)


@pytest.fixture
def auditor(organisation) -> Person:
    return organisations.add_person(
        organisation=organisation, username="auditor", password=None, role="auditor", by=None, at=AT
    )


@pytest.fixture
def system(organisation) -> AISystem:
    system = systems.register(
        organisation=organisation,
        slug="feed",
        name="Feed moderation",
        purpose="Sorts reported posts.",
        position="provider",
        risk_class="high",
        risk_reasoning="Annex III, point 8.",
        by=None,
        at=AT,
    )
    texts = {"definition": "d", "anchor_low": "0", "anchor_mid": "half", "anchor_high": "1"}
    cards = [
        edges.EdgeCard(slug=slug, name=slug.title(), **texts) for slug in ("safety", "privacy", "expression")
    ]
    edges.define(system=system, edges=cards, by=None, at=AT)
    weights = {"safety": Fraction(1, 2), "privacy": Fraction(1, 4), "expression": Fraction(1, 4)}
    policies.set_first(system=system, weights=weights, by=None, at=AT)
    return system


@pytest.fixture
def report(organisation, system, auditor) -> Report:
    return services.request(
        organisation=organisation,
        kind="compliance",
        system=system,
        start=START,
        end=END,
        frameworks=["eu-ai-act"],
        by=auditor,
        at=AT,
    )
