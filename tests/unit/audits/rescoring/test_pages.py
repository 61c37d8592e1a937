"""The pages, the API and the labels of independent scoring."""

import json

import pytest
from django.core.management import CommandError, call_command

from audits.decisions import basis
from audits.decisions.models import Agreement
from audits.ledger.models import LoggedEvent
from audits.rescoring.models import Rescorer
from governance.jobs.models import Job
from tests.unit.audits.decisions import worlds
from tests.unit.audits.rescoring.test_services import HOUSE, NOW, appoint, log, worked

pytestmark = pytest.mark.django_db
FORM = {"edge": "safety", "scorer": "house@1", "route": "house", "share": "50", "discloses": ["text"]}


@pytest.fixture
def world(db, settings):
    settings.EDGEWISE_RESCORERS = {"house": HOUSE}
    return worlds.make()


@pytest.fixture
def owner(client, world):
    client.force_login(world.people["owner"])
    return client


def test_an_owner_appoints_withdraws_and_sends_again(owner, world):
    url = f"/systems/{world.system.slug}/rescoring/"
    assert "Nobody checks it" in owner.get(url).content.decode()
    assert owner.post(url, FORM).status_code == 302
    rescorer = Rescorer.objects.get()
    assert (rescorer.share, rescorer.discloses) == (0.5, ["text"])
    assert owner.post(url, FORM).status_code == 422
    arguments = {"system": world.system.pk, "scorer": "house@1", "indexes": [1], "rescorers": [rescorer.pk]}
    job = Job.objects.create(
        organisation=world.organisation, task="audits.rescore", arguments=arguments, state="failed",
        error="scorer_unanswered: status 500", due_at=NOW, created_at=NOW,
    )  # fmt: skip
    page = owner.get(url).content.decode()
    assert "status 500" in page
    assert "style=" not in page
    assert owner.post(f"{url}{job.pk}/again/").status_code == 302
    assert owner.post(f"{url}withdraw/", {"edge": "safety"}).status_code == 302
    rescorer.refresh_from_db()
    assert rescorer.withdrawn_at is not None


def test_the_decision_shows_both_scores_and_the_word_follows_the_agreement(owner, world):
    appoint(world)
    record = world.record()
    log(world, record)
    worked(world)
    url = f"/decisions/{record['id']}/"
    page = owner.get(url).content.decode()
    assert "Scored again by somebody else" in page
    assert "Followed the policy (self-reported)" in page
    for edge in worlds.EDGES:
        Agreement.objects.update_or_create(
            system=world.system, edge=edge,
            defaults={"scorer": "house@1", "decisions": 40, "value": 0.9, "low": basis.SUFFICIENT, "high": 0.95,
                      "difference": 0.05, "computed_at": NOW},
        )  # fmt: skip
    assert "Followed the policy (checked)" in owner.get(url).content.decode()
    assert "(checked)" in owner.get(f"/systems/{world.system.slug}/decides/").content.decode()
    found = owner.get("/api/v1/decisions").json()["results"][0]["assessment"]
    assert (found["conformant"], found["basis"]) == (True, "checked")
    told = owner.get(f"/api/v1/rescorers?system={world.system.slug}").json()
    assert told["basis"] == "checked"
    assert told["results"][0]["sufficient"] is True
    assert "They agree" in owner.get(f"/systems/{world.system.slug}/").content.decode()


def test_the_api_appoints_and_refuses_with_a_code(owner, world):
    asked = {
        "system": world.system.slug,
        "edge": "safety",
        "scorer": "house@1",
        "route": "house",
        "share": 0.1,
    }
    url = f"/api/v1/rescorers?system={world.system.slug}"
    made = owner.post(url, json.dumps(asked), content_type="application/json")
    assert (made.status_code, made.json()["agreement"]) == (201, None)
    again = owner.post(url, json.dumps(asked), content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "rescorer_in_force")


def test_the_api_withdraws_and_refuses_with_a_code(owner, client, world):
    rescorer = appoint(world)
    url = f"/api/v1/rescorers/withdraw?system={world.system.slug}"
    ask = {"data": json.dumps({"edge": "safety"}), "content_type": "application/json"}
    nameless = owner.post(url, "{}", content_type="application/json")
    assert (nameless.status_code, list(nameless.json()["errors"])) == (400, ["edge"])
    gone = owner.post(url, **ask)
    assert (gone.status_code, gone.json()["scorer"]) == (200, "house@1")
    rescorer.refresh_from_db()
    assert gone.json()["withdrawn_at"] == rescorer.withdrawn_at.isoformat().replace("+00:00", "Z")
    assert owner.get(f"/api/v1/rescorers?system={world.system.slug}").json()["results"] == []
    event = LoggedEvent.objects.get(type="rescorer.withdrawn")
    assert (event.by, event.subject) == (f"person:{world.people['owner'].pk}", "edge:safety")
    again = owner.post(url, **ask)
    assert (again.status_code, again.json()["code"]) == (409, "no_rescorer_in_force")
    assert owner.post("/api/v1/rescorers/withdraw?system=elsewhere", **ask).status_code == 404


def test_the_operator_reads_the_secret_of_a_route(capsys, world):
    call_command("rescorer_secret", "house")
    assert capsys.readouterr().out.startswith("whsec_")
    with pytest.raises(CommandError, match=r"^route_unknown: The operator"):
        call_command("rescorer_secret", "elsewhere")
