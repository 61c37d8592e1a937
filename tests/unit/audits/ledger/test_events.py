"""The audit trail in the log: typed entries, sealed facts, all or nothing."""

import base64
import json
from hashlib import sha256

import pytest
from django.db import transaction

from audits.ledger import events as entries_of_events
from audits.ledger import sealing, selectors, sentences, services
from audits.ledger.models import DataKey, Log, LoggedEvent, SealedFacts
from governance import trail
from governance.organisations.models import Organisation
from tests.unit.audits.ledger import worlds


@trail.act()
def say(organisation, *, system=None, by=None, sealed=None, **facts) -> None:
    trail.record(
        "test.said",
        organisation=organisation,
        system=system,
        by=by,
        at=worlds.AT,
        subject="thing:1",
        sealed=sealed,
        **facts,
    )


def own_log(organisation) -> Log:
    found = selectors.log_of(organisation=organisation)
    assert found
    return found


def last_entry(log: Log) -> dict:
    return json.loads(selectors.entry(log=log, index=selectors.size(log=log) - 1))


def test_an_act_becomes_a_typed_entry(organisation) -> None:
    """The entry says what happened, when, to what and through whom; keys sorted."""
    person = worlds.make_person(organisation, "ada")
    say(organisation, by=person, number=3)
    log = own_log(organisation)
    data = selectors.entry(log=log, index=selectors.size(log=log) - 1)
    assert json.loads(data) == {
        "type": "test.said",
        "at": "2026-06-01T12:00:00Z",
        "by": f"person:{person.pk}",
        "subject": "thing:1",
        "facts": {"number": 3},
    }
    assert data == json.dumps(json.loads(data), sort_keys=True, separators=(",", ":")).encode()


def test_a_systems_events_stand_in_its_own_log(organisation) -> None:
    """A system named: its log; none named: the organisation's."""
    system = worlds.make_system(organisation)
    say(organisation, system=system)
    found = selectors.log_of(organisation=organisation, system=system)
    assert found
    assert last_entry(found)["type"] == "test.said"
    assert last_entry(own_log(organisation))["type"] == "system.registered"


def test_sealed_facts_enter_as_commitments_only(organisation) -> None:
    """The value is nowhere in the log; value and salt, kept beside it, open the commitment."""
    say(organisation, sealed={"title": "Ada's worry"})
    log = own_log(organisation)
    index = selectors.size(log=log) - 1
    assert b"worry" not in selectors.entry(log=log, index=index)
    assert b"worry" not in bytes(SealedFacts.objects.get(log=log, index=index).blob)
    secret = selectors.opened(log=log, index=index)["title"]
    assert secret["value"] == "Ada's worry"
    digest = sha256(base64.b64decode(secret["salt"]) + b'"Ada\'s worry"').digest()
    assert last_entry(log)["sealed"]["title"]["commitment"] == base64.b64encode(digest).decode()


def test_equal_values_have_unlike_commitments(organisation) -> None:
    """Salts are fresh: nobody can tell that two people wrote the same."""
    say(organisation, sealed={"text": "yes"})
    first = last_entry(own_log(organisation))["sealed"]
    say(organisation, sealed={"text": "yes"})
    assert last_entry(own_log(organisation))["sealed"] != first


def test_what_a_person_said_lies_under_their_own_key(organisation) -> None:
    """So that erasing one person leaves the rest readable."""
    ada, bob = (worlds.make_person(organisation, name) for name in ("ada", "bob"))
    for person in (ada, bob):
        say(organisation, by=person, sealed={"text": "hello"})
    keys = set(SealedFacts.objects.values_list("data_key_id", flat=True))
    assert len(keys) == 2
    key = sealing.find(organisation=organisation, reference=f"person:{ada.pk}")
    DataKey.objects.filter(pk=key.pk).update(wrapped=None, destroyed_at=worlds.AT)
    log = own_log(organisation)
    size = selectors.size(log=log)
    with pytest.raises(sealing.Erased):
        selectors.opened(log=log, index=size - 2)
    assert selectors.opened(log=log, index=size - 1)["text"]["value"] == "hello"


def test_an_event_too_large_refuses_the_act(organisation) -> None:
    """An entry has at most 65,535 bytes; the act it belongs to does not happen."""
    before = Organisation.objects.get(pk=organisation.pk).name
    with pytest.raises(services.EntryTooLarge):
        rename_at_length(organisation)
    assert Organisation.objects.get(pk=organisation.pk).name == before


@trail.act()
def rename_at_length(organisation) -> None:
    Organisation.objects.filter(pk=organisation.pk).update(name="Changed")
    say(organisation, text="x" * 70_000)


def test_when_the_trail_refuses_nothing_changes(organisation, settings) -> None:
    """The change and its entry stand or fall together."""
    settings.GOVERNANCE_TRAIL = f"{__name__}.away"
    size = selectors.size(log=own_log(organisation))
    with pytest.raises(OSError, match="away"):
        worlds.make_system(organisation, "never")
    assert not organisation.systems.filter(slug="never").exists()
    assert selectors.size(log=own_log(organisation)) == size


def away(events: list[trail.Event]) -> None:
    """Appends, then fails: what was appended has to go as well."""
    services.append_events(events)
    raise OSError("the log is away")


def test_events_of_one_act_are_appended_in_order(organisation) -> None:
    """One act, several events, one stretch of the log."""
    with trail.act():
        for number in range(3):
            say(organisation, number=number)
    found = list(selectors.events(organisation=organisation, type="test.said"))
    entries = selectors.entries_at(log=own_log(organisation), indexes=[each.index for each in found])
    assert [json.loads(entries[each.index])["facts"]["number"] for each in found] == [2, 1, 0]


def test_events_are_found_by_type_and_subject(organisation) -> None:
    """By exact type, by family of types, by subject; never those of another organisation."""
    other = worlds.make_organisation("south")
    say(other)
    say(organisation)
    assert [e.type for e in selectors.events(organisation=organisation, type="test.said")] == ["test.said"]
    assert selectors.events(organisation=organisation, type="organisation.").count() == 1
    assert selectors.events(organisation=organisation, subject="thing:1").count() == 1
    assert selectors.events(organisation=organisation, text='"by":"scheduler"').count() == 2
    assert selectors.events(organisation=organisation, text="log_is_public").count() == 1
    assert selectors.events(organisation=organisation, text="nowhere").count() == 0
    assert selectors.event_types(organisation=organisation) == ["organisation.founded", "test.said"]
    assert LoggedEvent.objects.filter(type="test.said").count() == 2


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"type": "policy.enacted", "subject": "policy:m/4"}, "Policy m/4 takes effect"),
        ({"type": "policy.enacted"}, "Policy enacted"),
        ({"type": "hard_norm.set", "subject": "norm:safety"}, "Hard norm set: safety"),
        ({"type": "voting.opened", "subject": "proposal:7"}, "Voting opened on proposal 7"),
        (
            {"type": "proposal.passed", "subject": "proposal:7"},
            "Proposal 7 passed; its waiting period begins",
        ),
        ({"type": "thing.opened", "subject": "thing:12"}, "Thing opened: thing 12"),
        (
            {"type": "role.given", "subject": "person:2", "facts": {"role": "chair"}},
            "Person 2 was given the role chair",
        ),
        (
            {"type": "finding.opened", "facts": {"verdict": "norm_violation"}},
            "A finding was opened: Broke a hard norm",
        ),
        ({"type": "finding.opened", "facts": {"verdict": "new_one"}}, "A finding was opened: new_one"),
        ({"type": "organisation.founded"}, "The organisation was founded on this platform"),
        ({}, ""),
    ],
)
def test_sentences(entry: dict, expected: str) -> None:
    """A known event reads as its sentence; an unknown one, or one short of a fact, as its type and subject."""
    assert sentences.sentence(entry) == expected


def test_sentences_tell_names_that_are_known() -> None:
    """Of the subject and of a person among the facts."""
    entry = {"type": "seat.taken", "subject": "council:main", "facts": {"person": 7, "constituency": "Youth"}}
    assert sentences.sentence(entry, {"person:7": "Ada"}) == "Ada took a seat for Youth in council main"


def test_the_moment_is_written_in_utc() -> None:
    """One spelling for one moment."""
    assert entries_of_events.moment(worlds.AT) == "2026-06-01T12:00:00Z"


def test_logs_are_locked_in_one_order(organisation) -> None:
    """An act over several logs appends to each, whatever the order of its events."""
    system = worlds.make_system(organisation)
    with transaction.atomic(), trail.act():
        for each in (system, None, system):
            say(organisation, system=each)
    assert selectors.events(organisation=organisation, system=system, type="test.said").count() == 2
    assert selectors.events(organisation=organisation, type="test.said").count() == 1
