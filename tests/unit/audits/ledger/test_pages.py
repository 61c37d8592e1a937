"""The pages of the log."""

import pytest
from django.test import Client
from edgewise import merkle, proofs

from audits.ledger import panels, selectors, signer
from governance import trail
from tests.unit.audits.ledger import worlds


@pytest.fixture
def auditor(organisation, client: Client):
    person = worlds.make_person(organisation, "ada")
    client.force_login(person)
    return person


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_the_state_of_each_log(client: Client, organisation, auditor) -> None:
    """Size, sealed state, root in fours, and how to verify."""
    worlds.make_system(organisation)
    signer.publish_all(at=worlds.AT)
    page = text(client, "/log/")
    log = selectors.log_of(organisation=organisation)
    assert log
    root = bytes(selectors.latest_checkpoint(log=log).root).hex()
    assert " ".join(root[at : at + 4] for at in range(0, 64, 4)) in page
    assert "Governance of North" in page
    assert "edgewise verify http" in page
    assert "AI system assistant was registered, risk class limited" in page


def test_an_organisation_without_a_sealed_state(client: Client, auditor) -> None:
    """Before the first second is over the page says so."""
    assert "Follows within a second" in text(client, "/log/")


def test_events_are_searched(client: Client, organisation, auditor) -> None:
    """By type and subject; nothing from a search for what never happened."""
    worlds.make_system(organisation)
    assert "system.registered" in text(client, "/log/events/")
    found = text(client, "/log/events/?type=system.registered")
    assert "was registered" in found
    assert "The organisation was founded" not in found
    assert "No events" in text(client, "/log/events/?subject=nothing")
    assert text(client, "/log/events/?type=invented&entry_before=x")


def test_long_lists_have_pages(client: Client, organisation, auditor) -> None:
    """Fifty at a time, newest first."""
    with trail.act():
        for number in range(60):
            trail.record(
                "test.said", organisation=organisation, by=None, at=worlds.AT, subject=f"thing:{number}"
            )
    first = text(client, "/log/events/?type=test.said")
    assert "thing 59" in first
    assert "thing 9<" not in first
    log = selectors.log_of(organisation=organisation)
    assert log
    before = selectors.size(log=log) - 50
    assert f"?type=test.said&amp;entry_before={before}" in first
    assert "thing 9<" in text(client, f"/log/events/?type=test.said&entry_before={before}")


def test_an_entry_and_its_receipt(client: Client, organisation, auditor) -> None:
    """The entry as it stands, its hash, and a receipt that verifies offline."""
    url = "/log/north/_org/entries/0/"
    assert "Sealed within a second" in text(client, url)
    assert client.get(f"{url}receipt").status_code == 404
    signer.publish_all(at=worlds.AT)
    log = selectors.log_of(organisation=organisation)
    assert log
    entry = selectors.entry(log=log, index=0)
    grouped = merkle.leaf_hash(entry).hex()[:4]
    page = text(client, url)
    assert "organisation.founded" in page
    assert grouped in page
    response = client.get(f"{url}receipt")
    assert response["Content-Disposition"] == 'attachment; filename="_org-0.tlog-proof"'
    proofs.verify(response.content, selectors.vkeys(log=log)[0], entry=entry)


def test_entries_elsewhere_are_not_found(client: Client, organisation, auditor) -> None:
    """Beyond the end, of no log, of another organisation."""
    worlds.make_organisation("south")
    for path in ("north/_org/entries/99", "north/none/entries/0", "south/_org/entries/0"):
        assert client.get(f"/log/{path}/").status_code == 404
        assert client.get(f"/log/{path}/receipt").status_code == 404


def test_names_are_shown_and_not_logged(client: Client, organisation, auditor) -> None:
    """The page tells who acted; the entry holds a pseudonym."""
    with trail.act():
        trail.record("test.said", organisation=organisation, by=auditor, at=worlds.AT)
    assert "<td>Ada</td>" in text(client, "/log/events/")
    log = selectors.log_of(organisation=organisation)
    assert log
    entries = selectors.entries(log=log, start=0, stop=99)
    assert not any(b"Ada" in entry for entry in entries)


def test_the_panel_tells_the_latest_events(organisation, auditor) -> None:
    """For those who may read the log."""
    (panel,) = panels.panels(organisation=organisation, person=auditor, system=None, at=worlds.AT)
    assert [row.note for row in panel.rows] == ["entry 1", "entry 0"]
    stranger = worlds.make_person(worlds.make_organisation("south"), "eve")
    assert panels.panels(organisation=organisation, person=stranger, system=None, at=worlds.AT) == []
