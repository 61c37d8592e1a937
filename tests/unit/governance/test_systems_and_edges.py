"""Systems, versions, edges and hard norms."""

from decimal import Decimal

import pytest

from governance.edges import selectors as edges_selectors
from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.systems import selectors, services

from .conftest import AT, card

TERMS = {
    "slug": "second",
    "name": "Second",
    "purpose": "Sorts.",
    "position": "provider",
    "risk_class": "high",
    "risk_reasoning": "Annex III, point 4.",
}


def test_a_system_is_visible_in_its_organisation_only(organisation, system):
    other = organisations.found(slug="south", name="South", at=AT)
    assert list(selectors.visible_to(organisation=organisation)) == [system]
    assert selectors.get(organisation=other, slug=system.slug) is None


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"slug": "assistant"}, "system_exists", "slug"),
        ({"purpose": "  "}, "purpose_missing", "purpose"),
        ({"position": "owner"}, "choice_unknown", "position"),
        ({"risk_class": "odd"}, "choice_unknown", "risk_class"),
    ],
)
def test_a_bad_registration_names_the_field(organisation, system, owner, change, code, field):
    with pytest.raises(services.DomainError) as refusal:
        services.register(organisation=organisation, by=owner, at=AT, **(TERMS | change))
    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_the_officer_belongs_to_the_organisation(organisation, owner):
    other = organisations.found(slug="south", name="South", at=AT)
    stranger = organisations.add_person(
        organisation=other, username="s", password=None, role="owner", by=None, at=AT
    )
    with pytest.raises(services.OfficerUnknown):
        services.register(organisation=organisation, by=owner, at=AT, accountable_officer=stranger, **TERMS)


def test_registering_is_recorded_in_both_logs(events, system):
    logs = [event.system for event in events if event.type == "system.registered"]
    assert logs == [None, system]


def test_a_version_is_named_once(system, owner):
    services.add_version(system=system, name="1.0", by=owner, at=AT)
    with pytest.raises(services.VersionExists):
        services.add_version(system=system, name="1.0", by=owner, at=AT)
    assert [version.name for version in selectors.versions(system=system)] == ["1.0"]


def test_a_new_edge_set_leaves_the_old_one_readable(system, edge_set, owner):
    newer = edges.define(system=system, edges=[card("safety"), card("care")], by=owner, at=AT)
    assert (edge_set.version, newer.version) == (1, 2)
    assert edges_selectors.leaf_slugs(system=system) == ("safety", "care")
    assert [edge.slug for edge in edges_selectors.leaves(edge_set=edge_set)] == [
        "safety",
        "privacy",
        "expression",
    ]


def test_groups_are_not_scored(system, owner):
    edges.define(system=system, edges=[card("harm"), card("safety", parent="harm")], by=owner, at=AT)
    assert edges_selectors.leaf_slugs(system=system) == ("safety",)


@pytest.mark.parametrize(
    ("cards", "code"),
    [
        ([], "no_edges"),
        ([card("a"), card("a")], "duplicate_edge"),
        ([card("a", parent="b"), card("b")], "parent_unknown"),
        ([card("Not A Slug")], "slug_malformed"),
        ([card("a"), card("b", parent="a", share=Decimal(0))], "share_out_of_range"),
        ([card("a"), card("b", parent="a", share=Decimal("1.5"))], "share_out_of_range"),
    ],
)
def test_bad_edges_are_refused(system, owner, cards, code):
    with pytest.raises(edges.DomainError) as refusal:
        edges.define(system=system, edges=cards, by=owner, at=AT)
    assert refusal.value.code == code
    assert edges_selectors.current_set(system=system) is None


@pytest.mark.parametrize(
    ("edge", "minimum", "code"),
    [("speed", "0.3", "edge_unknown"), ("safety", "1.5", "minimum_out_of_range")],
)
def test_bad_hard_norms_are_refused(system, edge_set, owner, edge, minimum, code):
    with pytest.raises(edges.DomainError) as refusal:
        edges.set_hard_norm(system=system, edge=edge, minimum=Decimal(minimum), reason="r", by=owner, at=AT)
    assert refusal.value.code == code


def test_a_negative_margin_is_refused(system, edge_set, owner):
    terms = {
        "system": system,
        "edge": "safety",
        "minimum": Decimal("0.3"),
        "reason": "r",
        "by": owner,
        "at": AT,
    }
    with pytest.raises(edges.MarginNegative):
        edges.set_hard_norm(z=Decimal(-1), **terms)


def test_an_edge_has_one_hard_norm(system, edge_set, owner):
    terms = {
        "system": system,
        "edge": "safety",
        "minimum": Decimal("0.3"),
        "reason": "r",
        "by": owner,
        "at": AT,
    }
    edges.set_hard_norm(**terms)
    with pytest.raises(edges.NormInForce):
        edges.set_hard_norm(**terms)


def test_a_hard_norm_withdrawn_leaves_the_next_policy_and_makes_room(system, edge_set, owner, events):
    terms = {"system": system, "edge": "safety", "by": owner, "at": AT}
    with pytest.raises(edges.NoNormInForce):
        edges.withdraw_hard_norm(**terms)
    edges.set_hard_norm(**terms, minimum=Decimal("0.3"), reason="r")
    edges.withdraw_hard_norm(**terms)
    assert (events[-1].type, events[-1].subject) == ("hard_norm.withdrawn", "norm:safety")
    assert not edges_selectors.hard_norms(system=system).exists()
    edges.set_hard_norm(**terms, minimum=Decimal("0.4"), reason="r")


def test_the_owner_withdraws_a_hard_norm_on_its_page(client, system, edge_set, owner):
    edges.set_hard_norm(system=system, edge="safety", minimum=Decimal("0.3"), reason="r", by=owner, at=AT)
    client.force_login(owner)
    page, act = f"/systems/{system.slug}/edges/", f"/systems/{system.slug}/norms/withdraw/"
    assert "Withdraw the norm on safety" in client.get(page).content.decode()
    assert "Hard norm withdrawn" in client.post(act, {"edge": "safety"}, follow=True).content.decode()
    assert "No hard norm is in force" in client.post(act, {"edge": "safety"}, follow=True).content.decode()


def test_when_the_trail_refuses_a_hard_norm_stays(system, edge_set, owner, settings):
    edges.set_hard_norm(system=system, edge="safety", minimum=Decimal("0.3"), reason="r", by=owner, at=AT)
    settings.GOVERNANCE_TRAIL = "tests.unit.governance.conftest.refuse"
    with pytest.raises(OSError, match="the log is away"):
        edges.withdraw_hard_norm(system=system, edge="safety", by=owner, at=AT)
    assert edges_selectors.hard_norms(system=system).exists()
