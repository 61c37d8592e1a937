"""Two deployments: one's logs are confirmed by the other over real HTTP, and a second history never is."""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from edgewise import merkle, notes, proofs, trust
from edgewise.checkpoints import Checkpoint as Stated
from pytest_django import DjangoDbBlocker

from audits.ledger import confirmation, feeder, keys, selectors, services, signer, witness_client, witnesses
from audits.ledger.models import Contact, Cosignature, Log
from tests import databases, live
from tests.unit.audits.ledger import worlds
from tests.unit.audits.witnessing.trees import list_logs

KNOWN = [f"edgewise.local/log/north/bare-{number}" for number in range(4)]


@dataclass
class Witness:
    """Another deployment, and the lines by which it is listed."""

    live: live.LiveEdgewise
    lines: str

    def policy(self, quorum: str) -> str:
        names = [line.split()[1] for line in self.lines.splitlines()]
        return f"{self.lines}group both all {' '.join(names)}\nquorum {quorum}\n"


@pytest.fixture(scope="module")
def witness(
    template_database: str, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Witness]:
    """A deployment with keys, a home and a database of its own that knows four logs of this one."""
    home = tmp_path_factory.mktemp("witness")
    vkeys = [keys.vkeys(origin)[0] for origin in KNOWN]
    own = {
        "EDGEWISE_HOME": str(home),
        "EDGEWISE_ORIGIN": "witness.example",
        "EDGEWISE_WITNESSED_LOGS": str(list_logs(home / "witnessed-logs", vkeys)),
    }
    with django_db_blocker.unblock(), live.edgewise(template_database, **own) as other:
        lines = fetch(f"{other.url}/witness/").replace("http://127.0.0.1:8000", other.url)
        yield Witness(other, lines)


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as response:
        return str(response.read().decode())


@pytest.fixture
def logs(witness: Witness, template_database: str, tmp_path: Path, monkeypatch) -> Iterator[list[Log]]:
    """Logs of this deployment in a database of its own: four that the witness knows, and one that it does not."""
    path = tmp_path / "witnesses"
    path.write_text(witness.policy("both"))
    monkeypatch.setattr(settings, "EDGEWISE_WITNESSES", path)
    with databases.clone(template_database):
        organisation = worlds.make_organisation()
        yield [worlds.empty_log(organisation) for _ in range(5)]


def feed(log: Log) -> str:
    """One confirmation of the log's latest checkpoint; what stood in the way."""
    (listed,) = witnesses.listed()
    way = witness_client.transport(listed)
    try:
        (waiting,) = [each for each in confirmation.waiting(witness=listed) if each.log == log]
        refusal = feeder.feed(witness=listed, way=way, checkpoint=waiting, at=worlds.AT)
        return refusal.problem if refusal else ""
    finally:
        way.close()


def grow(log: Log, start: int, stop: int) -> None:
    worlds.fill(log, start, stop)
    signer.publish(log=log, at=worlds.AT)


def policy_of(log: Log) -> trust.TrustPolicy:
    return trust.parse(selectors.policy_file(log=log, url="https://x.example"))


def served(log: Log) -> str:
    found = confirmation.served(log=log, at=worlds.AT)
    assert found
    return confirmation.note(found)


def test_a_log_is_confirmed_as_it_grows(logs: list[Log]) -> None:
    """Checkpoint, receipt and policy together satisfy a reader who asks for the quorum."""
    log = logs[0]
    for start, stop in ((0, 3), (3, 300), (300, 301), (301, 900)):
        grow(log, start, stop)
        with pytest.raises(trust.QuorumMissed):
            policy_of(log).check(selectors.latest_checkpoint(log=log).note)
        assert feed(log) == ""
        assert policy_of(log).check(served(log)).size == stop
    receipt = selectors.receipt(log=log, index=299)
    checked = proofs.verify(receipt, policy_of(log), entry=selectors.entry(log=log, index=299))
    assert checked.size == 900
    assert Cosignature.objects.filter(log=log).count() == 8


def test_the_log_goes_on_from_the_size_the_witness_names(logs: list[Log]) -> None:
    """What this side remembers of the witness may be lost, or behind: 409, and the right proof follows."""
    log = logs[1]
    grow(log, 0, 40)
    assert feed(log) == ""
    grow(log, 40, 90)
    (listed,) = witnesses.listed()
    latest = selectors.latest_checkpoint(log=log)
    way, asked = witness_client.transport(listed), []

    def prove(old: int) -> list[bytes]:
        asked.append(old)
        return merkle.consistency_proof(old, 90, merkle.leaf_hashes(worlds.numbered(0, 90)))

    found = witness_client.confirm(listed, way, note=latest.note, size=90, old=7, prove=prove)
    way.close()
    assert (asked, len(found)) == ([7, 40], 2)


def test_a_log_the_witness_does_not_know_is_not_confirmed(logs: list[Log]) -> None:
    """The page says so in plain words; the log itself goes on."""
    log = logs[4]
    grow(log, 0, 5)
    assert feed(log) == witness_client.LOG_UNKNOWN
    assert Contact.objects.get(log=log).problem == witness_client.LOG_UNKNOWN
    (standing,) = confirmation.standings(log=log)
    assert (standing.size, standing.alarming) == (None, False)


def test_a_witness_that_is_away_delays_nothing(logs: list[Log], monkeypatch, tmp_path: Path) -> None:
    """No answer: the checkpoint is served without after a short while, and ingest and signing never notice."""
    log = logs[2]
    path, listed = tmp_path / "away", settings.EDGEWISE_WITNESSES.read_text()
    port = listed.split("127.0.0.1:")[1].partition("/")[0]
    path.write_text(listed.replace(port, str(live.free_port())))
    monkeypatch.setattr(settings, "EDGEWISE_WITNESSES", path)
    grow(log, 0, 5)
    assert feed(log) == witness_client.UNREACHABLE
    later = worlds.AT + confirmation.GRACE
    assert confirmation.served(log=log, at=later).size == 5


def test_what_is_served_never_goes_back(logs: list[Log]) -> None:
    """A confirmed checkpoint is preferred while the next one is young; once its time is over it is served anyhow."""
    log = logs[3]
    grow(log, 0, 5)
    assert feed(log) == ""
    grow(log, 5, 9)
    assert confirmation.served(log=log, at=worlds.AT).size == 5
    assert confirmation.served(log=log, at=worlds.AT + confirmation.GRACE).size == 9
    assert confirmation.served(log=log, at=worlds.AT).size == 9
    assert feed(log) == ""
    assert confirmation.served(log=log, at=worlds.AT).size == 9


def forge(log: Log, size: int, changed: int) -> str:
    """Another history under the log's own key: what an operator can make who cheats."""
    entries = worlds.numbered(0, size)
    entries[changed] = b'{"type":"forged"}'
    root = merkle.root(merkle.leaf_hashes(entries))
    return notes.sign(Stated(log.origin, size, root).text(), keys.signers(log.origin), at=1)


def submit(log: Log, note: str, size: int, old: int, entries: list[bytes]) -> dict:
    (listed,) = witnesses.listed()
    way = witness_client.transport(listed)
    hashes = merkle.leaf_hashes(entries)
    try:
        return witness_client.confirm(
            listed,
            way,
            note=note,
            size=size,
            old=old,
            prove=lambda at: merkle.consistency_proof(at, size, hashes),
        )
    finally:
        way.close()


def test_a_second_history_finds_no_witness(logs: list[Log]) -> None:
    """A fork by the operator who holds the key: refused whether longer, as long or shorter than what was seen."""
    log = logs[0]
    seen = _seen(log)
    entries = worlds.numbered(0, seen + 50)
    entries[7] = b'{"type":"forged"}'
    for size, problem in ((seen + 50, "contradiction"), (seen, "contradiction"), (seen - 1, "ahead")):
        with pytest.raises(witness_client.NotConfirmed) as refused:
            submit(log, forge(log, size, 7), size, min(seen, size), entries[:size])
        assert refused.value.problem == problem


def _seen(log: Log) -> int:
    """How far the witness has come with the log, whatever ran before."""
    try:
        submit(log, forge(log, 1, 0), 1, 0, [b'{"type":"forged"}'])
    except witness_client.NotConfirmed as refused:
        return int(str(refused).split("has seen ")[1].split()[0])
    raise AssertionError("the witness had not seen the log")


def test_a_restored_or_rewritten_log_raises_the_alarm(logs: list[Log]) -> None:
    """This deployment's own feeder finds that the witness has seen more, or other entries; the page shows it."""
    log = logs[1]
    grow(log, 0, 20)
    assert feed(log) == witness_client.AHEAD
    (standing,) = confirmation.standings(log=log)
    assert standing.alarming
    with transaction.atomic():
        services.append(log=log, entries=[b'{"type":"rewritten"}'] * 100)
    signer.publish(log=log, at=worlds.AT)
    assert feed(log) == witness_client.CONTRADICTION


def test_the_threads_confirm_by_themselves(logs: list[Log]) -> None:
    """Started once in each process: what is signed is confirmed within seconds, by one thread for each witness."""
    before = threading.active_count()
    feeder.start()
    feeder.start()
    try:
        assert threading.active_count() == before + 1
        grow(logs[3], 0, 700)
        wait_for(lambda: Cosignature.objects.filter(log=logs[3], size=700).count() == 2)
    finally:
        feeder.stop()
    assert threading.active_count() == before


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
