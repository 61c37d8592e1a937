"""Many connections append to one log at once: nothing is lost, nothing counted twice."""

import threading

from django.db import connections, transaction

from audits.ledger import selectors, services, signer, verification
from audits.ledger.models import Log
from governance import trail
from governance.organisations.models import Organisation
from governance.systems.models import AISystem
from tests.unit.audits.ledger import worlds

THREADS = 6
ROUNDS = 25


class Abandoned(Exception):
    """A transaction that fails after its append."""


def run_threads(targets: list[threading.Thread]) -> None:
    for thread in targets:
        thread.start()
    for thread in targets:
        thread.join(timeout=60)
        assert not thread.is_alive()


def append_in_rounds(log: Log, name: int, given: list[tuple[range, list[bytes]]]) -> None:
    """Each third transaction fails after its append and must leave no trace."""
    for number in range(ROUNDS):
        entries = [b"%d/%d/%d" % (name, number, each) for each in range(1 + number % 5)]
        try:
            with transaction.atomic():
                indexes = services.append(log=log, entries=entries)
                if number % 3 == 2:
                    raise Abandoned
        except Abandoned:
            continue
        given.append((indexes, entries))
    connections.close_all()


def test_concurrent_appends_are_contiguous(fresh_database: str) -> None:
    """Every index that was given out holds the entry it was given for; together they are 0, 1, 2, …"""
    log = worlds.empty_log(worlds.make_organisation())
    given: list[tuple[range, list[bytes]]] = []
    run_threads(
        [threading.Thread(target=append_in_rounds, args=(log, name, given)) for name in range(THREADS)]
    )
    taken = sorted(index for indexes, _ in given for index in indexes)
    assert taken == list(range(len(taken)))
    stored = selectors.entries(log=log, start=0, stop=len(taken) + 10)
    assert all([stored[i] for i in indexes] == entries for indexes, entries in given)
    assert verification.verify(log=log).size == len(taken) == selectors.size(log=log)


def test_a_growing_log_verifies(fresh_database: str) -> None:
    """What is appended while a log is verified is no contradiction: the verifier sees one moment."""
    log = worlds.empty_log(worlds.make_organisation())
    worlds.fill(log, 0, 300)
    threads = [threading.Thread(target=append_in_rounds, args=(log, name, [])) for name in range(2)]
    for thread in threads:
        thread.start()
    sizes = []
    while any(thread.is_alive() for thread in threads):
        signer.publish(log=log, at=worlds.AT)
        sizes.append(verification.verify(log=log).size)
    assert sizes == sorted(sizes)


def act_in_rounds(organisation: Organisation, systems: list[AISystem]) -> None:
    for _ in range(ROUNDS):
        with trail.act():
            for system in (*systems, None):
                trail.record("test.said", organisation=organisation, system=system, by=None, at=worlds.AT)
    connections.close_all()


def test_acts_over_several_logs_never_deadlock(fresh_database: str) -> None:
    """Acts that touch the same logs in opposite orders all succeed."""
    organisation = worlds.make_organisation()
    systems = [worlds.make_system(organisation, slug) for slug in ("one", "two")]
    orders = [systems, systems[::-1], systems, systems[::-1]]
    run_threads([threading.Thread(target=act_in_rounds, args=(organisation, order)) for order in orders])
    for system in (*systems, None):
        found = selectors.events(organisation=organisation, system=system, type="test.said")
        assert found.count() == ROUNDS * len(orders)


def test_a_log_opened_by_many_at_once_is_one(fresh_database: str) -> None:
    """Opening is idempotent under concurrency."""
    organisation = worlds.make_organisation()
    opened: list[int] = []

    def open_it() -> None:
        system = AISystem.objects.get(slug="raced")
        opened.append(services.open_log(organisation=organisation, system=system, at=worlds.AT).pk)
        connections.close_all()

    AISystem.objects.create(
        organisation=organisation,
        slug="raced",
        name="Raced",
        purpose="To be opened.",
        position="provider",
        risk_class="minimal",
        risk_reasoning="None.",
        created_at=worlds.AT,
    )
    run_threads([threading.Thread(target=open_it) for _ in range(THREADS)])
    assert len(opened) == THREADS
    assert len(set(opened)) == 1
