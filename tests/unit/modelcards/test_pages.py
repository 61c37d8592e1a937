"""Pages and API of cards: the public one, and where it is written, approved and published."""

import json

import pytest

from governance.access import services as access
from governance.organisations import services as organisations
from modelcards.cards import selectors, tasks
from modelcards.cards.models import CardVersion
from tests.unit.modelcards.conftest import AT

BACKEND = "django.contrib.auth.backends.ModelBackend"


pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner, backend=BACKEND)
    return client


def test_everybody_reads_a_published_card(client, published):
    for path in ("/cards/feed/", "/cards/feed/1.0.0/"):
        shown = client.get(path).content.decode()
        assert shown.count("<h1") == 1
        assert "Weights set without a vote" in shown
        assert published.pdf_sha256 in shown
        assert "<script>alert" not in shown


def test_a_draft_is_not_public(client, draft):
    assert client.get("/cards/feed/").status_code == 404
    assert client.get("/cards/feed/1.0.0/card.pdf").status_code == 404


@pytest.mark.parametrize(
    ("form", "content_type", "start"),
    [
        ("card.pdf", "application/pdf", b"%PDF"),
        ("README.md", "text/markdown; charset=utf-8", b"---\n"),
        ("bom.cdx.json", "application/vnd.cyclonedx+json; version=1.6", b"{"),
        ("card.json", "application/json", b"{"),
    ],
)
def test_every_form_of_a_published_card_is_served(client, published, form, content_type, start):
    answer = client.get(f"/cards/feed/1.0.0/{form}")
    assert (answer.status_code, answer["Content-Type"]) == (200, content_type)
    assert answer.content.startswith(start)


def test_the_owner_takes_a_card_from_draft_to_public_on_pages(as_owner, system):
    answer = as_owner.post("/cards/", {"system": system.pk, "part": "minor", "reason": "First version"})
    assert answer["Location"] == "/cards/feed/draft/"
    as_owner.post("/cards/feed/draft/", {"caveats": "Not for satire."})
    assert b"Preview, not public" in as_owner.get("/cards/feed/preview/").content
    as_owner.post("/cards/feed/approve/")
    assert b"Publishing is possible once the PDF is there" in as_owner.get("/cards/feed/draft/").content
    tasks.render(str(CardVersion.objects.get().job_id))
    assert as_owner.post("/cards/feed/publish/")["Location"] == "/cards/feed/"
    assert b"Not for satire." in as_owner.get("/cards/feed/").content


def test_only_who_manages_cards_writes_them(client, draft, organisation):
    member = organisations.add_person(
        organisation=organisation, username="m", password=None, role="member", by=None, at=AT
    )
    client.force_login(member, backend=BACKEND)
    assert client.get("/cards/").status_code == 200
    for path in ("/cards/feed/draft/", "/cards/feed/preview/"):
        assert client.get(path).status_code == 403
    for path in ("/cards/feed/approve/", "/cards/feed/publish/"):
        assert client.post(path).status_code == 403
    client.post("/cards/", {"system": draft.card.system_id, "part": "minor", "reason": "x"})
    assert CardVersion.objects.count() == 1


def test_another_organisation_cannot_touch_it(client, draft):
    other = organisations.found(slug="south", name="South", at=AT)
    stranger = organisations.add_person(
        organisation=other, username="s", password=None, role="owner", by=None, at=AT
    )
    client.force_login(stranger, backend=BACKEND)
    assert client.get("/cards/feed/draft/").status_code == 404
    assert client.post("/cards/feed/approve/").status_code == 404


def test_the_api_takes_a_card_to_public(client, owner, organisation, system):
    _token, secret = access.create_personal_token(
        person=owner, organisation=organisation, label="t", scopes=access.TOKEN_SCOPES, by=owner, at=AT
    )
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {secret}", "content_type": "application/json"}
    begun = client.post("/api/v1/model-cards", json.dumps({"system": "feed"}), **bearer)
    assert (begun.status_code, begun.json()["number"]) == (201, "1.0.0")
    act = {"act": "write", "sections": {"caveats": "None known."}}
    assert (
        client.post("/api/v1/model-cards/feed", json.dumps(act), **bearer).json()["narrative"]["caveats"]
        == "None known."
    )
    early = client.post("/api/v1/model-cards/feed", json.dumps({"act": "publish"}), **bearer)
    assert (early.status_code, early.json()["code"]) == (409, "card_not_approved")
    client.post("/api/v1/model-cards/feed", json.dumps({"act": "approve"}), **bearer)
    tasks.render(str(CardVersion.objects.get().job_id))
    done = client.post("/api/v1/model-cards/feed", json.dumps({"act": "publish"}), **bearer)
    assert done.json()["state"] == "published"
    assert client.get("/api/v1/model-cards/feed/document", **bearer).json()["schema"] == "edgewise.card/1"
    assert selectors.published(slug="feed") is not None
