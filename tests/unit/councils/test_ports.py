"""What other floors ask of the councils, and the API."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from councils.deliberation import services as deliberation
from councils.voting import lifecycle, minutes, panels, selectors
from councils.voting import services as voting
from councils.voting.models import Ballot
from governance.access import services as access
from tests.unit.councils import stage
from tests.unit.councils.stage import AT, HOUR, SECOND, after, vote


@pytest.fixture
def counted(proposal, members):
    """North wants expression, south safety; a member of south objects."""
    for member in members["north"]:
        vote(proposal, member, (20, 20, 60))
    for member in members["south"][1:]:
        vote(proposal, member, (80, 20, 0))
    vote(proposal, members["south"][0], (100, 0, 0), "object", reason="Safety first.")
    return lifecycle.close(proposal=proposal, at=after(2 * HOUR))


def test_the_inbox_asks_for_votes_and_reasons_until_they_are_given(
    council, proposal, members, chair, organisation
):
    member = members["north"][0]
    other = stage.propose(council, chair)
    deliberation.open_deliberation(proposal=other, by=chair, at=after(HOUR))

    def waiting():
        items = selectors.waiting_for(person=member, organisation=organisation, at=after(HOUR + 1))
        return [item.title for item in items]

    assert waiting() == [f"Vote on proposal {proposal.pk}", f"Give your reasons on proposal {other.pk}"]
    vote(proposal, member)
    assert waiting() == [f"Give your reasons on proposal {other.pk}"]
    assert selectors.waiting_for(person=chair, organisation=organisation, at=after(HOUR + 1)) == []


def test_what_each_group_asked_for_is_there_as_weights(counted, system):
    assert selectors.constituency_weights(system=system, at=AT) == {}
    weights = selectors.constituency_weights(system=system, at=after(2 * HOUR))
    assert weights["north"] == {"safety": 0.2, "privacy": 0.2, "expression": 0.6}
    assert sum(weights["south"].values()) == pytest.approx(1)


def test_a_report_finds_each_count_in_its_window_with_dissent_and_difference(counted, system):
    (row,) = selectors.tally_evidence(system=system, start=after(HOUR), end=after(3 * HOUR))["tallies"]
    assert (row["electors"], row["voted"], row["agree"], row["against"]) == (11, 11, 10, 1)
    assert row["quorum_reached"]
    assert row["objections"] == 1
    assert sum(row["difference"].values()) == pytest.approx(0)
    assert selectors.tally_evidence(system=system, start=AT, end=after(HOUR)) == {"tallies": []}


def test_minutes_are_complete_and_only_for_counted_proposals(counted, council, chair, organisation):
    record = minutes.of_proposal(organisation=organisation, proposal=str(counted.pk))
    assert record["result"]["objections"] == [{"constituency": "south", "reason": "Safety first."}]
    assert record["bundle_root"] == selectors.tally_of(proposal=counted).root
    draft = stage.propose(council, chair)
    with pytest.raises(minutes.NotCounted):
        minutes.of_proposal(organisation=organisation, proposal=str(draft.pk))


def test_a_group_that_the_result_moved_away_from_files_one_minority_report(counted, members):
    (away,) = selectors.tally_of(proposal=counted).result["moved_away"]
    other = next(name for name in members if name != away)
    with pytest.raises(voting.NoGroundForReport):
        voting.file_minority_report(proposal=counted, text="No.", by=members[other][0], at=after(3 * HOUR))
    voting.file_minority_report(
        proposal=counted, text="We wanted more.", by=members[away][0], at=after(3 * HOUR)
    )
    with pytest.raises(voting.ReportFiled):
        voting.file_minority_report(proposal=counted, text="Again.", by=members[away][1], at=after(3 * HOUR))


def test_the_dashboard_names_the_latest_proposals(counted, members, organisation):
    (panel,) = panels.panels(organisation=organisation, person=members["north"][0], system=None, at=AT)
    assert [row.title for row in panel.rows] == [counted.title]


def client(person, organisation):
    _token, secret = access.create_personal_token(
        person=person, organisation=organisation, label="t", scopes=access.TOKEN_SCOPES, at=AT, by=person
    )
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return made


def test_the_api_casts_replaces_and_refuses(council, members, chair, organisation):
    now = timezone.now()
    opened = deliberation.open_deliberation(
        proposal=stage.propose(council, chair), by=chair, at=now - HOUR * SECOND
    )
    proposal = lifecycle.open_voting(proposal=opened, at=now)
    api = client(members["north"][0], organisation)
    body = {
        "proposal": proposal.pk,
        "points": {"safety": 50, "privacy": 30, "expression": 20},
        "stance": "agree",
    }
    assert api.post("/api/v1/ballots", body, format="json").status_code == 201
    assert api.post("/api/v1/ballots", body, format="json").status_code == 200
    assert Ballot.objects.count() == 1
    wrong = {**body, "points": {**body["points"], "safety": 49}}
    refused = api.post("/api/v1/ballots", wrong, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "points_do_not_sum_to_100")
    (own,) = api.get("/api/v1/ballots").json()["results"]
    assert own["points"]["safety"] == 50
    outsider = client(chair, organisation).post("/api/v1/ballots", body, format="json")
    assert (outsider.status_code, outsider.json()["code"]) == (403, "not_a_member")


def test_the_api_lists_councils_proposals_and_results(counted, members, organisation):
    api = client(members["north"][0], organisation)
    (council,) = api.get("/api/v1/councils").json()["results"]
    assert council["constituencies"] == [{"name": "north", "seats": 6}, {"name": "south", "seats": 5}]
    assert api.get("/api/v1/councils/moderation").json()["quorum"] == "1/2"
    (listed,) = api.get("/api/v1/proposals", {"state": "passed"}).json()["results"]
    assert listed["id"] == counted.pk
    assert api.get("/api/v1/proposals", {"state": "draft"}).json()["results"] == []
    assert api.get(f"/api/v1/proposals/{counted.pk}").json()["state"] == "passed"
    results = api.get(f"/api/v1/proposals/{counted.pk}/results").json()
    assert results["verdict"]["passed"]
    assert APIClient().get("/api/v1/proposals").status_code == 401
