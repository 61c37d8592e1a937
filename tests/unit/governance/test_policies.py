"""Policies: which one is in force, how the next one comes about, what is refused, what is signed."""

import datetime as dt
import json
from decimal import Decimal
from fractions import Fraction as F

import pytest
from django.db import IntegrityError, transaction
from edgewise import notes

from governance.edges import services as edges
from governance.errors import DomainError
from governance.policies import canonical, selectors, services, signing
from governance.policies.models import Policy

from .conftest import AT, card

WEIGHTS = {"safety": F(1, 2), "privacy": F(9, 28), "expression": F(5, 28)}
LATER = AT + dt.timedelta(days=1)


@pytest.fixture
def first(system, edge_set, owner):
    return services.set_first(system=system, weights=WEIGHTS, by=owner, at=AT)


def enact(system, at=LATER, **terms):
    weights = terms.pop("weights", WEIGHTS)
    return services.enact(system=system, weights=weights, source={"kind": "council"}, by=None, at=at, **terms)


def test_the_first_policy_is_marked_as_set_without_a_vote(first):
    assert (first.version, first.state, first.set_without_vote) == (1, "in_force", True)
    assert first.weights_exact == WEIGHTS
    assert first.weights_float["safety"] == 0.5


def test_there_is_one_first_policy(first, system, owner):
    with pytest.raises(services.PolicyExists):
        services.set_first(system=system, weights=WEIGHTS, by=owner, at=LATER)


def test_enacting_supersedes_the_earlier_version_and_edits_nothing(first, system):
    second = enact(system, weights={"safety": F(1), "privacy": F(0), "expression": F(0)})
    first.refresh_from_db()
    assert (first.state, first.in_force_until) == ("superseded", LATER)
    assert first.weights_exact == WEIGHTS
    assert (second.version, second.in_force_until) == (2, None)


def test_enacting_is_recorded_in_the_systems_log_and_the_organisations(events, first, system):
    events.clear()
    enact(system)
    assert [(event.type, event.system) for event in events] == [
        ("policy.enacted", system),
        ("policy.enacted", None),
    ]
    assert events[0].facts["weights"] == {"safety": "1/2", "privacy": "9/28", "expression": "5/28"}
    assert events[0].facts["supersedes"] == 1


def test_enacting_twice_with_one_key_enacts_once(first, system, events):
    one = enact(system, key="proposal-7")
    events.clear()
    assert enact(system, key="proposal-7", at=LATER + dt.timedelta(days=1)) == one
    assert events == []


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (
            {"weights": {"safety": F(1, 2), "privacy": F(1, 4), "expression": F(1, 5)}},
            "weights_not_normalised",
        ),
        (
            {"weights": {"safety": F(3, 2), "privacy": F(-1, 4), "expression": F(-1, 4)}},
            "weight_out_of_range",
        ),
        ({"weights": {"safety": F(1, 2), "privacy": F(1, 2)}}, "weights_incomplete"),
        ({"weights": {**WEIGHTS, "speed": F(0)}}, "weights_incomplete"),
        ({"rule": "dictator"}, "rule_unknown"),
        ({"reference": {"speed": 0.5}}, "reference_unknown"),
        ({"reference": {"safety": 1.5}}, "reference_out_of_range"),
        ({"reference": {"safety": float("nan")}}, "reference_out_of_range"),
    ],
)
def test_bad_terms_are_refused_and_change_nothing(first, system, terms, code):
    with pytest.raises(DomainError) as refusal:
        enact(system, **terms)
    assert refusal.value.code == code
    assert refusal.value.field
    assert Policy.objects.get(state="in_force") == first


def test_a_system_without_edges_has_no_policy(system, owner):
    with pytest.raises(services.EdgesUndefined):
        services.set_first(system=system, weights=WEIGHTS, by=owner, at=AT)
    with pytest.raises(selectors.NoPolicy):
        selectors.in_force(system=system, context={}, at=AT)


def test_when_the_trail_refuses_no_policy_is_enacted(first, system, settings):
    settings.GOVERNANCE_TRAIL = "tests.unit.governance.conftest.refuse"
    with pytest.raises(OSError, match="away"):
        enact(system)
    first.refresh_from_db()
    assert (first.state, Policy.objects.count()) == ("in_force", 1)


def test_versions_partition_time(first, system):
    """At every moment from the first version on, exactly one version of a context covers it."""
    days = [AT + dt.timedelta(days=n) for n in range(6)]
    for day in days[1:5]:
        enact(system, at=day)
    rows = list(Policy.objects.all())
    for hours in range(0, 6 * 24, 7):
        moment = AT + dt.timedelta(hours=hours)
        covering = [
            row
            for row in rows
            if row.in_force_from <= moment and (row.in_force_until is None or moment < row.in_force_until)
        ]
        assert covering == [selectors.in_force(system=system, context={}, at=moment)]


def test_in_force_answers_for_the_moment_asked(first, system):
    enact(system)
    before = selectors.in_force(system=system, context={}, at=LATER - dt.timedelta(microseconds=1))
    after = selectors.in_force(system=system, context={}, at=LATER)
    assert (before.version, after.version) == (1, 2)
    with pytest.raises(selectors.NoPolicy):
        selectors.in_force(system=system, context={}, at=AT - dt.timedelta(seconds=1))


def test_the_most_specific_context_applies(first, system):
    enact(system, context={"community": "de"})
    assert (
        selectors.in_force(system=system, context={"community": "de", "surface": "x"}, at=LATER).version == 2
    )
    assert selectors.in_force(system=system, context={"community": "fr"}, at=LATER).version == 1


def test_two_equally_specific_policies_are_refused(first, system):
    enact(system, context={"community": "de"})
    enact(system, context={"community": "fr"})
    with pytest.raises(services.ContextAmbiguous):
        enact(system, context={"surface": "comments"})


def test_the_database_keeps_one_policy_per_context_in_force(first, system):
    first.pk, first.version, first.key = None, 2, None
    with pytest.raises(IntegrityError, match="one_policy_per_context_is_in_force"), transaction.atomic():
        first.save()


def test_hard_norms_enter_the_policy(system, edge_set, owner):
    edges.set_hard_norm(system=system, edge="safety", minimum=Decimal("0.3"), reason="r", by=owner, at=AT)
    policy = services.set_first(system=system, weights=WEIGHTS, by=owner, at=AT)
    assert policy.norms == [{"edge": "safety", "minimum": 0.3, "z": 0.0}]


def test_the_note_is_signed_over_exactly_what_is_served(first):
    opened = notes.open_note(first.note, [signing.vkey()])
    document = json.loads(opened)
    assert document["weights"] == first.weights
    assert canonical.digest(document) == first.digest
    assert opened == canonical.text(document)


def test_weights_on_groups_reach_the_scored_edges(system, owner):
    cards = [
        card("harm"),
        card("safety", parent="harm"),
        card("privacy", parent="harm", share=Decimal("0.25")),
        card("expression"),
    ]
    cards[1]["share"] = Decimal("0.75")
    edges.define(system=system, edges=cards, by=owner, at=AT)
    policy = services.set_first(
        system=system, weights={"harm": F(2, 5), "expression": F(3, 5)}, by=owner, at=AT
    )
    assert policy.weights_exact == {"safety": F(3, 10), "privacy": F(1, 10), "expression": F(3, 5)}


def test_members_share_equally_where_the_set_fixes_nothing(system, owner):
    cards = [card("harm"), card("safety", parent="harm"), card("privacy", parent="harm")]
    edges.define(system=system, edges=cards, by=owner, at=AT)
    policy = services.set_first(system=system, weights={"harm": F(1)}, by=owner, at=AT)
    assert policy.weights_exact == {"safety": F(1, 2), "privacy": F(1, 2)}


def test_a_reference_profile_is_signed_where_it_is_stated_and_one_half_elsewhere(first, system):
    """A policy that states none is worded, and so hashed, as before there were profiles."""
    assert "reference" not in signing.document(first)
    assert first.reference_profile == dict.fromkeys(WEIGHTS, 0.5)
    stated = enact(system, reference={"safety": 0.9})
    assert signing.document(stated)["reference"] == {"safety": 0.9}
    assert stated.reference_profile == {**dict.fromkeys(WEIGHTS, 0.5), "safety": 0.9}
    assert notes.split(stated.note)[0].count('"reference":{"safety":0.9}') == 1
