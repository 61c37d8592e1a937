"""The data protection page and its API: who may do what, what is said, and that no reference comes back."""

import pytest

from audits.protection.models import Erasure, Hold, Retention
from tests.unit.audits.protection.conftest import about, log

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def browse(world, client):
    """A browser signed in as somebody of the world."""
    log(world, about(world, "ada-77"))

    def as_role(role):
        client.force_login(world.people[role], backend=BACKEND)
        return client

    return as_role


def test_an_owner_asks_and_sees_what_happens_next(browse):
    client = browse("owner")
    answer = client.post("/protection/erasures/", {"erase-reference": "ada-77"}, follow=True)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "It is executed within a minute" in page
    assert "ada-77" not in page
    assert Erasure.objects.get().requested_by.username == "north-owner"


@pytest.mark.parametrize(
    ("reference", "words"), [("nobody", "Nothing is kept under this reference"), ("", "required")]
)
def test_a_reference_that_leads_nowhere_is_said_beside_the_field(browse, reference, words):
    answer = browse("owner").post("/protection/erasures/", {"erase-reference": reference})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Erasure.objects.exists()


def test_an_administrator_places_and_lifts_a_hold_and_an_owner_may_not(browse):
    given = {"hold-reference": "ada-77", "hold-reason": "Case 12."}
    assert browse("owner").post("/protection/holds/", given).status_code == 403
    page = browse("admin").post("/protection/holds/", given, follow=True).content.decode()
    assert "In force" in page
    hold = Hold.objects.get()
    assert browse("owner").post(f"/protection/holds/{hold.pk}/lift/", {"reason": "x"}).status_code == 403
    client = browse("admin")
    assert client.post(f"/protection/holds/{hold.pk}/lift/", {"reason": ""}).status_code == 422
    page = client.post(
        f"/protection/holds/{hold.pk}/lift/", {"reason": "Closed."}, follow=True
    ).content.decode()
    assert "Lifted" in page


def test_retention_is_set_on_the_page_and_refused_below_the_minimum(browse):
    client = browse("owner")
    answer = client.post("/protection/retention/assistant/", {"assistant-days": "30"})
    assert answer.status_code == 422
    assert "184 days at least" in answer.content.decode()
    page = client.post(
        "/protection/retention/assistant/", {"assistant-days": "365"}, follow=True
    ).content.decode()
    assert "365 days" in page
    client.post("/protection/retention/assistant/", {"assistant-days": ""})
    assert not Retention.objects.exists()


def test_an_auditor_reads_and_changes_nothing(browse):
    client = browse("auditor")
    page = client.get("/protection/").content.decode()
    assert "Data protection" in page
    assert '<form class="plain"' not in page
    assert client.post("/protection/erasures/", {"erase-reference": "ada-77"}).status_code == 403


def test_the_api_offers_the_same_acts(browse):
    client, kind = browse("admin"), "application/json"
    held = client.post("/api/v1/holds", {"reference": "ada-77", "reason": "Case 12."}, content_type=kind)
    assert (held.status_code, held.json()["lifted_at"]) == (201, None)
    asked = client.post("/api/v1/erasures", {"reference": "ada-77"}, content_type=kind)
    assert (asked.status_code, asked.json()["state"]) == (202, "held")
    number = asked.json()["id"]
    again = client.post("/api/v1/erasures", {"reference": "ada-77"}, content_type=kind)
    assert (again.status_code, again.json()["code"]) == (409, "erasure_open")
    lifted = client.post(f"/api/v1/holds/{held.json()['id']}/lift", {"reason": "Closed."}, content_type=kind)
    assert lifted.json()["lifted_at"]
    assert client.get(f"/api/v1/erasures/{number}").json()["state"] == "requested"
    assert [row["id"] for row in client.get("/api/v1/erasures").json()["results"]] == [number]
    assert [row["id"] for row in client.get("/api/v1/holds").json()["results"]] == [held.json()["id"]]
    place = "/api/v1/systems/assistant/retention"
    short = client.put(place, {"days": 3}, content_type=kind)
    assert (short.status_code, short.json()["code"]) == (422, "retention_too_short")
    assert client.put(place, {"days": 200}, content_type=kind).json() == {"days": 200}
    assert client.get(place).json() == {"days": 200}


def test_what_is_wrong_with_lifting_a_hold_stands_beside_that_hold_alone(browse, world):
    client = browse("admin")
    log(world, about(world, "bob-3"))
    for reference in ("ada-77", "bob-3"):
        client.post("/protection/holds/", {"hold-reference": reference, "hold-reason": "Case 12."})
    first = Hold.objects.order_by("pk").first()
    page = client.post(f"/protection/holds/{first.pk}/lift/", {"reason": ""}).content.decode()
    assert page.count('role="alert"') == 1
    assert f'href="#lift-{first.pk}-reason"' in page
    assert f'id="lift-{first.pk}-reason"' in page
