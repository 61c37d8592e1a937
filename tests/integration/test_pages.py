"""Pages of the ground floor: what a form refuses, what is shown once, what a second click does."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse

from governance.access import navigation
from governance.access.models import ApiKey
from governance.organisations.models import Membership, Person
from governance.systems.models import AISystem
from tests.integration import two_houses
from tests.integration.two_houses import House

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def house(db) -> House:
    return two_houses.build(slug="north", at=AT)


def client_of(house: House, role: str) -> Client:
    client = Client()
    client.force_login(house.people[role], backend="django.contrib.auth.backends.ModelBackend")
    return client


def once(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found
    return found[1]


def test_every_page_has_one_heading_a_policy_and_no_inline_script_or_style(house: House) -> None:
    client = client_of(house, "owner")
    slug = house.system.slug
    pages = [
        "/",
        "/inbox/",
        "/systems/",
        f"/systems/{slug}/",
        f"/systems/{slug}/policy/",
        f"/systems/{slug}/edges/",
    ]
    pages += [
        f"/systems/{slug}/keys/",
        "/systems/new/",
        "/policies/",
        "/account/",
        "/accessibility/",
        "/api/v1/docs/",
        "/accounts/2fa/",
    ]
    for path in pages:
        response = client.get(path)
        text = response.content.decode()
        assert response.status_code == 200, path
        assert text.count("<h1") == 1, path
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son[a-z]+=", text), path


def test_signing_in_works_with_the_fields_of_the_contract(house: House) -> None:
    person = house.people["member"]
    person.set_password("correct horse battery")
    person.save()
    client = Client()
    wrong = client.post("/accounts/login/", {"login": person.username, "password": "wrong"})
    assert "You are not signed in" in wrong.content.decode()
    right = client.post("/accounts/login/", {"login": person.username, "password": "correct horse battery"})
    assert (right.status_code, right.headers["Location"]) == (302, "/")


def test_nobody_signs_up_by_themselves(db) -> None:
    client = Client()
    client.post(
        "/accounts/signup/", {"username": "x", "password1": "correct horse", "password2": "correct horse"}
    )
    assert not Person.objects.filter(username="x").exists()


def test_a_key_is_shown_in_one_answer_and_never_again(house: House) -> None:
    client, path = client_of(house, "admin"), f"/systems/{house.system.slug}/keys/"
    form = {"once": once(client.get(path).content.decode()), "label": "laptop", "scopes": ["policy:read"]}
    first = client.post(path, form)
    secret = re.search(r"ew_[\w-]{20,}", first.content.decode())
    assert secret
    assert "no-store" in first.headers["Cache-Control"]
    assert secret[0] not in client.get(path).content.decode()


def test_a_key_form_sent_twice_makes_one_key(house: House) -> None:
    client, path = client_of(house, "admin"), f"/systems/{house.system.slug}/keys/"
    form = {"once": once(client.get(path).content.decode()), "label": "laptop", "scopes": ["policy:read"]}
    client.post(path, form)
    again = client.post(path, form)
    assert "sent before" in again.content.decode()
    assert ApiKey.objects.filter(system=house.system, label="laptop").count() == 1


def test_a_revoked_key_says_so_and_cannot_be_revoked_again(house: House) -> None:
    client = client_of(house, "admin")
    path = f"/systems/{house.system.slug}/keys/{house.key.pk}/revoke/"
    assert "Revoked" in client.post(path, follow=True).content.decode()
    assert "revoked already" in client.post(path, follow=True).content.decode()


def test_a_refused_system_names_the_field_and_the_remedy(house: House) -> None:
    client = client_of(house, "owner")
    form = {"name": "Twin", "slug": house.system.slug, "purpose": "p", "position": "deployer"}
    form |= {"risk_class": "limited", "risk_reasoning": "r"}
    response = client.post("/systems/new/", form)
    assert response.status_code == 422
    assert 'href="#id_slug"' in response.content.decode()
    assert "choose another" in response.content.decode()
    assert AISystem.objects.filter(organisation=house.organisation).count() == 1


def test_a_registered_system_gets_edges_and_a_first_policy_marked_as_set_without_a_vote(house: House) -> None:
    client = client_of(house, "owner")
    client.post(
        "/systems/new/",
        {
            "name": "New",
            "slug": "new-one",
            "purpose": "Decides.",
            "position": "provider",
            "risk_class": "high",
            "risk_reasoning": "Annex III.",
        },
    )
    edges = {"edge-TOTAL_FORMS": "3", "edge-INITIAL_FORMS": "0"}
    for row, slug in enumerate(("safety", "privacy")):
        edges |= {
            f"edge-{row}-{name}": "words"
            for name in ("definition", "anchor_low", "anchor_mid", "anchor_high")
        }
        edges |= {f"edge-{row}-slug": slug, f"edge-{row}-name": slug.title()}
    assert client.post("/systems/new-one/edges/define/", edges).status_code == 302
    short = client.post(
        "/systems/new-one/policy/first/", {"points-safety": 60, "points-privacy": 30, "rule": "weighted_sum"}
    )
    assert "10 points left to place" in short.content.decode()
    client.post(
        "/systems/new-one/policy/first/", {"points-safety": 60, "points-privacy": 40, "rule": "weighted_sum"}
    )
    assert "without a vote" in client.get("/systems/new-one/policy/").content.decode()


def test_an_edge_that_was_begun_has_to_be_finished(house: House) -> None:
    client = client_of(house, "owner")
    form = {"edge-TOTAL_FORMS": "1", "edge-INITIAL_FORMS": "0", "edge-0-slug": "safety"}
    response = client.post(f"/systems/{house.system.slug}/edges/define/", form)
    assert response.status_code == 422
    assert "empty the whole edge" in response.content.decode()


def test_the_last_administrator_stays(house: House) -> None:
    client = client_of(house, "admin")
    form = {"person": house.people["admin"].pk, "role": "admin"}
    assert (
        "needs an administrator" in client.post("/people/roles/withdraw/", form, follow=True).content.decode()
    )
    assert Membership.objects.filter(organisation=house.organisation, role="admin").count() == 1


def test_a_person_of_another_organisation_cannot_be_given_a_role_here(house: House) -> None:
    other = two_houses.build(slug="south", at=AT)
    form = {"person": other.people["member"].pk, "role": "auditor"}
    client_of(house, "admin").post("/people/roles/give/", form)
    assert not Membership.objects.filter(
        organisation=house.organisation, person=other.people["member"]
    ).exists()


def test_a_weak_first_password_is_refused_with_the_reason(house: House) -> None:
    form = {"username": "newcomer", "role": "member", "password": "short"}
    response = client_of(house, "admin").post("/people/", form)
    assert response.status_code == 422
    assert "at least 12 characters" in response.content.decode()
    assert not Person.objects.filter(username="newcomer").exists()


def test_a_page_that_is_not_there_says_so_in_the_family_look(house: House) -> None:
    response = client_of(house, "member").get("/systems/no-such/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_person_without_a_role_is_told_what_to_do(db) -> None:
    lonely = Person.objects.create_user(username="lonely")
    client = Client()
    client.force_login(lonely, backend="django.contrib.auth.backends.ModelBackend")
    assert "no role in any organisation" in client.get("/").content.decode()
    assert client.get("/inbox/").status_code == 403


def test_every_entry_of_the_navigation_leads_somewhere_its_role_may_go(house: House) -> None:
    """An entry without a page would be left out silently; one that answers 403 would be a dead end."""
    for role, entries in navigation.BY_ROLE.items():
        client = client_of(house, role)
        for item in entries:
            assert client.get(reverse(item.name)).status_code == 200, (role, item.name)
