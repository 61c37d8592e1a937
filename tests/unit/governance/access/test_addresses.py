"""An address that does not exist: who sends a key is told the form that does, as a problem document."""

import pytest

KEY = {"HTTP_AUTHORIZATION": "Bearer ew_1"}


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("/api/v1/decisions/", "Did you mean /api/v1/decisions?"),
        ("/api/v1/policy/", "Did you mean /api/v1/policy?"),
        ("/v1/logs/", "Did you mean /v1/logs?"),
        ("/healthz/", "Did you mean /healthz?"),
    ],
)
def test_a_slash_too_many_at_the_end_is_told(client, db, address, remedy):
    answer = client.post(address, b"{}", content_type="application/json", **KEY)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"
    assert answer.json()["detail"] == f"There is nothing at this address. {remedy}"


@pytest.mark.parametrize(
    "address", ["/api/v1/nothing", "/api/v1/nothing/", "/nothing", "/api/v1/decisions//"]
)
def test_what_is_nowhere_gets_no_remedy(client, db, address):
    answer = client.post(address, b"{}", content_type="application/json", **KEY)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is nothing at this address.")


def test_the_api_tells_it_without_a_key_as_well_and_pages_are_pages(client, db):
    assert "Did you mean /api/v1/decisions?" in client.get("/api/v1/decisions/").json()["detail"]
    assert client.get("/nothing").headers["Content-Type"].startswith("text/html")
