"""A small system that decides, for tests of decisions, replay and monitoring."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass, field
from fractions import Fraction

from governance.access import services as access
from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.policies import services as policies
from governance.policies.models import Policy
from governance.systems import services as systems
from governance.systems.models import AISystem

EDGES = ("safety", "privacy", "expression")
START = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


@dataclass
class World:
    """An organisation with one system, its first policy and an API key."""

    organisation: Organisation
    system: AISystem
    policy: Policy
    secret: str
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def bearer(self):
        return {"HTTP_AUTHORIZATION": f"Bearer {self.secret}"}

    def record(self, **changes):
        """A valid record; label wins over remove by expression."""
        return {
            "id": str(uuid.uuid4()),
            "system": self.system.slug,
            "model_version": "1.0",
            "occurred_at": (START + dt.timedelta(days=1)).isoformat(),
            "context": {"community": "de"},
            "input": {"digest": "sha256:" + "ab" * 32},
            "policy": {"version": self.policy.version, "digest": self.policy.digest},
            "options": [option("label", (0.7, 0.8, 0.9)), option("remove", (0.9, 0.8, 0.1))],
            "chosen": "label",
            "disposition": "answered",
            **changes,
        }

    def post(self, client, body, **extra):
        """POST /decisions with a record, an array, or bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        extra.setdefault("content_type", "application/json")
        return client.post(f"/api/v1/decisions{extra.pop('query', '')}", data, **self.bearer, **extra)


def option(name, scores, sd=None, **more):
    """An option with its scores in the order of EDGES, and one standard deviation for all."""
    found = {"id": name, "edges": dict(zip(EDGES, scores, strict=True)), **more}
    if sd is not None:
        found["uncertainty"] = dict.fromkeys(EDGES, sd)
    return found


def card(slug):
    texts = {"definition": "d", "anchor_low": "0", "anchor_mid": "half", "anchor_high": "1"}
    return edges.EdgeCard(slug=slug, name=slug.title(), **texts)


def make(slug="north", *, weights=(4, 2, 4), **terms):
    """An organisation of that name, its system ``assistant`` and a policy with these weights."""
    organisation = organisations.found(slug=slug, name=slug.title(), at=START)
    owner = organisations.add_person(
        organisation=organisation, username=f"{slug}-owner", password=None, role="owner", by=None, at=START
    )
    system = systems.register(
        organisation=organisation,
        slug="assistant",
        name="Assistant",
        purpose="Sorts reported posts.",
        position="deployer",
        risk_class="limited",
        risk_reasoning="Not listed in Annex III.",
        accountable_officer=owner,
        by=owner,
        at=START,
    )
    edges.define(system=system, edges=[card(slug) for slug in EDGES], by=owner, at=START)
    shares = {edge: Fraction(weight, sum(weights)) for edge, weight in zip(EDGES, weights, strict=True)}
    policy = policies.set_first(system=system, weights=shares, by=owner, at=START, **terms)
    _key, secret = access.create_api_key(system=system, label="test", by=owner, at=START)
    return World(organisation, system, policy, secret, {"owner": owner})
