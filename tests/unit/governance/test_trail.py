"""A change and its event stand or fall together."""

import datetime as dt

import pytest
from django.db import ProgrammingError, connection

from governance import constraints, trail
from governance.organisations import services
from governance.organisations.models import Organisation, Person

from .conftest import AT


def test_the_events_of_nested_acts_arrive_together_in_order(events, organisation):
    events.clear()
    with trail.act():
        services.add_person(
            organisation=organisation, username="one", password=None, role="member", by=None, at=AT
        )
        trail.record("later", organisation=organisation, by=None, at=AT)
        assert events == []
    assert [event.type for event in events] == ["role.given", "later"]


def test_when_the_trail_refuses_nothing_changes(db, settings):
    settings.GOVERNANCE_TRAIL = "tests.unit.governance.conftest.refuse"
    with pytest.raises(OSError, match="the log is away"):
        services.found(slug="south", name="South", at=AT)
    assert not Organisation.objects.filter(slug="south").exists()


def test_events_of_a_failed_act_do_not_leak_into_the_next(events, organisation):
    events.clear()
    with pytest.raises(services.UnknownRole):
        services.add_person(
            organisation=organisation, username="x", password=None, role="queen", by=None, at=AT
        )
    assert not Person.objects.filter(username="x").exists()
    services.set_log_visibility(organisation=organisation, public=True, by=None, at=AT)
    assert [event.type for event in events] == ["organisation.log_visibility_set"]


def test_a_failed_act_takes_its_events_out_of_the_act_around_it(events, organisation):
    events.clear()

    @trail.act()
    def stopped_half_way() -> None:
        services.add_person(
            organisation=organisation, username="x", password=None, role="member", by=None, at=AT
        )
        raise OSError("half way")

    with trail.act():
        trail.record("before", organisation=organisation, by=None, at=AT)
        with pytest.raises(OSError, match="half way"):
            stopped_half_way()
        trail.record("after", organisation=organisation, by=None, at=AT)
    assert [event.type for event in events] == ["before", "after"]
    assert not Person.objects.filter(username="x").exists()


def test_recording_outside_an_act_is_a_defect(events, organisation):
    with pytest.raises(RuntimeError, match="act"):
        trail.record("x", organisation=organisation, by=None, at=dt.datetime.now(dt.UTC))


def test_actors_are_named_without_personal_data(owner, system):
    assert trail.actor_name(owner) == f"person:{owner.pk}"
    assert trail.actor_name(system) == "system:assistant"
    assert trail.actor_name(None) == "scheduler"


def test_what_somebody_else_did_first_is_refused_in_words(organisation):
    with pytest.raises(constraints.ChangedMeanwhile, match="a moment earlier"), trail.act():
        Organisation.objects.create(slug=organisation.slug, name="Again", created_at=AT)
    assert Organisation.objects.filter(slug=organisation.slug).count() == 1


def test_a_value_too_large_for_its_place_is_refused_in_words(organisation):
    with pytest.raises(constraints.ValueDoesNotFit), trail.act():
        Organisation.objects.filter(pk=organisation.pk).update(name="n" * 1_000)


def test_other_errors_of_the_database_stay_what_they_are(organisation):
    with pytest.raises(ProgrammingError), trail.act(), connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")
