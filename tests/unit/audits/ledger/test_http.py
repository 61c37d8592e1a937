"""The logs over HTTP: what tlog-tiles asks for, to those who may read."""

import datetime as dt
import html
import re

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audits.ledger import selectors, services, signer
from audits.ledger.models import Log
from governance.access import services as access
from governance.organisations import services as organisations
from tests.independent_reader import reader
from tests.unit.audits.ledger import worlds

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
# fmt: off
MALFORMED = [
    "0/000.p/0", "0/000.p/256", "0/00", "0/0000", "64/000", "00/000", "-1/000", "0/x001/1", "0/000.p/01",
    "0/000/", "0", "x", "entries/1", "entries/000.p/0", "0/000%20",
    "0/" + "x999/" * 20 + "999", "entries/" + "x999/" * 20 + "999.p/1",
]
BEYOND = [
    "0/002", "0/002.p/89", "0/003", "1/000", "1/000.p/3", "2/000.p/1", "63/000.p/1", "entries/002",
    "entries/002.p/89", "entries/003.p/1", "0/" + "x999/" * 5 + "999", "entries/" + "x999/" * 5 + "999.p/1",
]
# fmt: on


@pytest.fixture
def public_log(db) -> Log:
    """600 entries, sealed, of an organisation that publishes its logs."""
    log = worlds.empty_log(worlds.make_organisation("open", public=True))
    services.append(log=log, entries=worlds.numbered(0, 600))
    signer.publish(log=log, at=worlds.AT)
    return log


@pytest.fixture
def private_log(organisation) -> Log:
    log = worlds.empty_log(organisation)
    services.append(log=log, entries=worlds.numbered(0, 3))
    signer.publish(log=log, at=worlds.AT)
    return log


def prefix(log: Log) -> str:
    return f"/log/{log.organisation.slug}/{log.slug}"


def fetcher(client: Client, log: Log) -> reader.Fetch:
    """The independent reader's way to the Django test client."""

    def fetch(path: str) -> bytes:
        response = client.get(f"{prefix(log)}/{path}")
        if response.status_code != 200:
            raise reader.LogError(f"{path}: HTTP status {response.status_code}")
        assert response["Content-Type"] == (BYTES if path.startswith("tile/") else TEXT)
        return response.content

    return fetch


def test_the_independent_reader_verifies_a_served_log(client: Client, public_log: Log) -> None:
    """Checkpoint, every tile and every bundle, by either of the log's keys."""
    for vkey in selectors.vkeys(log=public_log):
        found = reader.verify_log(fetcher(client, public_log), vkey)
        assert (found.origin, found.size) == (public_log.origin, 600)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=4))
def test_every_published_size_verifies(client: Client, db, sizes: list[int]) -> None:
    """Partials of the latest size are served whatever the log has grown to since."""
    log = worlds.empty_log(worlds.make_organisation(f"o-{Log.objects.count()}", public=True))
    total = 0
    for size in sizes:
        services.append(log=log, entries=worlds.numbered(total, total + size))
        total += size
        signer.publish(log=log, at=worlds.AT)
        services.append(log=log, entries=worlds.numbered(total, total + 1))
        total += 1
        found = reader.verify_log(fetcher(client, log), selectors.vkeys(log=log)[0])
        assert found.size == total - 1


def test_receipts_satisfy_the_independent_reader(public_log: Log) -> None:
    """For the first, the last and those at a tile's edge."""
    for index in (0, 255, 256, 599):
        receipt = selectors.receipt(log=public_log, index=index).encode()
        entry = selectors.entry(log=public_log, index=index)
        for vkey in selectors.vkeys(log=public_log):
            assert reader.verify_receipt(receipt, entry, vkey) == index


def test_caching(client: Client, public_log: Log, private_log: Log) -> None:
    """Tiles never change; a checkpoint is fresh for a second; private logs stay out of shared caches."""
    base = prefix(public_log)
    assert client.get(f"{base}/tile/0/000")["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(f"{base}/checkpoint")["Cache-Control"] == "public, max-age=1"
    token = token_of(worlds.make_person(private_log.organisation, "ada"), private_log.organisation)
    answer = client.get(f"{prefix(private_log)}/tile/0/000.p/3", headers={"Authorization": f"Bearer {token}"})
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("entries", [3, 256])
def test_the_guides_commands_find_files_in_a_log_of_any_size(client: Client, db, entries: int) -> None:
    """Also in one that has no full tile yet."""
    log = worlds.empty_log(worlds.make_organisation("open", public=True))
    services.append(log=log, entries=worlds.numbered(0, entries))
    signer.publish(log=log, at=worlds.AT)
    page = client.get(reverse("verify_the_log")).content.decode()
    paths = re.findall(r"^curl .*/log/ORGANISATION/SYSTEM(/\S+?)(?:<|$)", page, re.MULTILINE)
    assert len(paths) == 2
    assert [client.get(f"{prefix(log)}{path}").status_code for path in paths] == [200, 200]


def test_the_guide_gives_each_command_the_token_in_its_own_way(client: Client, db) -> None:
    page = html.unescape(client.get(reverse("verify_the_log")).content.decode())
    assert "edgewise verify … --token TOKEN" in page
    assert 'curl --header "Authorization: Bearer TOKEN"' in page


def test_a_tile_states_its_length(client: Client, public_log: Log) -> None:
    """A kept-alive client knows where it ends, whichever way it was answered."""
    for path in ("tile/0/000", "tile/0/000.p/3", "tile/entries/000.p/3", "checkpoint"):
        answer = client.get(f"{prefix(public_log)}/{path}")
        assert answer.status_code == 200, path
        assert answer.headers["Content-Length"] == str(len(answer.content)), path


def test_sizes_of_tiles(client: Client, public_log: Log) -> None:
    """Full, partial, cut from a full one, and above the leaves."""
    base = prefix(public_log)
    for path, width in (
        ("0/000", 256),
        ("0/002.p/88", 88),
        ("0/002.p/1", 1),
        ("0/001.p/7", 7),
        ("1/000.p/2", 2),
    ):
        assert len(client.get(f"{base}/tile/{path}").content) == width * 32
    assert client.get(f"{base}/tile/0/001.p/7").content == client.get(f"{base}/tile/0/001").content[: 7 * 32]


@pytest.mark.parametrize("path", MALFORMED)
def test_malformed_paths_are_refused(client: Client, public_log: Log, path: str) -> None:
    """400: no such path can ever name a tile; a width of 0 is never served."""
    assert client.get(f"{prefix(public_log)}/tile/{path}").status_code == 400


@pytest.mark.parametrize("path", BEYOND)
def test_what_the_log_has_not_reached_is_not_found(client: Client, public_log: Log, path: str) -> None:
    """404, however far beyond the end."""
    assert client.get(f"{prefix(public_log)}/tile/{path}").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_logs_are_read_only(client: Client, public_log: Log, method: str) -> None:
    """No other method does anything."""
    assert getattr(client, method)(f"{prefix(public_log)}/checkpoint").status_code == 405


def test_bundles_are_compressed_for_those_who_ask(client: Client, public_log: Log) -> None:
    """As tlog-tiles recommends; tiles of hashes are not."""
    headers = {"Accept-Encoding": "gzip"}
    answer = client.get(f"{prefix(public_log)}/tile/entries/000", headers=headers)
    assert answer["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in client.get(f"{prefix(public_log)}/tile/0/000", headers=headers)


def test_the_policy_lists_the_log(client: Client, public_log: Log) -> None:
    """A tlog-policy that accepts this log by its Ed25519 key."""
    lines = client.get(f"{prefix(public_log)}/policy").content.decode().splitlines()
    ed25519, ml_dsa = selectors.vkeys(log=public_log)
    assert lines[0] == f"# also signed by {ml_dsa}"
    assert lines[1].startswith(f"log {ed25519} http")
    assert lines[1].endswith(prefix(public_log))
    assert lines[2] == "quorum none"


def token_of(person, organisation, **more) -> str:
    _, secret = access.create_personal_token(
        person=person, organisation=organisation, label="reads", by=person, at=worlds.AT, **more
    )
    return secret


def status(log: Log, secret: str = "", path: str = "checkpoint") -> int:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return Client().get(f"{prefix(log)}/{path}", headers=headers).status_code


@pytest.mark.parametrize("path", ["checkpoint", "policy", "tile/0/000.p/3", "tile/entries/000.p/3", "tile/x"])
def test_a_private_log_is_as_if_absent(client: Client, private_log: Log, path: str) -> None:
    """Same answer as for a log that does not exist: no hint."""
    hidden = client.get(f"{prefix(private_log)}/{path}")
    absent = client.get(f"/log/nobody/nothing/{path}")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content


def test_who_reads_a_private_log(private_log: Log) -> None:
    """The auditor's token does; that of another organisation, a revoked one and a wrong one do not."""
    organisation = private_log.organisation
    ada = worlds.make_person(organisation, "ada")
    other = worlds.make_organisation("south")
    eve = worlds.make_person(other, "eve")
    good = token_of(ada, organisation)
    assert status(private_log, good) == 200
    assert status(private_log, token_of(eve, other)) == 404
    assert status(private_log, good + "x") == 404
    late = worlds.AT + dt.timedelta(days=1)
    assert status(private_log, token_of(ada, organisation, expires_at=late)) == 404
    organisations.withdraw_role(organisation=organisation, person=ada, role="auditor", by=ada, at=worlds.AT)
    assert status(private_log, good) == 404


def test_a_systems_key_reads_its_own_log_only(private_log: Log) -> None:
    """Not that of another system, not the organisation's, and only with the scope."""
    organisation = private_log.organisation
    other = worlds.make_system(organisation, "other")
    for system, scopes, expected in (
        (private_log.system, ("decisions:read",), 200),
        (private_log.system, ("decisions:write",), 404),
        (other, ("decisions:read",), 404),
    ):
        _, secret = access.create_api_key(system=system, label="k", by=None, at=worlds.AT, scopes=scopes)
        assert status(private_log, secret) == expected
    own = selectors.log_of(organisation=organisation)
    assert own
    signer.publish(log=own, at=worlds.AT)
    assert status(own, secret) == 404


def test_a_signed_in_person_reads_their_organisations_logs(client: Client, private_log: Log) -> None:
    """By session; somebody else's session does not help."""
    person = worlds.make_person(private_log.organisation, "ada")
    client.force_login(person)
    assert client.get(f"{prefix(private_log)}/checkpoint").status_code == 200
    client.force_login(worlds.make_person(worlds.make_organisation("south"), "eve"))
    assert client.get(f"{prefix(private_log)}/checkpoint").status_code == 404


def test_a_log_not_sealed_yet_has_no_checkpoint(client: Client, db) -> None:
    """Until its first second is over."""
    log = worlds.empty_log(worlds.make_organisation("open", public=True))
    assert client.get(f"{prefix(log)}/checkpoint").status_code == 404
