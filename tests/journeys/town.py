"""The town of the journeys: an organisation with a system, a policy and people who can sign in.

Simulated members are named by number and group; nobody in it is invented beyond that.
"""

import datetime as dt
import json
import urllib.request
import uuid
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils import timezone

from governance.access import roles
from governance.access import services as access
from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.policies import services as policies
from governance.systems import services as systems
from governance.systems.models import AISystem

PASSWORD = "quiet harbour lantern"
EDGES = {"safety": "Safety", "privacy": "Privacy", "expression": "Freedom of expression"}
FIRST_POINTS = {"safety": 50, "privacy": 30, "expression": 20}


@dataclass
class Town:
    organisation: Organisation
    people: dict[str, Person]
    system: AISystem
    secret: str


def build(at: dt.datetime | None = None) -> Town:
    """Founded thirty days before ``at`` (now, if not said)."""
    since = (at or timezone.now()) - dt.timedelta(days=30)
    place = organisations.found(slug="town", name="Town council", at=since, log_is_public=True)
    people = {role: person(place, role, role, since) for role in roles.ROLES}
    system = systems.register(
        organisation=place,
        slug="moderation",
        name="Moderation assistant",
        purpose="Looks at each reported post and chooses one of four answers: allow, label, limit or remove.",
        position="deployer",
        risk_class="limited",
        risk_reasoning="Not listed in Annex III; people meet its output, so Article 50 applies.",
        by=people["owner"],
        at=since,
        accountable_officer=people["owner"],
    )
    edges.define(
        system=system, edges=[_card(slug, name) for slug, name in EDGES.items()], by=people["owner"], at=since
    )
    weights = {slug: Fraction(points, 100) for slug, points in FIRST_POINTS.items()}
    policies.set_first(
        system=system, weights=weights, by=people["owner"], at=since, clarification_threshold=0.6
    )
    systems.add_version(system=system, name="4.2", by=people["owner"], at=since)
    _key, secret = access.create_api_key(system=system, label="model", by=people["admin"], at=since)
    return Town(place, people, system, secret)


def person(
    place: Organisation,
    username: str,
    role: str,
    at: dt.datetime,
    name: str = "",
    password: str | None = PASSWORD,
) -> Person:
    """Somebody of the town; who never signs in needs no password."""
    return organisations.add_person(
        organisation=place, username=username, password=password, role=role, by=None, at=at, display_name=name
    )


def _card(slug: str, name: str) -> edges.EdgeCard:
    return edges.EdgeCard(
        slug=slug,
        name=name,
        definition=f"How far the answer upholds {name.lower()}.",
        anchor_low="Harm that most people would call serious.",
        anchor_mid="Some would object, with reasons.",
        anchor_high="Nobody affected would have a reason to object.",
    )


def decide(
    url: str, secret: str, system: str, /, also: dict[str, Any] | None = None, **options: dict[str, float]
) -> dict[str, Any]:
    """What a model does: fetch the policy, choose the first option, post the record; the item of the answer.

    ``also`` is what else the record says.
    """
    policy = _ask(f"{url}/api/v1/policy", secret)
    record = {
        "id": str(uuid.uuid4()),
        "system": system,
        "model_version": "4.2",
        "occurred_at": timezone.now().isoformat(),
        "context": {"community": "town"},
        "input": {"digest": "sha256:" + "ab" * 32},
        "policy": {"version": policy["version"], "digest": policy["digest"]},
        "options": [{"id": name, "edges": scores} for name, scores in options.items()],
        "chosen": next(iter(options)),
        "disposition": "answered",
        **(also or {}),
    }
    (item,) = _ask(f"{url}/api/v1/decisions", secret, record)["items"]
    return item


def _ask(url: str, secret: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        answer: dict[str, Any] = json.loads(response.read())
    return answer
