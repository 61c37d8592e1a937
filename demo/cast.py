"""Who and what the demo needs: an organisation, a person for each role, members, two AI systems with their keys."""

import secrets
from decimal import Decimal

from django.utils import timezone

from demo.journal import Json
from demo.scenario import Scenario, SystemPlan
from governance import trail
from governance.access import services as access
from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.policies import services as policies
from governance.systems import services as systems
from governance.systems.models import AISystem

STAFF = ("admin", "owner", "chair", "auditor")
MODEL_VERSION = "1.0"
FIRST = 1
RISK = (
    "Not a system of Annex III: nobody's rights depend on a simulation. It is registered as high risk on purpose, so "
    "that the report shows the evidence which such systems owe."
)


def username(scenario: Scenario, name: str) -> str:
    """Built-in world: the bare name; a data set: its name before it, for user names are unique."""
    return name if scenario.name == "world" else f"{scenario.name}-{name}"


@trail.act()
def found(scenario: Scenario) -> Json:
    """Organisation, people, systems, edges, hard norm and the weights that nobody voted on."""
    now = timezone.now()
    organisation = organisations.found(
        slug=scenario.organisation, name=scenario.organisation_name, log_is_public=True, at=now
    )
    accounts = [_account(scenario, organisation, role, role, display=role.capitalize()) for role in STAFF]
    admin = Person.objects.get(username=username(scenario, "admin"))
    owner = Person.objects.get(username=username(scenario, "owner"))
    accounts.insert(3, _seat_holders(scenario, organisation, admin))
    accounts.append(_outsider(scenario))
    for plan in scenario.systems:
        _system(scenario, plan, organisation, owner)
    return {"accounts": accounts}


def _account(
    scenario: Scenario, organisation: Organisation, name: str, role: str, *, display: str
) -> dict[str, str]:
    """A person who can sign in; the password is generated and kept in the demo's folder only."""
    password = secrets.token_urlsafe(12)
    organisations.add_person(
        organisation=organisation,
        username=username(scenario, name),
        password=password,
        role=role,
        display_name=display,
        by=None,
        at=timezone.now(),
    )
    return {
        "username": username(scenario, name),
        "password": password,
        "role": name if name == "outsider" else role,
        "organisation": organisation.slug,
    }


def _seat_holders(scenario: Scenario, organisation: Organisation, admin: Person) -> dict[str, str]:
    """Simulated members, named as such; the first one can sign in. Returns the first one's account."""
    first: dict[str, str] = {}
    for place, constituency in enumerate(scenario.ballots):
        for number in range(FIRST, len(scenario.ballots[constituency]) + FIRST):
            display = f"Member {number} ({constituency})"
            if not first:
                first = _account(scenario, organisation, "member", "member", display=display)
                continue
            organisations.add_person(
                organisation=organisation,
                username=username(scenario, f"member-{place + 1}-{number}"),
                password=None,
                role="member",
                display_name=display,
                by=admin,
                at=timezone.now(),
            )
    return first


def member(scenario: Scenario, constituency: str, number: int) -> Person:
    """The member who holds seat ``number`` of ``constituency``."""
    place = list(scenario.ballots).index(constituency)
    name = "member" if (place, number) == (0, FIRST) else f"member-{place + 1}-{number}"
    return Person.objects.get(username=username(scenario, name))


def _outsider(scenario: Scenario) -> dict[str, str]:
    """The administrator of another organisation, who sees nothing of this one but what is public."""
    other = organisations.found(
        slug=username(scenario, "other"), name="Another organisation", at=timezone.now()
    )
    return _account(scenario, other, "outsider", "admin", display="Outsider")


def _system(scenario: Scenario, plan: SystemPlan, organisation: Organisation, owner: Person) -> None:
    system = systems.register(
        organisation=organisation,
        slug=plan.slug,
        name=plan.name,
        purpose=plan.purpose,
        position="provider",
        risk_class="high",
        risk_reasoning=RISK,
        accountable_officer=owner,
        moderates_content=True,
        by=owner,
        at=timezone.now(),
    )
    systems.add_version(
        system=system, name=MODEL_VERSION, notes="First release.", by=owner, at=timezone.now()
    )
    edges.define(system=system, edges=scenario.edges, by=owner, at=timezone.now())
    edge, minimum, reason = scenario.norm
    edges.set_hard_norm(
        system=system, edge=edge, minimum=Decimal(minimum), reason=reason, by=owner, at=timezone.now()
    )
    policies.set_first(
        system=system,
        weights=plan.weights,
        clarification_threshold=scenario.threshold,
        by=owner,
        at=timezone.now(),
    )


@trail.act()
def hand_out_keys(scenario: Scenario) -> Json:
    """An API key for each model, a personal token for the auditor."""
    organisation = Organisation.objects.get(slug=scenario.organisation)
    admin = Person.objects.get(username=username(scenario, "admin"))
    auditor = Person.objects.get(username=username(scenario, "auditor"))
    keys = {}
    for plan in scenario.systems:
        system = AISystem.objects.get(organisation=organisation, slug=plan.slug)
        _, keys[plan.slug] = access.create_api_key(system=system, label="demo", by=admin, at=timezone.now())
    _, token = access.create_personal_token(
        person=auditor, organisation=organisation, label="demo", by=auditor, at=timezone.now()
    )
    return {"keys": keys, "auditor_token": token}


def system_of(scenario: Scenario, plan: SystemPlan) -> AISystem:
    """The row of a planned system."""
    return AISystem.objects.get(organisation__slug=scenario.organisation, slug=plan.slug)
