"""A host that is not this deployment's: who asks is told what its operator sets, and none of the names."""

import pytest
from django.core.exceptions import SuspiciousOperation

from governance.access import problems

KEY = {"Authorization": "Bearer ew_1"}
OURS, ASKED = "inner.example", "elsewhere.example"


@pytest.fixture(autouse=True)
def hosts(settings):
    settings.ALLOWED_HOSTS = [OURS]


def ask(client, address, headers):
    answer = client.post(address, b"{}", content_type="application/json", headers={"Host": ASKED} | headers)
    assert answer.status_code == 400
    assert "EDGEWISE_HOSTS" in answer.content.decode()
    assert not [name for name in (OURS, ASKED, "ALLOWED_HOSTS") if name in answer.content.decode()]
    return answer


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/api/v1/decisions", KEY),
        ("/api/v1/decisions", {}),
        ("/api/v1/decisions", KEY | {"Host": "no host"}),
        ("/api/v1/nothing", KEY),
        ("/v1/logs", KEY),
    ],
)
def test_a_model_is_told_by_a_code(client, db, address, headers):
    answer = ask(client, address, headers)
    assert (answer.headers["Content-Type"], answer.json()["code"]) == (
        "application/problem+json",
        "unknown_host",
    )


def test_a_person_is_told_on_a_page(client, db):
    answer = ask(client, "/", {})
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Edgewise does not answer under this address" in answer.content.decode()
    assert 'href="/static/governance/kit.css"' in answer.content.decode()


def test_the_names_that_are_listed_are_answered(client, db):
    assert client.get("/api/v1/nothing", headers={"Host": OURS}).status_code == 404


def test_another_request_that_is_not_understood_says_nothing_of_hosts(rf):
    error = SuspiciousOperation("more than a form may have")
    answer = problems.not_understood(rf.post("/api/v1/decisions"), error)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert b'"malformed"' in answer.content
    page = problems.not_understood(rf.post("/"), error)
    assert (page.status_code, b"The request was not understood" in page.content) == (400, True)
    assert b"EDGEWISE_HOSTS" not in answer.content + page.content
