"""A system with edges and a policy, and its owner."""

import datetime as dt
from fractions import Fraction

import pytest

from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.policies import services as policies
from governance.systems import services as systems
from governance.systems.models import AISystem
from modelcards.cards import freezing, services, tasks
from modelcards.cards.models import CardVersion
from modelcards.evaluations import services as evaluations

AT = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
DATA = "ab" * 32


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def quick(monkeypatch):
    """Laying out takes seconds and is tested elsewhere; here a few bytes stand for the file."""
    monkeypatch.setattr(tasks.documents, "pdf", lambda *args, **options: b"%PDF-1.7")


@pytest.fixture
def organisation(db) -> Organisation:
    return organisations.found(slug="north", name="North", at=AT)


@pytest.fixture
def owner(organisation) -> Person:
    return organisations.add_person(
        organisation=organisation, username="owner", password=None, role="owner", by=None, at=AT
    )


@pytest.fixture
def system(organisation, owner) -> AISystem:
    system = systems.register(
        organisation=organisation,
        slug="feed",
        name="Feed moderation",
        purpose="Sorts reported posts.",
        position="provider",
        risk_class="high",
        risk_reasoning="Annex III, point 8.",
        by=owner,
        at=AT,
    )
    texts = {"definition": "Nobody is harmed.", "anchor_low": "0", "anchor_mid": "half", "anchor_high": "1"}
    cards = [
        edges.EdgeCard(slug=slug, name=slug.title(), **texts) for slug in ("safety", "privacy", "expression")
    ]
    edges.define(system=system, edges=cards, by=owner, at=AT)
    weights = {"safety": Fraction(1, 2), "privacy": Fraction(1, 4), "expression": Fraction(1, 4)}
    policies.set_first(system=system, weights=weights, by=owner, at=AT)
    return system


@pytest.fixture
def results(system, owner):
    shared = {
        "system": system,
        "suite": "stress",
        "metric": "accuracy",
        "data_sha256": DATA,
        "data_name": "set A",
    }
    when = {"n": 200, "measured_at": AT - dt.timedelta(days=1), "by": owner, "at": AT}
    made = [
        evaluations.record(value=value, low=value - 0.05, high=value + 0.05, slice=part, **when, **shared)
        for value, part in [(0.8, {}), (0.75, {"community": "de"}), (0.7, {"community": "de", "age": "60+"})]
    ]  # fmt: skip
    evaluations.sign(result=made[0], by=owner, at=AT)
    return made


@pytest.fixture
def draft(system, owner) -> CardVersion:
    version = services.draft(system=system, by=owner, at=AT)
    text = {"caveats": "Not tested on *satire*.\n\n<script>alert(1)</script>"}
    return services.write(version=version, sections=text, by=owner, at=AT)


@pytest.fixture
def published(draft, results, owner) -> CardVersion:
    manifest, evidence = freezing.freeze(draft, at=AT)
    approved = services.approve(version=draft, manifest=manifest, evidence=evidence, by=owner, at=AT)
    tasks.render(str(approved.job_id))
    return services.publish(version=approved, by=owner, at=AT)
