"""Scores one can believe: an edge card with its calibration, an independent scorer, and decisions of every form."""

import datetime as dt
from typing import Any

from django.utils import timezone

from governance.edges import services as edges
from governance.systems import services as systems
from tests import live
from tests.journeys import town
from tests.journeys.town import PASSWORD, Town
from tests.journeys.visitor import Visitor

SCORED_WITHIN = 60
NO_BREAK = "\N{NO-BREAK SPACE}"
LABEL = {"safety": 0.7, "privacy": 0.8, "expression": 0.9}
REMOVE = {"safety": 0.9, "privacy": 0.8, "expression": 0.1}


def test_an_owner_completes_an_edge_card_and_the_version_before_stays(visitor: Visitor, place: Town) -> None:
    since, owner = timezone.now() - dt.timedelta(days=1), place.people["owner"]
    system = systems.register(
        organisation=place.organisation, slug="sorter", name="Sorter", purpose="Sorts letters.", by=owner,
        position="deployer", risk_class="minimal", risk_reasoning="Not listed.", at=since, accountable_officer=owner,
    )  # fmt: skip
    edges.define(system=system, edges=[town._card("safety", "Safety")], by=owner, at=since)
    visitor.sign_in("owner", PASSWORD)
    visitor.go("/systems/sorter/edges/")
    visitor.follow("Define the next version")
    for name, value in {
        "example_low": "A threat with an address.", "example_high": "A recipe.", "scorer": "toxicity@2026-11",
        "calibration": "Posts rated by three people each.", "calibration_n": "400", "calibration_metric": "rmse",
        "calibration_value": "0.08", "calibration_low": "0.07", "calibration_high": "0.09",
    }.items():  # fmt: skip
        visitor.page.fill(f"[name=edge-0-{name}]", value)
    visitor.press("Define these edges")
    visitor.go("/systems/sorter/edges/")
    assert visitor.sees("Example: A threat with an address.")
    assert visitor.sees("rmse 0.080, 95 % interval 0.070 to 0.090")
    visitor.at_phone()
    visitor.look()
    visitor.follow("Version 1")
    assert visitor.sees("An earlier version")


def test_an_owner_has_decisions_scored_again_and_sees_both_scores(visitor: Visitor, place: Town) -> None:
    visitor.sign_in("owner", PASSWORD)
    visitor.go("/systems/moderation/rescoring/")
    visitor.page.get_by_label("Edge", exact=True).select_option(label="Safety")
    visitor.fill("Independent scorer", "house@1")
    visitor.fill("Share of decisions, percent", "100")
    visitor.page.get_by_label("The text of the input").check()
    visitor.press("Have it score again")
    assert visitor.sees(f"100.0{NO_BREAK}% of decisions, reached as house; reads: text")
    text = {"input": {"digest": "sha256:" + "ab" * 32, "text": "A reported post."}}
    posted = town.decide(visitor.url, place.secret, "moderation", text, label=LABEL, remove=REMOVE)
    visitor.go(f"/decisions/{posted['id']}/")
    live.wait_for(lambda: visitor.reloaded_sees("Scored again by somebody else"), seconds=SCORED_WITHIN)
    visitor.look()
    visitor.at_phone()
    visitor.go("/systems/moderation/rescoring/")
    assert visitor.sees("scored again; agreement is stated from 30 on")
    visitor.press("Withdraw on Safety")
    assert not visitor.sees("reached as house")


def test_an_auditor_reads_decisions_of_every_form(visitor: Visitor, place: Town) -> None:
    partly = _partly_scored()
    first = town.decide(visitor.url, place.secret, "moderation", partly, label=LABEL, remove=REMOVE)
    tied = {
        "parent": first["id"],
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "clarification": "dialog-7",
    }
    assessed = {
        **tied, "kind": "assessment", "chosen": None, "disposition": "escalated",
        "sampling": {"rate": 0.1, "method": "hash"},
    }  # fmt: skip
    second = town.decide(visitor.url, place.secret, "moderation", assessed, label=LABEL)
    visitor.sign_in("auditor", PASSWORD)
    visitor.go(f"/decisions/{second['id']}/")
    live.wait_for(lambda: visitor.reloaded_sees("Followed the policy"), seconds=SCORED_WITHIN)
    assert visitor.sees("points above the reference profile")
    assert visitor.sees(f"10.0{NO_BREAK}% of its decisions (hash); figures are weighted")
    visitor.at_phone()
    visitor.look()
    visitor.follow("Decision " + "-".join(first["id"].split("-")[:2]))
    assert visitor.sees("its scorer timed out")
    assert visitor.sees("Followed by")
    visitor.go("/decisions/?system=moderation")
    visitor.page.get_by_text("By trace, dialog or the decision it follows").click()
    visitor.page.fill("[name=trace_id]", str(tied["trace_id"]))
    with visitor.page.expect_response(lambda response: "trace_id=4bf9" in response.url):
        visitor.page.get_by_role("button", name="Show").click()
    visitor.page.get_by_role("link", name="label, assessed").wait_for()
    visitor.look()
    assert visitor.page.locator("#found-rows tbody tr").count() == 1


def _partly_scored() -> dict[str, Any]:
    """A record of which one option lacks a score, and says why."""
    remove = {**REMOVE, "privacy": None}
    options = [
        {"id": "label", "edges": LABEL},
        {"id": "remove", "edges": remove, "unscored": {"privacy": "its scorer timed out"}},
    ]
    return {"options": options}
