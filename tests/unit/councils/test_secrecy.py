"""Secret ballots: nothing in the log before the close, no link after it, no tally of few."""

import json
from fractions import Fraction

import pytest
from cryptography.exceptions import InvalidTag
from django.db import connection
from django.test.utils import CaptureQueriesContext
from edgewise import merkle
from hypothesis import given
from hypothesis import strategies as st

from councils.voting import aggregation, bundle, lifecycle, links, selectors, suppression
from councils.voting.aggregation import Support
from councils.voting.models import Ballot, Elector
from tests.unit.councils import stage
from tests.unit.councils.stage import HOUR, after, vote


@pytest.fixture
def secret(secret_council, chair):
    members = stage.fill_seats(secret_council)
    return stage.in_voting(secret_council, chair), members


def cast_all(proposal, members):
    points = [(50, 30, 20), (20, 20, 60), (0, 100, 0)]
    trackers = {}
    for group in members.values():
        for place, member in enumerate(group):
            trackers[member.pk] = vote(proposal, member, points[place % 3]).tracker
    return trackers


def test_a_secret_ballot_writes_no_event_before_the_close(secret, events):
    proposal, members = secret
    before = len(events)
    cast_all(proposal, members)
    assert len(events) == before
    lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    assert [event.type for event in events[before:]] == ["ballot.root", "proposal.passed"]


def test_while_voting_the_link_is_encrypted_and_bound_to_its_elector(secret):
    proposal, members = secret
    vote(proposal, members["north"][0])
    vote(proposal, members["north"][1])
    ballot = Ballot.objects.first()
    one, other = Elector.objects.filter(voted=True).order_by("pk")
    assert ballot.elector is None
    assert ballot.pk.bytes not in bytes(one.link) + bytes(other.link)
    with pytest.raises(InvalidTag):
        links.unseal(link=bytes(one.link), elector=other.pk)


def test_a_revote_finds_its_ballot_through_the_link(secret):
    proposal, members = secret
    vote(proposal, members["north"][0])
    assert vote(proposal, members["north"][0], (0, 0, 100)).replaced
    assert Ballot.objects.get().points["expression"] == 100


def test_at_close_the_link_is_destroyed_and_the_ballots_are_written_anew_by_tracker(secret):
    proposal, members = secret
    trackers = sorted(cast_all(proposal, members).values())
    with CaptureQueriesContext(connection) as queries:
        lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    assert not Elector.objects.filter(link__isnull=False).exists()
    assert Elector.objects.filter(voted=True).count() == Ballot.objects.count() == 11
    (written,) = [q["sql"] for q in queries if q["sql"].startswith('INSERT INTO "councils_ballot"')]
    places = [written.index(tracker) for tracker in trackers]
    assert places == sorted(places)
    elector = Elector.objects.get(proposal=proposal, person=members["north"][0])
    assert selectors.ballot_of(elector=elector) is None


def test_the_bundle_holds_every_tracker_and_its_root_is_in_the_log(secret, events):
    proposal, members = secret
    trackers = cast_all(proposal, members)
    lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    tally = selectors.tally_of(proposal=proposal)
    lines = tally.bundle.splitlines()
    assert [json.loads(line)["tracker"] for line in lines[1:-1]] == sorted(trackers.values())
    root = merkle.root([merkle.leaf_hash(line.encode()) for line in lines]).hex()
    (event,) = [event for event in events if event.type == "ballot.root"]
    assert event.facts["root"] == root == tally.root
    assert bundle.root(tally.bundle.replace('"safety":50', '"safety":55', 1)) != root


def test_anyone_repeats_the_count_from_the_bundle(secret):
    proposal, members = secret
    cast_all(proposal, members)
    lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    tally = selectors.tally_of(proposal=proposal)
    assert recount(tally.bundle) == {e: Fraction(w) for e, w in tally.result["weights"].items()}


def recount(text):
    """The result from the bundle alone, pooled constituencies included."""
    first, *ballots, _last = (json.loads(line) for line in text.splitlines())
    edges, total = first["edges"], 100 - sum(first["floors"])
    blocks = []
    for group in first["constituencies"]:
        rows = [
            [b["points"][e] - f for e, f in zip(edges, first["floors"], strict=True)]
            for b in ballots
            if b["constituency"] == group["name"]
        ]
        blocks.append(aggregation.Block(group["seats"], rows))
    votes = aggregation.profile(blocks, edges=len(edges), total=total)
    if first["pooled"]:
        votes = merged(votes, first, blocks)
    shares = aggregation.RULES[first["rule"]](votes)
    return dict(zip(edges, aggregation.above_floors(shares, first["floors"]), strict=True))


def merged(votes, first, blocks):
    """Open and pooled support on one scale of weight, which is seats times a common factor."""
    pooled_seats = sum(g["seats"] for g in first["constituencies"] if g["pooled"] and g["ballots"])
    open_seats = sum(block.seats for block in blocks if block.ballots)
    a = first["pooled"]["weight"] // pooled_seats
    b = votes.weight // open_seats if open_seats else 1
    edges = []
    for support, hidden in zip(votes.edges, first["pooled"]["support"], strict=True):
        own = at_level(support.levels, support.weight, a)
        for level, weight in at_level(hidden["points"], hidden["weight"], b).items():
            own[level] = own.get(level, 0) + weight
        levels = sorted(own, reverse=True)
        running, weights = 0, []
        for level in levels:
            running += own[level]
            weights.append(running)
        edges.append(Support(levels, weights))
    return aggregation.Profile(edges, a * b * (pooled_seats + open_seats), votes.total)


def at_level(levels, weights, factor):
    steps = zip([0, *weights], weights, strict=False)
    return {level: (w - before) * factor for level, (before, w) in zip(levels, steps, strict=True)}


def test_small_groups_publish_no_tally_of_their_own(organisation, system, chair):
    council = stage.charter(
        organisation,
        system,
        chair,
        slug="few",
        secrecy="secret",
        constituencies={"big": 7, "mid": 6, "few": 3},
    )
    members = stage.fill_seats(council)
    proposal = stage.in_voting(council, chair)
    cast_all(proposal, members)
    lifecycle.close(proposal=proposal, at=after(2 * HOUR))
    tally = selectors.tally_of(proposal=proposal)
    shown = {row["name"]: row["hidden"] for row in tally.result["votes"]}
    assert shown == {"big": False, "mid": True, "few": True}
    assert [row["name"] for row in tally.result["asked"] if row["points"]] == ["big"]
    assert set(selectors.constituency_weights(system=system, at=after(9 * HOUR))) == {"big"}
    labels = {json.loads(line)["constituency"] for line in tally.bundle.splitlines()[1:-1]}
    assert labels == {"big", bundle.POOLED}
    assert recount(tally.bundle) == {e: Fraction(w) for e, w in tally.result["weights"].items()}


@pytest.mark.parametrize(
    ("ballots", "hidden"),
    [
        ({"a": 9, "b": 5}, set()),
        ({"a": 9, "b": 6, "c": 4}, {"b", "c"}),
        ({"a": 9, "b": 3, "c": 2}, {"b", "c"}),
        ({"a": 9, "b": 2, "c": 2}, {"a", "b", "c"}),
        ({"a": 3}, {"a"}),
        ({"a": 9, "b": 0}, set()),
        ({"a": 9, "b": 1, "c": 0}, {"a", "b"}),
    ],
)
def test_few_ballots_and_the_next_smallest_are_hidden(ballots, hidden):
    assert suppression.hidden(ballots) == hidden


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 9)))
def test_what_is_hidden_cannot_be_found_by_subtraction(ballots):
    hidden = suppression.hidden(ballots)
    assert all(count >= 5 or count == 0 for name, count in ballots.items() if name not in hidden)
    if hidden and len([n for n in ballots.values() if n]) > 1:
        assert len(hidden) >= 2
        everything = hidden == {name for name, count in ballots.items() if count}
        assert everything or sum(ballots[name] for name in hidden) >= 5


def test_open_ballots_name_the_seat_in_the_bundle_but_not_in_small_groups(proposal, members):
    for member in members["north"]:
        vote(proposal, member)
    seats = set(Elector.objects.filter(voted=True).values_list("seat_id", flat=True))
    assert {line["seat"] for line in published(proposal, 2)} == seats
    other = stage.in_voting(proposal.council, proposal.proposed_by)
    for member in (*members["north"], members["south"][0]):
        vote(other, member)
    assert all("seat" not in line and line["constituency"] == bundle.POOLED for line in published(other, 2))


def published(proposal, hours):
    """The ballots of the bundle, after the close."""
    lifecycle.close(proposal=proposal, at=after(hours * HOUR))
    lines = selectors.tally_of(proposal=proposal).bundle.splitlines()[1:-1]
    return [json.loads(line) for line in lines]
