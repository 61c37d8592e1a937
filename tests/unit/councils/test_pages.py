"""The councils' pages: a member's way from proposal to receipt, what refusals look like, and who sees what."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from councils.deliberation import services as deliberation
from councils.membership.models import Council
from councils.voting import lifecycle, selectors
from councils.voting.models import Ballot, BallotDraft, Elector
from governance.organisations import services as organisations
from tests.unit.councils import stage
from tests.unit.councils.stage import AT, HOUR

GOOD = {
    "points-safety": "50",
    "points-privacy": "30",
    "points-expression": "20",
    "stance": "agree",
    "reason": "",
}


def signed_in(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def live(council, members, chair):
    """A proposal whose vote is open by the clock on the wall."""
    now = timezone.now()
    proposal = stage.propose(council, chair)
    deliberation.open_deliberation(proposal=proposal, by=chair, at=now - HOUR * stage.SECOND)
    return lifecycle.open_voting(proposal=proposal, at=now)


@pytest.fixture
def counted(proposal, members):
    for group in members.values():
        for member in group:
            stage.vote(proposal, member)
    return lifecycle.close(proposal=proposal, at=stage.after(2 * HOUR))


def test_a_member_fills_in_reviews_casts_and_gets_a_receipt(live, members):
    member = members["north"][0]
    client, url = signed_in(member), reverse("ballot", args=[live.pk])
    assert b"Nothing counts until" in client.get(url).content
    review = client.post(url, GOOD)
    assert review.status_code == 200
    assert b"Cast vote" in review.content
    assert Ballot.objects.count() == 0
    assert BallotDraft.objects.count() == 1
    receipt = client.post(url, {**GOOD, "step": "cast"}, follow=True)
    assert Ballot.objects.get().tracker in receipt.content.decode()
    assert BallotDraft.objects.count() == 0
    again = client.post(url, {**GOOD, "stance": "disagree", "step": "cast"}, follow=True)
    assert again.status_code == 200
    assert Ballot.objects.get().stance == "disagree"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"points-safety": "49"}, "1 point left to place"),
        ({"points-safety": "60"}, "10 points too many"),
        ({"points-safety": "-10", "points-privacy": "90"}, "Points lie between 0 and 100"),
        ({"points-safety": "many"}, "Points are whole numbers"),
        ({"points-safety": "5_0"}, "Points are whole numbers"),
        ({"points-safety": "\u0665\u0660"}, "Points are whole numbers"),
        ({"points-safety": "00000000050.5"}, "Points are whole numbers"),
        ({"stance": ""}, "Choose agree, abstain, disagree or object"),
        ({"stance": "object"}, "An objection needs its reason"),
    ],
)
@pytest.mark.parametrize("step", ["review", "cast"])
def test_a_ballot_that_does_not_hold_says_why_and_keeps_what_was_typed(live, members, change, says, step):
    client = signed_in(members["north"][0])
    answer = client.post(reverse("ballot", args=[live.pk]), {**GOOD, **change, "step": step})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert 'value="30"' in answer.content.decode() or "points-privacy" in change
    assert Ballot.objects.count() == 0


def test_empty_fields_are_zero(live, members):
    data = {"points-safety": "100", "stance": "agree", "step": "cast"}
    signed_in(members["north"][0]).post(reverse("ballot", args=[live.pk]), data)
    assert Ballot.objects.get().points == {"safety": 100, "privacy": 0, "expression": 0}


def test_a_draft_is_there_after_a_break(live, members):
    member = members["north"][0]
    signed_in(member).post(reverse("ballot", args=[live.pk]), {**GOOD, "points-safety": "44"})
    page = signed_in(member).get(reverse("ballot", args=[live.pk]))
    assert b'value="44"' in page.content
    assert b"It does not count" in page.content


def test_start_from_fills_the_fields(live, members):
    client, url = signed_in(members["north"][0]), reverse("ballot", args=[live.pk])
    for start, first in (("zero", "0"), ("suggestion", "40"), ("in-force", "60")):
        assert f'value="{first}"' in client.get(url, {"from": start}).content.decode()


def test_a_chair_without_a_seat_sees_no_ballot_and_cannot_cast_one(live, chair):
    client = signed_in(chair)
    url = reverse("ballot", args=[live.pk])
    assert b"Members with a seat vote on this" in client.get(url).content
    assert client.post(url, {**GOOD, "step": "cast"}).status_code == 409
    assert Ballot.objects.count() == 0


def test_every_page_of_a_proposal_opens_for_every_reader(live, counted, members, chair, organisation):
    auditor = stage.person(organisation, "auditor", "auditor")
    for reader in (members["north"][0], chair, auditor):
        client = signed_in(reader)
        for proposal in (live, counted):
            for name in ("proposal", "results", "outcome", "deliberation"):
                assert client.get(reverse(name, args=[proposal.pk])).status_code == 200, name
        for name in ("proposals", "councils"):
            assert client.get(reverse(name)).status_code == 200
        assert client.get(reverse("council", args=["moderation"])).status_code == 200


def test_results_explain_themselves(counted, members):
    text = signed_in(members["north"][0]).get(reverse("results", args=[counted.pk])).content.decode()
    for words in (
        "11 of 11 members voted",
        "Why it passed",
        "What other ways of counting would give",
        "11 agree",
    ):
        assert words in text
    tally = selectors.tally_of(proposal=counted)
    bundle = signed_in(members["north"][0]).get(reverse("ballots_bundle", args=[counted.pk]))
    assert bundle.content.decode() == tally.bundle


def test_results_are_not_there_before_the_count(live, chair):
    client = signed_in(chair)
    assert b"No results yet" in client.get(reverse("results", args=[live.pk])).content
    assert client.get(reverse("ballots_bundle", args=[live.pk])).status_code == 404


def test_another_organisation_finds_nothing(live, settings):
    other = organisations.found(slug="south", name="South", at=AT)
    stranger = stage.person(other, "stranger", "chair")
    client = signed_in(stranger)
    for name in ("proposal", "ballot", "results", "outcome", "deliberation", "ballots_bundle", "veto"):
        assert client.get(reverse(name, args=[live.pk])).status_code == 404, name
    assert client.get(reverse("council", args=["moderation"])).status_code == 404
    assert live.title.encode() not in client.get(reverse("proposals")).content


def test_reasons_are_threaded_and_moderated(live, members, chair, events):
    member = members["north"][0]
    client, url = signed_in(member), reverse("deliberation", args=[live.pk])
    client.post(url, {"text": "Satire is not abuse.", "edge": "expression"})
    reason = live.reasons.get()
    client.post(url, {"text": "Sometimes it is.", "parent": reason.pk})
    page = client.get(url).content.decode()
    assert page.index("Satire is not abuse.") < page.index("Sometimes it is.")
    assert client.post(reverse("hide_reason", args=[reason.pk]), {"because": "x"}).status_code == 403
    signed_in(chair).post(reverse("hide_reason", args=[reason.pk]), {"because": "Names a person."})
    assert (events[-1].type, events[-1].sealed) == ("reason.hidden", {"because": "Names a person."})
    assert "Names" not in str(events[-1].facts)
    page = client.get(url).content.decode()
    assert "Satire is not abuse." not in page
    assert "Names a person." in page


def test_the_editor_checks_the_sum(council, chair, members):
    client, url = signed_in(chair), reverse("new_proposal")
    data = {
        "for": "moderation/assistant",
        "title": "T",
        "summary": "S",
        "points-safety": "50",
        "points-privacy": "49",
    }
    refused = client.post(url, data)
    assert refused.status_code == 422
    assert b"add up to 99" in refused.content
    made = client.post(url, {**data, "points-expression": "1"})
    assert made.status_code == 302
    assert council.proposals.get().suggestion == {"safety": 50, "privacy": 49, "expression": 1}
    opened = client.post(reverse("open_deliberation", args=[council.proposals.get().pk]))
    assert opened.status_code == 302
    assert council.proposals.get().state == "deliberation"


def test_a_chair_charters_a_council_and_fills_a_seat(organisation, system, chair):
    client = signed_in(chair)
    data = {
        "name": "Youth",
        "slug": "youth",
        "mandate": "Decides.",
        "systems": [system.pk],
        "groups": "Pupils: 2\nParents: 1",
        "secrecy": "secret",
        "counting": "independent_markets",
        "quorum": "1/2",
        "majority": "1/2",
        "constituency_majority": "",
        "deliberation": "1",
        "voting": "1",
        "extension": "1",
        "timelock": "0",
        "unit": "60",
    }
    refused = client.post(reverse("new_council"), {**data, "groups": "Pupils two", "quorum": "nine"})
    assert refused.status_code == 422
    assert client.post(reverse("new_council"), data).status_code == 302
    council = organisation.councils.get()
    assert council.voting_seconds == 60
    group = council.constituencies.get(name="Parents")
    taken = {"constituency": group.pk, "person": chair.pk}
    client.post(reverse("take_seat", args=["youth"]), taken)
    assert council.seats.get().person == chair
    client.post(reverse("leave_seat", args=["youth", council.seats.get().pk]))
    assert council.seats.get().ends_at is not None


def test_standing_aside_on_the_page(live, members):
    member = members["north"][0]
    client, url = signed_in(member), reverse("stand_aside", args=[live.pk])
    assert client.post(url, {"because": ""}).status_code == 422
    assert client.post(url, {"because": "I work for the vendor."}).status_code == 302
    assert Elector.objects.get(proposal=live, person=member).stood_aside
    assert b"You stand aside" in client.get(reverse("ballot", args=[live.pk])).content


def test_the_impact_statement_is_shown(live, chair):
    """Its shape is the replay's; a test of the replay holds the figures."""
    live.impact = {
        "decisions": 600,
        "flips": 165,
        "share": 0.275,
        "violations": 2,
        "near_ties": 1,
        "groups": [
            {
                "key": "community",
                "rows": [{"name": "Satire", "decisions": 100, "flips": 40, "share": 0.4}],
                "most": {"name": "Satire"},
                "scale": 0.4,
            }
        ],
        "edges": [{"edge": "safety", "before": 0.6, "after": 0.5, "delta": -0.1}],
        "regret": [{"constituency": "north", "before": 0.1, "after": None}],
        "examples": [{"url": "/d/", "when": AT.isoformat(), "before": "limit", "after": "allow"}],
        "start": AT.isoformat(),
        "end": AT.isoformat(),
    }
    live.save()
    page = signed_in(chair).get(reverse("proposal", args=[live.pk])).content.decode()
    for words in ("600 decisions", "27.5", "Satire feels it most", "Shortfall by group", "limit → allow"):
        assert words in page.replace("\N{NO-BREAK SPACE}", " "), words
    assert "none sampled" in page
    live.impact |= {"weighted": True, "interval": [0.2, 0.35]}
    live.save()
    page = signed_in(chair).get(reverse("proposal", args=[live.pk])).content.decode()
    assert "95\N{NO-BREAK SPACE}% interval 20.0\N{NO-BREAK SPACE}% to 35.0" in page.replace(
        "95 %", "95\N{NO-BREAK SPACE}%"
    )
    assert "weighted: the model logs a share of its decisions" in page


@pytest.mark.parametrize(
    "given",
    [
        {"groups": f"Pupils: {'9' * 5_000}"},
        {"groups": f"{'p' * 80}a: 1\n{'p' * 80}b: 1"},
        {"majority": "1e-5000"},
    ],
)
def test_a_charter_beyond_all_measure_is_refused_beside_its_form(organisation, system, chair, given):
    data = {
        "name": "Youth", "slug": "youth", "mandate": "Decides.", "systems": [system.pk], "groups": "Pupils: 2",
        "secrecy": "secret", "counting": "independent_markets", "quorum": "1/2", "majority": "1/2",
        "deliberation": "1", "voting": "1", "extension": "1", "timelock": "1", "unit": "86400",
    }  # fmt: skip
    assert signed_in(chair).post("/councils/new/", data | given).status_code == 422
    assert not Council.objects.filter(slug="youth").exists()
