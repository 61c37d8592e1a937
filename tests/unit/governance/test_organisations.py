"""Organisations, people and roles: what is allowed, what is refused, what is recorded."""

import pytest
from django.db import IntegrityError, transaction

from governance.access import roles, selectors
from governance.organisations import selectors as organisations_selectors
from governance.organisations import services
from governance.organisations.models import Membership, Organisation

from .conftest import AT


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_role_gives_its_permissions_in_its_organisation_and_nowhere_else(organisation, role):
    other = services.found(slug="south", name="South", at=AT)
    person = services.add_person(
        organisation=organisation, username="p", password=None, role=role, by=None, at=AT
    )
    held = {
        p for p in roles.PERMISSIONS if selectors.may(person=person, permission=p, organisation=organisation)
    }
    assert held == roles.ROLES[role]
    assert not any(selectors.may(person=person, permission=p, organisation=other) for p in roles.PERMISSIONS)


def test_a_withdrawn_role_takes_its_permissions_along(organisation, owner):
    services.withdraw_role(organisation=organisation, person=owner, role="owner", by=owner, at=AT)
    again = type(owner).objects.get(pk=owner.pk)
    assert not selectors.may(person=again, permission="manage_systems", organisation=organisation)


def test_each_act_is_recorded(events, organisation, owner):
    services.give_role(organisation=organisation, person=owner, role="auditor", by=owner, at=AT)
    services.withdraw_role(organisation=organisation, person=owner, role="auditor", by=owner, at=AT)
    assert [e.type for e in events] == ["organisation.founded", "role.given", "role.given", "role.withdrawn"]
    assert events[-1].by == f"person:{owner.pk}"


def test_a_short_name_is_used_once(organisation):
    with pytest.raises(services.SlugTaken):
        services.found(slug="north", name="Other", at=AT)


@pytest.mark.parametrize("slug", ["", "North", "a b", "_org", "é", "new"])
def test_a_malformed_short_name_is_refused_with_the_field(events, slug):
    with pytest.raises(services.SlugMalformed) as refusal:
        services.found(slug=slug, name="X", at=AT)
    assert refusal.value.field == "slug"


def test_an_unknown_role_is_refused(organisation, owner):
    with pytest.raises(services.UnknownRole, match="auditor"):
        services.give_role(organisation=organisation, person=owner, role="queen", by=None, at=AT)


def test_a_role_is_held_once(organisation, owner):
    with pytest.raises(services.RoleHeldAlready):
        services.give_role(organisation=organisation, person=owner, role="owner", by=None, at=AT)
    with pytest.raises(IntegrityError, match="person_holds_a_role_once"), transaction.atomic():
        Membership.objects.create(organisation=organisation, person=owner, role="owner", created_at=AT)


def test_the_database_knows_the_roles(organisation, owner):
    with pytest.raises(IntegrityError, match="membership_role_is_known"), transaction.atomic():
        Membership.objects.create(organisation=organisation, person=owner, role="queen", created_at=AT)


def test_the_last_administrator_stays(organisation):
    admin = services.add_person(
        organisation=organisation, username="a", password=None, role="admin", by=None, at=AT
    )
    with pytest.raises(services.LastAdministrator):
        services.withdraw_role(organisation=organisation, person=admin, role="admin", by=admin, at=AT)


def test_a_role_not_held_cannot_be_withdrawn(organisation, owner):
    with pytest.raises(services.RoleNotHeld):
        services.withdraw_role(organisation=organisation, person=owner, role="chair", by=owner, at=AT)


def test_a_user_name_is_used_once(organisation, owner):
    with pytest.raises(services.UsernameTaken):
        services.add_person(
            organisation=organisation, username="owner", password=None, role="member", by=None, at=AT
        )


def test_the_current_organisation_is_the_one_chosen_or_the_first(organisation, owner):
    second = services.found(slug="south", name="South", at=AT)
    services.give_role(organisation=second, person=owner, role="auditor", by=None, at=AT)
    assert organisations_selectors.of_person(person=owner) == organisation
    assert organisations_selectors.of_person(person=owner, slug="south") == second
    assert organisations_selectors.of_person(person=owner, slug="unknown") == organisation
    assert Organisation.objects.count() == 2
