"""Two organisations with one of everything that a URL can name, and a person for every role."""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from audits.ledger import signer
from governance.access import roles
from governance.access import services as access
from governance.access.models import ApiKey, PersonalToken
from governance.edges import services as edges
from governance.jobs import services as jobs
from governance.jobs.models import Job
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.policies import services as policies
from governance.systems import services as systems
from governance.systems.models import AISystem
from tests.integration import upper_floors
from tests.integration.upper_floors import UpperFloors

EDGES = ("safety", "privacy", "expression")


@dataclass
class House:
    """One organisation and what belongs to it; ``above`` is what the upper floors add."""

    organisation: Organisation
    people: dict[str, Person]
    system: AISystem
    key: ApiKey
    secret: str
    token: PersonalToken
    job: Job
    above: UpperFloors


def build(*, slug: str, at: dt.datetime) -> House:
    """An organisation whose system has edges, a policy, a key and a job. Its slugs are its own, so that nothing of
    it is found by accident under the same name elsewhere."""
    house = organisations.found(slug=slug, name=slug.title(), at=at)
    people = {role: _person(house, f"{slug}-{role}", role, at) for role in roles.ROLES}
    system = _system(house, people["owner"], at)
    key, secret = access.create_api_key(system=system, label="test", by=people["admin"], at=at)
    token, _secret = access.create_personal_token(
        person=people["member"], organisation=house, label="test", by=people["member"], at=at
    )
    job = jobs.enqueue(task="tests.nothing", arguments={}, organisation=house, at=at)
    above = upper_floors.build(organisation=house, people=people, system=system, at=at)
    signer.publish_all(at=at)
    return House(house, people, system, key, secret, token, job, above)


def _person(house: Organisation, username: str, role: str, at: dt.datetime) -> Person:
    return organisations.add_person(
        organisation=house, username=username, password=None, role=role, by=None, at=at
    )


def _system(house: Organisation, owner: Person, at: dt.datetime) -> AISystem:
    system = systems.register(
        organisation=house,
        slug=f"{house.slug}-system",
        name=f"{house.name} system",
        purpose="Sorts reported posts.",
        position="deployer",
        risk_class="limited",
        risk_reasoning="Not listed in Annex III.",
        by=owner,
        at=at,
        accountable_officer=owner,
    )
    cards = [edges.EdgeCard(slug=slug, name=slug.title(), **_TEXTS) for slug in EDGES]
    edges.define(system=system, edges=cards, by=owner, at=at)
    weights = {slug: Fraction(1, len(EDGES)) for slug in EDGES}
    policies.set_first(system=system, weights=weights, by=owner, at=at)
    systems.add_version(system=system, name="1.0", by=owner, at=at)
    return system


_TEXTS = {"definition": "What it judges.", "anchor_low": "bad", "anchor_mid": "fair", "anchor_high": "good"}
