"""Reading decisions: search, one decision, receipt, explanation, feedback, findings; and who may."""

import datetime as dt
import json
import uuid
from fractions import Fraction

import pytest
from django.utils import timezone
from edgewise import merkle

from audits.decisions import assessing, feedback, findings, selectors, services
from audits.decisions.models import Finding
from audits.ledger import selectors as ledger
from audits.ledger import signer
from governance import errors
from governance.access import services as access
from governance.edges import services as edges
from governance.organisations import services as organisations
from governance.policies import services as policies
from governance.systems import services as systems
from tests.unit.audits.decisions import worlds

pytestmark = pytest.mark.django_db
NOW = worlds.START + dt.timedelta(days=2)


@pytest.fixture
def world(db):
    return worlds.make(norms=[{"edge": "safety", "minimum": 0.3, "z": 0}], clarification_threshold=0.6)


def person(world, role):
    username = f"{world.organisation.slug}-{role}-x"
    return organisations.add_person(
        organisation=world.organisation, username=username, password=None, role=role, by=None, at=NOW
    )


@pytest.fixture
def auditor(world):
    return person(world, "auditor")


def seen(world, *records):
    services.log(system=world.system, records=[json.dumps(r).encode() for r in records], at=NOW)
    assessing.assess_all(at=NOW)


def token(who, world):
    _token, secret = access.create_personal_token(
        person=who, organisation=world.organisation, label="t", by=who, at=timezone.now()
    )
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


def sd(value):
    return [worlds.option("label", (0.7, 0.8, 0.9), value), worlds.option("remove", (0.9, 0.8, 0.1), value)]


@pytest.mark.parametrize("part", ["", "/proof", "/explanation", "?kind=choice"])
def test_decisions_whose_log_is_gone_are_refused_with_a_code(client, world, auditor, monkeypatch, part):
    record = world.record()
    seen(world, record)
    monkeypatch.setattr(ledger, "log_of", lambda **_asked: None)
    address = f"/api/v1/decisions{part}" if "?" in part else f"/api/v1/decisions/{record['id']}{part}"
    refusal = client.get(address, **token(auditor, world))
    assert (refusal.status_code, refusal.json()["code"]) == (500, "log_not_open")


def test_search_filters_and_turns_pages(client, world, auditor):
    seen(
        world,
        *[world.record(context={"community": "de"}) for _ in range(55)],
        *[world.record(context={"community": "fr"}, chosen="remove") for _ in range(3)],
        world.record(chosen=None, disposition="escalated"),
    )
    headers = token(auditor, world)

    def get(query=""):
        response = client.get(f"/api/v1/decisions{query}", **headers)
        assert response.status_code == 200, response.content
        return response.json()

    first = get()
    assert len(first["results"]) == 50
    assert first["previous"] is None
    second = client.get(first["next"], **headers).json()
    assert len(second["results"]) == 9
    assert client.get(second["previous"], **headers).json()["results"] == first["results"]
    indexes = [row["index"] for row in first["results"] + second["results"]]
    assert indexes == sorted(indexes, reverse=True)
    assert len(get("?context.community=fr")["results"]) == 3
    assert len(get("?chosen=remove")["results"]) == 3
    assert len(get("?disposition=escalated")["results"]) == 1
    assert len(get("?verdict=wrong_choice")["results"]) == 3
    assert len(get("?verdict=any")["results"]) == 3
    assert len(get("?driving_edge=expression&context.community=de")["results"]) == 50
    assert len(get("?margin_below=0")["results"]) == 3
    assert len(get("?from=2026-11-02&to=2026-11-02")["results"]) == 50
    assert get("?from=2026-11-03")["results"] == []


@pytest.mark.parametrize(
    "query",
    [
        "?system=none",
        "?disposition=odd",
        "?from=soon",
        "?margin_below=x",
        "?margin_below=nan",
        "?after=1",
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(client, world, auditor, query):
    response = client.get(f"/api/v1/decisions{query}", **token(auditor, world))
    assert (response.status_code, response.json()["code"]) == (400, "filter_unreadable")


def test_one_decision_states_its_reasons(client, world, auditor):
    record = world.record(options=sd(0.05))
    seen(world, record)
    found = client.get(f"/api/v1/decisions/{record['id']}", **token(auditor, world)).json()
    assert found["attribution"]["driving"] == ["expression"]
    assert sum(found["attribution"]["contributions"].values()) == pytest.approx(
        found["attribution"]["margin"]
    )
    assert found["assessment"]["conformant"] is True
    assert "would have been chosen" in found["attribution"]["sentence"]
    assert "opened" not in found


def test_sealed_values_open_for_an_auditor_who_asks_and_for_no_member(client, world, auditor):
    record = world.record(subject={"ref": "user-1"}, rationale="Because.")
    seen(world, record)
    url = f"/api/v1/decisions/{record['id']}?open=1"
    opened = client.get(url, **token(auditor, world)).json()["opened"]
    assert opened["values"]["/subject"] == {"ref": "user-1"}
    assert opened["salts"].keys() == opened["values"].keys()
    assert "opened" not in client.get(url, **token(person(world, "member"), world)).json()
    (looked,) = ledger.events(organisation=world.system.organisation, type="decision.opened")
    assert (looked.by, looked.subject) == (f"person:{auditor.pk}", f"decision:{record['id']}")


def test_the_receipt_comes_with_the_next_checkpoint(client, world, auditor):
    record = world.record()
    seen(world, record)
    url = f"/api/v1/decisions/{record['id']}/proof"
    early = client.get(url, **token(auditor, world))
    assert (early.status_code, early.json()["code"]) == (404, "not_yet_published")
    assert early.headers["Retry-After"] == "1"
    signer.publish_all(at=NOW)
    for headers in (token(auditor, world), world.bearer):
        receipt = client.get(url, **headers)
        assert receipt.status_code == 200
        assert receipt.content.startswith(b"c2sp.org/tlog-proof@v1")


def test_another_system_or_organisation_learns_nothing(client, world):
    record = world.record()
    seen(world, record)
    other = worlds.make("south")
    stranger = token(person(other, "auditor"), other)
    for path in ("", "/proof", "/explanation"):
        url = f"/api/v1/decisions/{record['id']}{path}"
        assert client.get(url, **stranger).status_code == 404
        assert client.get(url).status_code == 401
    assert client.get(f"/api/v1/decisions/{record['id']}/proof", **other.bearer).status_code == 404
    assert client.get("/api/v1/decisions", **token(person(other, "owner"), other)).json()["results"] == []
    assert client.get(f"/api/v1/decisions/{uuid.uuid4()}/proof", **world.bearer).status_code == 404


@pytest.mark.parametrize(
    ("accept", "kind"), [("application/json", "application/json"), ("text/html", "text/html; charset=utf-8")]
)
def test_the_explanation_speaks_json_and_html(client, world, auditor, accept, kind):
    record = world.record()
    seen(world, record)
    response = client.get(
        f"/api/v1/decisions/{record['id']}/explanation", HTTP_ACCEPT=accept, **token(auditor, world)
    )
    assert response.status_code == 200
    assert response.headers["Content-Type"] == kind
    assert b"does not predict" in response.content


def test_feedback_is_told_once_by_the_system_itself(client, world):
    record = world.record()
    seen(world, record)
    url = f"/api/v1/decisions/{record['id']}/feedback"

    def post(body, headers):
        return client.post(url, json.dumps(body), content_type="application/json", **headers)

    told = {"satisfaction": 0.8, "error": False, "group": "18-24"}
    assert post(told, world.bearer).status_code == 201
    assert post(told, world.bearer).status_code == 200
    assert post({"satisfaction": 0.1}, world.bearer).json()["code"] == "conflicting_duplicate"
    assert post({"satisfaction": 1.2}, world.bearer).status_code == 400
    assert post(told, worlds.make("south").bearer).status_code == 404


def test_empty_feedback_is_refused(client, world):
    record = world.record()
    seen(world, record)
    url = f"/api/v1/decisions/{record['id']}/feedback"
    response = client.post(url, "{}", content_type="application/json", **world.bearer)
    assert (response.status_code, response.json()["code"]) == (422, "missing_field")


def test_pages_show_decisions_and_findings_to_an_auditor(client, world, auditor):
    good, bad = world.record(options=sd(0.05)), world.record(chosen="remove")
    seen(world, good, bad)
    client.force_login(auditor)
    listing = client.get("/decisions/")
    assert listing.status_code == 200
    assert listing.content.count(b"<h1") == 1
    assert b"Expression" in listing.content
    page = client.get(f"/decisions/{good['id']}/").content.decode()
    assert "Label, rather than remove" in page
    assert "Followed the policy" in page
    assert "style=" not in page
    assert "Did not follow the policy" in client.get(f"/decisions/{bad['id']}/").content.decode()
    finding = Finding.objects.get()
    assert client.get("/findings/").status_code == 200
    assert client.get(f"/findings/{finding.pk}/").status_code == 200
    assert client.post(f"/findings/{finding.pk}/close/", {"answer": "x"}).status_code == 403
    assert client.get(f"/systems/{world.system.slug}/decides/").status_code == 200


def test_the_entry_and_receipt_download(client, world, auditor):
    record = world.record()
    seen(world, record)
    client.force_login(auditor)
    assert client.get(f"/decisions/{record['id']}/receipt").status_code == 404
    signer.publish_all(at=NOW)
    assert client.get(f"/decisions/{record['id']}/receipt").content.startswith(b"c2sp.org/tlog-proof@v1")
    entry = client.get(f"/decisions/{record['id']}/entry").content
    page = client.get(f"/decisions/{record['id']}/").content.decode()
    assert merkle.leaf_hash(entry).hex() in page


def test_pages_of_an_unassessed_or_undecided_record(client, world, auditor):
    plain, none = world.record(), world.record(chosen=None, disposition="escalated")
    services.log(system=world.system, records=[json.dumps(r).encode() for r in (plain, none)], at=NOW)
    client.force_login(auditor)
    assert "Not judged yet" in client.get(f"/decisions/{plain['id']}/").content.decode()
    assert "chose no option" in client.get(f"/decisions/{none['id']}/").content.decode()
    assert client.get("/decisions/").status_code == 200


def test_an_owner_works_a_finding(client, world):
    seen(world, world.record(chosen="remove"))
    owner, finding = world.people["owner"], Finding.objects.get()
    client.force_login(owner)
    answer = client.post(f"/findings/{finding.pk}/assign/", {"owner": owner.pk, "due_on": "2026-12-01"})
    assert answer.status_code == 302
    assert client.post(f"/findings/{finding.pk}/close/", {"answer": ""}).status_code == 422
    assert client.post(f"/findings/{finding.pk}/close/", {"answer": "Rolled back."}).status_code == 302
    finding.refresh_from_db()
    assert (finding.state, finding.answer) == ("closed", "Rolled back.")


def test_a_trail_that_refuses_leaves_the_finding_and_feedback_as_they_were(world, settings):
    record = world.record(chosen="remove")
    seen(world, record)
    settings.GOVERNANCE_TRAIL = f"{__name__}.refuse"
    finding = Finding.objects.get()
    with pytest.raises(errors.DomainError):
        findings.close(finding=finding, answer="x", by=world.people["owner"], at=NOW)
    finding.refresh_from_db()
    assert finding.state == "open"
    decision = selectors.get(organisation=world.organisation, id=uuid.UUID(record["id"]))
    with pytest.raises(errors.DomainError):
        feedback.give(decision=decision, by=None, at=NOW, satisfaction=1.0)
    assert selectors.feedback_on(decision=decision) is None


def refuse(events):
    raise errors.DomainError("the log is away")


def test_the_policy_of_today_is_the_one_for_the_decisions_context(client, world, auditor):
    """The general policy stays in force beside it, but no longer for this community."""
    for_de = policies.enact(
        system=world.system,
        weights={"safety": Fraction(1), "privacy": Fraction(0), "expression": Fraction(0)},
        source={"kind": "owner"},
        context={"community": "de"},
        by=None,
        at=worlds.START + dt.timedelta(hours=1),
    )
    followed = {"policy": {"version": for_de.version, "digest": for_de.digest}, "chosen": "remove"}
    new, old = world.record(**followed), world.record()
    seen(world, new, old)
    client.force_login(auditor)
    assert "in force now" not in client.get(f"/decisions/{new['id']}/").content.decode()
    assert f"Policy {for_de.version}, in force now" in client.get(f"/decisions/{old['id']}/").content.decode()


@pytest.mark.parametrize(
    ("scope", "proof", "explanation"),
    [("policy:read", 403, 403), ("decisions:write", 200, 403), ("decisions:read", 200, 200)],
)
def test_a_key_reads_what_its_scopes_say(client, world, scope, proof, explanation):
    record = world.record()
    assert world.post(client, record).status_code == 201
    signer.publish_all(at=NOW)
    _key, secret = access.create_api_key(
        system=world.system, label="t", scopes=(scope,), by=None, at=timezone.now()
    )
    place, key = f"/api/v1/decisions/{record['id']}", {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert client.get(f"{place}/proof", **key).status_code == proof
    assert client.get(f"{place}/explanation", **key).status_code == explanation


def test_the_last_day_of_the_calendar_is_a_day(client, world, auditor):
    seen(world, world.record())
    client.force_login(auditor)
    assert client.get("/decisions/?to=9999-12-31").status_code == 200
    assert client.get("/api/v1/decisions?to=9999-12-31").json()["results"]
    form = {"system": world.system.pk, "start": "2026-11-01", "end": "9999-12-31", "frameworks": "eu-ai-act"}
    assert client.post("/reports/", form).status_code == 302


def test_a_later_decision_of_another_system_hides_none_of_the_same_id(client, world, auditor):
    seen(world, record := world.record())
    owner = world.people["owner"]
    other = systems.register(
        organisation=world.organisation, slug="toy", name="Toy", purpose="p", position="deployer",
        risk_class="minimal", risk_reasoning="r", by=owner, at=NOW,
    )  # fmt: skip
    edges.define(system=other, edges=[worlds.card(slug) for slug in worlds.EDGES], by=owner, at=NOW)
    policy = policies.set_first(
        system=other, weights=dict.fromkeys(worlds.EDGES, Fraction(1, 3)), by=owner, at=NOW
    )
    toy = worlds.World(world.organisation, other, policy, "", world.people)
    later = toy.record(id=record["id"], system="toy")
    services.log(system=other, records=[json.dumps(later).encode()], at=NOW + dt.timedelta(hours=1))
    client.force_login(auditor)
    assert client.get(f"/api/v1/decisions/{record['id']}").json()["system"] == world.system.slug
