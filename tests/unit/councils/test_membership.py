"""Charters and seats."""

import pytest
from django.db import IntegrityError, transaction

from councils.membership import rules, selectors
from councils.membership import services as membership
from councils.membership.models import Council, Seat
from governance.errors import DomainError
from governance.organisations import services as organisations
from tests.unit.councils import stage
from tests.unit.councils.stage import AT, SECOND


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"slug": "Not A Slug"}, "slug_malformed"),
        ({"mandate": " "}, "mandate_missing"),
        ({"systems": []}, "system_unknown"),
        ({"constituencies": {}}, "no_constituencies"),
        ({"constituencies": {"a": 0}}, "no_constituencies"),
        ({"quorum": "3/2"}, "share_out_of_range"),
        ({"majority": "most"}, "share_out_of_range"),
        ({"constituency_majority": "1/0"}, "share_out_of_range"),
        ({"quorum": "1e-999999999"}, "share_out_of_range"),
        ({"quorum": "0.33333333333333333"}, "share_out_of_range"),
        ({"constituencies": {"a": 99_999_999_999}}, "group_too_large"),
        ({"constituencies": {"a" * 81: 1}}, "group_too_large"),
    ],
)
def test_a_charter_that_does_not_hold_is_refused(organisation, system, chair, terms, code):
    with pytest.raises(DomainError) as refused:
        stage.charter(organisation, system, chair, **terms)
    assert refused.value.code == code
    assert not Council.objects.exists()


def test_a_short_name_is_taken_once(council, organisation, system, chair):
    with pytest.raises(membership.CouncilExists):
        stage.charter(organisation, system, chair)


def test_another_organisations_system_cannot_be_governed(system, chair):
    other = organisations.found(slug="south", name="South", at=AT)
    with pytest.raises(membership.SystemForeign):
        stage.charter(other, system, None)


def test_a_charter_is_an_event_with_its_rules(council, events):
    event = next(event for event in events if event.type == "council.chartered")
    assert event.facts["constituencies"] == {"north": 6, "south": 5}
    assert event.facts["quorum"] == "1/2"


def test_secrecy_fixes_the_step_also_in_the_database(secret_council):
    assert secret_council.point_step == 5
    with pytest.raises(IntegrityError), transaction.atomic():
        Council.objects.filter(pk=secret_council.pk).update(point_step=1)


def test_seats_are_limited_and_one_person_has_one(council, organisation, events):
    group = council.constituencies.get(name="south")
    people = [stage.person(organisation, f"p{n}") for n in range(6)]
    for person in people[:5]:
        membership.seat(constituency=group, person=person, by=None, at=AT)
    assert events[-1].type == "seat.taken"
    with pytest.raises(membership.ConstituencyFull):
        membership.seat(constituency=group, person=people[5], by=None, at=AT)
    north = council.constituencies.get(name="north")
    with pytest.raises(membership.SeatHeld):
        membership.seat(constituency=north, person=people[0], by=None, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        Seat.objects.create(council=council, constituency=north, person=people[0], begins_at=AT)


def test_only_people_of_the_organisation_sit(council):
    other = organisations.found(slug="south", name="South", at=AT)
    with pytest.raises(membership.PersonForeign):
        membership.seat(
            constituency=council.constituencies.first(), person=stage.person(other, "far"), by=None, at=AT
        )


def test_a_term_ends_once_and_frees_the_seat(council, organisation):
    group = council.constituencies.get(name="north")
    person = stage.person(organisation, "p")
    seat = membership.seat(constituency=group, person=person, by=None, at=AT)
    membership.unseat(seat=seat, by=None, at=AT + SECOND)
    assert selectors.seat_of(person=person, council=council, at=AT + 2 * SECOND) is None
    with pytest.raises(membership.SeatEnded):
        membership.unseat(seat=seat, by=None, at=AT + 2 * SECOND)
    membership.seat(constituency=group, person=person, by=None, at=AT + 2 * SECOND)


def test_rules_are_said_in_plain_words(council):
    words = dict(rules.in_words(council=council))
    assert words["Quorum"] == "At least half of the members have to agree."
    assert words["Majority of votes"] == "More than half of the votes for and against."
    assert words["Majority of groups"] == "More than half of the groups have to be in favour."
    assert dict(rules.lengths(council=council))["Voting"] == "1 hour"


def test_a_majority_that_may_be_met_exactly_is_said_so(organisation, system, chair):
    council = stage.charter(organisation, system, chair, majority="2/3", majority_strict=False)
    words = dict(rules.in_words(council=council))
    assert words["Majority of votes"] == "At least two thirds of the votes for and against."
