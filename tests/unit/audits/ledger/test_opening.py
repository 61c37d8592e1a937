"""Opening what an event seals: who may, what it shows, and that the log says who looked."""

import base64

import edgewise
import pytest
from django.test import Client
from edgewise import strict_json
from edgewise.errors import VerificationError

from audits.ledger import disclosure, sealing, selectors, sentences
from audits.ledger.models import Log, LoggedEvent
from governance import trail
from tests.unit.audits.ledger import worlds

REASON = "Ada asked for it."


@pytest.fixture
def own_log(organisation) -> Log:
    found = selectors.log_of(organisation=organisation)
    assert found
    return found


@pytest.fixture
def auditor(organisation, client: Client):
    person = worlds.make_person(organisation, "auditor")
    client.force_login(person)
    return person


@trail.act()
def seal(organisation, *, event: str = "thing.vetoed", system=None) -> None:
    sealed = {"reason": REASON}
    trail.record(event, organisation=organisation, system=system, by=None, at=worlds.AT, sealed=sealed)


def sealed_at(log: Log, **more) -> int:
    """The index of a new entry that seals a reason."""
    seal(log.organisation, **more)
    return selectors.size(log=log) - 1


def address(log: Log, index: int) -> str:
    return f"/api/v1/log/{log.organisation.slug}/{log.slug}/entries/{index}/opened"


def looks(organisation) -> int:
    return LoggedEvent.objects.filter(log__organisation=organisation, type="entry.opened").count()


def test_an_auditor_opens_a_reason_and_verifies_it_against_the_entry(client, own_log, auditor) -> None:
    """With the entry's bytes as the log serves them, and the SDK alone; another value or salt is refused."""
    index = sealed_at(own_log)
    told = client.get(address(own_log, index)).json()
    entry = base64.b64decode(told["entry"])
    assert entry == selectors.entry(log=own_log, index=index)
    value, salt = told["opened"]["values"]["/reason"], told["opened"]["salts"]["/reason"]
    assert (told["index"], value) == (index, REASON)
    edgewise.verify_commitment(entry, "/reason", value=value, salt=salt)
    with pytest.raises(VerificationError, match="/reason"):
        edgewise.verify_commitment(entry, "/reason", value="Bob asked for it.", salt=salt)


def test_the_log_says_who_looked(client, organisation, own_log, auditor) -> None:
    index = sealed_at(own_log)
    client.get(address(own_log, index))
    looked = LoggedEvent.objects.get(type="entry.opened")
    assert (looked.log, looked.by, looked.subject) == (own_log, f"person:{auditor.pk}", f"entry:{index}")
    entry = strict_json.loads(selectors.entry(log=own_log, index=looked.index))
    assert sentences.sentence(entry) == f"What entry {index} of the log _org seals was opened"


def test_when_the_trail_refuses_nothing_is_shown(own_log, auditor, settings) -> None:
    """Nobody looks unseen."""
    index = sealed_at(own_log)
    settings.GOVERNANCE_TRAIL = "tests.unit.audits.ledger.test_events.away"
    with pytest.raises(OSError, match="away"):
        disclosure.disclose(log=own_log, index=index, by=auditor, at=worlds.AT)


@pytest.mark.parametrize("role", ["admin", "chair", "member"])
def test_who_may_not_export_evidence_may_not_open(client, organisation, own_log, role) -> None:
    """The roles that may open decisions, and no other."""
    client.force_login(worlds.make_person(organisation, role, role))
    index = sealed_at(own_log)
    refusal = client.get(address(own_log, index))
    assert (refusal.status_code, refusal.json()["code"]) == (403, "forbidden")
    page = client.get(f"/log/north/_org/entries/{index}/?open=1").content.decode()
    assert REASON not in page
    assert "open=1" not in page
    assert looks(organisation) == 0


def test_another_organisations_entries_are_unknown(client, organisation, own_log, auditor) -> None:
    """Its auditors, too, look only at their own."""
    other = worlds.make_organisation("south")
    log = selectors.log_of(organisation=other)
    assert log
    refusal = client.get(address(log, sealed_at(log)))
    assert (refusal.status_code, refusal.json()["code"]) == (404, "not_found")
    assert looks(other) == looks(organisation) == 0


def test_what_was_erased_is_said_to_be_erased(client, organisation, own_log, auditor) -> None:
    """Over the API and on the page; the entry stands as it stood."""
    index = sealed_at(own_log)
    events = selectors.events(organisation=organisation, type="thing.vetoed")
    sealing.forget(events=events)
    refusal = client.get(address(own_log, index))
    assert (refusal.status_code, refusal.json()["code"]) == (410, "erased")
    assert "They were erased" in client.get(f"/log/north/_org/entries/{index}/?open=1").content.decode()
    assert looks(organisation) == 0


def test_what_lay_under_a_destroyed_key_is_erased(client, organisation, own_log, auditor) -> None:
    index = sealed_at(own_log)
    key = sealing.find(organisation=organisation, reference="organisation")
    assert key
    sealing.destroy(key=key, at=worlds.AT)
    assert client.get(address(own_log, index)).json()["code"] == "erased"


@pytest.mark.parametrize(
    ("event", "status", "code"), [("ballot.cast", 403, "never_opened"), (None, 404, "nothing_sealed")]
)
def test_what_is_not_there_to_be_opened(client, organisation, own_log, auditor, event, status, code) -> None:
    """How somebody voted is shown to nobody."""
    index = sealed_at(own_log, event=event) if event else 0
    refusal = client.get(address(own_log, index))
    assert (refusal.status_code, refusal.json()["code"]) == (status, code)
    assert "open=1" not in client.get(f"/log/north/_org/entries/{index}/").content.decode()
    assert looks(organisation) == 0


def test_an_entry_that_never_was_is_unknown(client, own_log, auditor) -> None:
    assert client.get(address(own_log, 10_000)).json()["code"] == "not_found"


def test_the_page_of_an_entry_opens_it_when_asked(client, organisation, own_log, auditor) -> None:
    """Looking at the entry opens nothing yet."""
    index = sealed_at(own_log)
    page = client.get(f"/log/north/_org/entries/{index}/").content.decode()
    assert "The log will say that you looked" in page
    assert (REASON in page, looks(organisation)) == (False, 0)
    assert REASON in client.get(f"/log/north/_org/entries/{index}/?open=1").content.decode()
    assert looks(organisation) == 1


def test_a_systems_events_are_opened_likewise(client, organisation, auditor) -> None:
    """What the organisation's log then says names the system's log."""
    system = worlds.make_system(organisation)
    seal(organisation, system=system)
    log = selectors.log_of(organisation=organisation, system=system)
    assert log
    told = client.get(address(log, selectors.size(log=log) - 1)).json()
    assert told["opened"]["values"] == {"/reason": REASON}
    assert LoggedEvent.objects.get(type="entry.opened").log.system is None
