"""Shortcuts through the stages of a proposal, for the councils' tests."""

import datetime as dt
from fractions import Fraction

from councils.deliberation import services as deliberation
from councils.membership import services as membership
from councils.voting import lifecycle
from councils.voting import services as voting
from governance import trail
from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.policies import services as policies
from governance.systems import services as systems

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
HOUR = 3600
EDGES = ("safety", "privacy", "expression")
heard: list[trail.Event] = []


def listen(events):
    """A trail that only remembers."""
    heard.extend(events)


def refuse(events):
    """A trail that is out of order."""
    raise OSError("the log is away")


def after(seconds):
    return AT + dt.timedelta(seconds=seconds)


def person(organisation, name, role="member"):
    return organisations.add_person(
        organisation=organisation, username=name, password=None, role=role, by=None, at=AT
    )


def charter(organisation, system, chair, **terms):
    """A council of two groups, six and five seats; an hour for everything."""
    defaults = {
        "slug": "moderation",
        "name": "Content moderation",
        "mandate": "Decides on the weights of the assistant.",
        "systems": [system],
        "constituencies": {"north": 6, "south": 5},
        "deliberation_seconds": HOUR,
        "voting_seconds": HOUR,
        "timelock_seconds": HOUR,
        "secrecy": "open",
    }
    return membership.charter(organisation=organisation, by=chair, at=AT, **{**defaults, **terms})


def fill_seats(council):
    """Every seat of the council taken, members by constituency."""
    return {
        group.name: [
            membership.seat(
                constituency=group,
                person=person(council.organisation, f"{council.slug}-{group.name}-{seat}"),
                by=None,
                at=AT,
            ).person
            for seat in range(group.seats)
        ]
        for group in council.constituencies.order_by("position")
    }


def propose(council, chair, **terms):
    defaults = {
        "title": "More room for expression",
        "summary": "Moves points from safety to expression.",
        "suggestion": {"safety": 40, "privacy": 30, "expression": 30},
    }
    return deliberation.propose(
        council=council, system=council.systems.get(), by=chair, at=AT, **{**defaults, **terms}
    )


def in_voting(council, chair, **terms):
    """A proposal whose voting has just opened, an hour after AT."""
    proposal = deliberation.open_deliberation(proposal=propose(council, chair, **terms), by=chair, at=AT)
    return lifecycle.open_voting(proposal=proposal, at=after(HOUR))


def vote(proposal, person, points=(50, 30, 20), stance="agree", *, at=None, reason=""):
    return voting.cast(
        proposal=proposal,
        person=person,
        points=dict(zip(EDGES, points, strict=True)),
        stance=stance,
        reason=reason,
        by=person,
        at=at or after(HOUR + 1),
    )


def define_edges(system, *slugs):
    """The next version of the system's edges."""
    texts = {"definition": "d", "anchor_low": "0", "anchor_mid": "half", "anchor_high": "1"}
    cards = [{"slug": slug, "name": slug.title(), **texts} for slug in slugs]
    return edges.define(system=system, edges=cards, by=None, at=AT)


def governed_system(organisation):
    """A system with three edges and a first policy."""
    made = systems.register(
        organisation=organisation,
        slug="assistant",
        name="Assistant",
        purpose="Sorts reported posts.",
        position="deployer",
        risk_class="limited",
        risk_reasoning="Not listed in Annex III.",
        by=None,
        at=AT,
    )
    define_edges(made, *EDGES)
    weights = {"safety": Fraction(6, 10), "privacy": Fraction(3, 10), "expression": Fraction(1, 10)}
    policies.set_first(system=made, weights=weights, by=None, at=AT)
    return made
