"""What a person's token may do: always read, and act only where that was chosen."""

import json
import re

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction
from django.db.migrations.loader import MigrationLoader
from rest_framework.test import APIClient

from governance.access import services
from governance.access.models import PersonalToken
from governance.systems.models import AISystem

from .conftest import AT

BACKEND = "django.contrib.auth.backends.ModelBackend"
SYSTEM = {
    "slug": "feed",
    "name": "Feed",
    "purpose": "Sorts posts.",
    "position": "deployer",
    "risk_class": "limited",
    "risk_reasoning": "Not listed in Annex III.",
}


def client_with(owner, organisation, **more):
    _token, secret = services.create_personal_token(
        person=owner, organisation=organisation, label="t", by=owner, at=AT, **more
    )
    return with_secret(secret)


def with_secret(secret):
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return made


def test_a_token_reads_and_changes_nothing_unless_it_may_write(owner, organisation):
    reads = client_with(owner, organisation)
    refused = reads.post("/api/v1/systems", SYSTEM, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "token_reads_only")
    assert "Your account" in refused.json()["detail"]
    assert not AISystem.objects.exists()
    writes = client_with(owner, organisation, scopes=("read", "write"))
    assert writes.post("/api/v1/systems", SYSTEM, format="json").status_code == 201
    for each in (reads, writes):
        assert [found["slug"] for found in each.get("/api/v1/systems").json()["results"]] == ["feed"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize(
    "path", ["/api/v1/systems", "/api/v1/erasures", "/api/v1/holds", "/api/v1/rescorers?system=assistant"]
)
def test_no_unsafe_method_is_open_to_a_token_that_reads(system, owner, organisation, path, method):
    answer = getattr(client_with(owner, organisation), method)(path, {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "token_reads_only")


def test_a_token_that_may_write_does_no_more_than_its_person(owner, organisation):
    writes = client_with(owner, organisation, scopes=("read", "write"))
    answer = writes.post("/api/v1/holds", {"reference": "ada", "reason": "Case 12."}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("scopes", [(), ("write",), ("read", "all")])
def test_a_token_has_no_other_scopes(owner, organisation, scopes):
    with pytest.raises(services.UnknownScope):
        client_with(owner, organisation, scopes=scopes)
    token = PersonalToken(
        person=owner, organisation=organisation, digest=b"d", scopes=list(scopes), created_at=AT
    )
    with pytest.raises(IntegrityError, match="personal_token_reads_and_may_write"), transaction.atomic():
        token.save()


def test_what_a_new_token_may_do_stands_in_the_trail(events, owner, organisation):
    events.clear()
    client_with(owner, organisation, scopes=("read", "write"))
    assert events[0].facts["scopes"] == ["read", "write"]


@pytest.mark.parametrize(("may", "status", "shown"), [("read", 403, "read"), ("write", 201, "read and act")])
def test_the_page_makes_the_token_that_was_chosen_and_says_what_it_may(
    client, owner, organisation, may, status, shown
):
    client.force_login(owner, backend=BACKEND)
    page = client.get("/account/").content.decode()
    assert re.search(r'value="read"[^>]*checked', page)
    page = client.post("/account/", {"label": "t", "lifetime": "", "may": may, "once": may}).content.decode()
    (secret,) = set(re.findall(r"ewp_[-\w]{43}", page))
    assert f"<td>{shown}</td>" in page
    assert with_secret(secret).post("/api/v1/systems", SYSTEM, format="json").status_code == status


def test_a_form_that_does_not_say_what_the_token_may_makes_none(client, owner, organisation):
    client.force_login(owner, backend=BACKEND)
    assert client.post("/account/", {"label": "t", "lifetime": "", "once": "x"}).status_code == 422
    assert not PersonalToken.objects.exists()


def test_a_token_from_before_there_were_scopes_only_reads(fresh_database):
    before, after = [("governance", f"000{each}") for each in (1, 2)]
    old = migrated_to(before)
    person = old.get_model("governance", "Person").objects.create(username="ada")
    north = old.get_model("governance", "Organisation").objects.create(slug="north", created_at=AT)
    token = old.get_model("governance", "PersonalToken")
    token.objects.create(person=person, organisation=north, digest=b"d", created_at=AT)
    (found,) = migrated_to(after).get_model("governance", "PersonalToken").objects.all()
    assert found.scopes == ["read"]


def migrated_to(target):
    """The models of then; the database is changed by its owner."""
    loader = MigrationLoader(connections["owner"])
    name = loader.get_migration_by_prefix(*target).name
    call_command("migrate", target[0], name, database="owner", verbosity=0)
    return loader.project_state((target[0], name)).apps


def test_the_document_states_the_scope_of_every_operation(client):
    paths = json.loads(client.get("/api/v1/openapi.json").content)["paths"]
    ways = {
        (method, *scopes)
        for methods in paths.values()
        for method, operation in methods.items()
        for way in operation.get("security", [])
        for name, scopes in way.items()
        if name == "personalToken"
    }
    assert ways == {("get", "read"), ("post", "write"), ("put", "write")}
