"""Appending: contiguous indexes, hashes kept once, nothing taken back."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction
from edgewise import merkle, tiles
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audits.ledger import selectors, services
from audits.ledger.models import Head, Log, Tile
from tests.unit.audits.ledger import worlds

LEDGER_TABLES = [
    "log",
    "head",
    "entry",
    "entry_00",
    "entry_rest",
    "tile",
    "checkpoint",
    "published",
    "loggedevent",
]


def test_indexes_are_contiguous_and_final(log: Log) -> None:
    """Each append begins where the one before ended, across tiles."""
    assert services.append(log=log, entries=worlds.numbered(0, 3)) == range(3)
    assert services.append(log=log, entries=worlds.numbered(3, 700)) == range(3, 700)
    assert services.append(log=log, entries=[]) == range(0)
    assert selectors.size(log=log) == 700
    assert selectors.entry(log=log, index=699) == worlds.numbered(699, 700)[0]
    assert selectors.entries(log=log, start=254, stop=258) == worlds.numbered(254, 258)


def test_entries_keep_their_bytes(log: Log) -> None:
    """Whatever bytes came in go out: empty, binary, the longest."""
    entries = [b"", bytes(range(256)), b"\x00\xff\\x", b"m" * 65_535]
    services.append(log=log, entries=entries)
    assert selectors.entries(log=log, start=0, stop=4) == entries


def test_an_entry_that_no_bundle_can_state_is_refused(log: Log) -> None:
    """65,536 bytes do not fit the two bytes of a length; nothing beside it is logged."""
    with pytest.raises(services.EntryTooLarge):
        services.append(log=log, entries=[b"fine", b"m" * 65_536])
    assert selectors.size(log=log) == 0


def test_append_needs_the_callers_transaction(fresh_database: str) -> None:
    """An append of its own could be acknowledged without what it belongs to."""
    log = worlds.empty_log(worlds.make_organisation())
    with pytest.raises(transaction.TransactionManagementError):
        services.append(log=log, entries=[b"alone"])


def test_a_log_that_was_never_opened_is_refused(organisation) -> None:
    """Nothing is appended to what has no head."""
    bare = Log(pk=999, organisation=organisation, origin="edgewise.local/bare")
    with pytest.raises(selectors.LogNotOpen):
        services.append(log=bare, entries=[b"x"])


def test_a_log_that_has_to_be_there_is_missed_by_its_code(organisation) -> None:
    """Decisions without a log are a damaged database, and no defect without a word."""
    system = worlds.bare_system(organisation)
    with pytest.raises(selectors.LogNotOpen, match="restore the database") as missed:
        selectors.log_for(system=system)
    assert missed.value.code == "log_not_open"
    opened = services.open_log(organisation=organisation, system=system, at=worlds.AT)
    assert selectors.log_for(system=system) == opened


def test_opening_twice_gives_the_same_log(organisation) -> None:
    """The origin is fixed at creation, whatever the settings say later."""
    system = worlds.make_system(organisation)
    first = services.open_log(organisation=organisation, system=system, at=worlds.AT)
    assert services.open_log(organisation=organisation, system=system, at=worlds.AT) == first
    assert first.origin == "edgewise.local/log/north/assistant"
    assert system.log == first
    own = services.open_log(organisation=organisation, at=worlds.AT)
    assert own.origin == "edgewise.local/log/north/_org"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.integers(1, 400), min_size=1, max_size=5))
def test_stored_hashes_are_those_of_the_tree(organisation, batches: list[int]) -> None:
    """However entries are batched: each hash tile and the root are those of RFC 6962 over all entries."""
    log, total = worlds.empty_log(organisation), 0
    for size in batches:
        services.append(log=log, entries=worlds.numbered(total, total + size))
        total += size
    leaves = merkle.leaf_hashes(worlds.numbered(0, total))
    edge = merkle.Frontier.from_bytes(bytes(Head.objects.get(log=log).edge))
    assert edge.root() == merkle.root(leaves)
    for path in tiles.tiles_for(total):
        served = selectors.tile(log=log, level=path.level, n=path.n, width=path.width)
        first, span = path.n * 256, 256**path.level
        assert served == b"".join(
            merkle.root(leaves[at * span : (at + 1) * span]) for at in range(first, first + path.width)
        )


def test_a_leaf_hash_is_kept_once(log: Log) -> None:
    """Full tiles hold what the edge no longer holds."""
    services.append(log=log, entries=worlds.numbered(0, 600))
    head = Head.objects.get(log=log)
    assert Tile.objects.filter(log=log, level=0).count() == 2
    assert len(bytes(head.edge)) == 8 + (600 - 512) * 32 + 2 * 32


@pytest.mark.parametrize("table", LEDGER_TABLES)
@pytest.mark.parametrize("act", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_may_not_take_back(log: Log, table: str, act: str) -> None:
    """The application's role has no right to delete or truncate."""
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        worlds.execute(act.format(f"audits_{table}"))


@pytest.mark.parametrize("table", ["log", "entry", "tile", "checkpoint", "loggedevent"])
def test_the_application_may_not_rewrite(log: Log, table: str) -> None:
    """The application's role has no right to update what is append-only."""
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        worlds.execute(
            f"UPDATE audits_{table} SET log_id = 1" if table != "log" else "UPDATE audits_log SET origin = ''"
        )


def test_the_head_only_grows(log: Log) -> None:
    """The application's role may move the head on, not back; the same for what is published."""
    services.append(log=log, entries=worlds.numbered(0, 5))
    for statement in ("UPDATE audits_head SET size = 4", "UPDATE audits_head SET size = 5, edge = ''"):
        with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
            worlds.execute(f"{statement} WHERE log_id = %s", log.pk)


def test_a_head_begins_at_nothing(organisation, log: Log) -> None:
    """A log cannot be born with a past."""
    with pytest.raises(IntegrityError, match="starts empty"), transaction.atomic():
        worlds.execute("INSERT INTO audits_head (log_id, size, edge) VALUES (%s, 7, '')", log.pk)


def test_an_index_is_never_given_twice(log: Log) -> None:
    """The database itself refuses a second entry at an index."""
    services.append(log=log, entries=worlds.numbered(0, 2))
    with pytest.raises(IntegrityError, match="duplicate key"), transaction.atomic():
        worlds.execute("INSERT INTO audits_entry VALUES (%s, 1, 'again')", log.pk)


def test_entries_far_on_have_a_partition(log: Log) -> None:
    """Every range of indexes has a place, the last one open-ended."""
    for index in (4_194_303, 4_194_304, 67_108_863, 67_108_864, 10**15):
        worlds.execute("INSERT INTO audits_entry VALUES (%s, %s, 'far')", log.pk, index)
        assert selectors.entry(log=log, index=index) == b"far"


def test_triggers_refuse_the_owner_too(fresh_database: str) -> None:
    """Even the role that owns the tables cannot rewrite without switching a trigger off first."""
    log = worlds.empty_log(worlds.make_organisation())
    worlds.fill(log, 0, 3)
    statements = [f"TRUNCATE audits_{table} CASCADE" for table in LEDGER_TABLES]
    statements += [f"DELETE FROM audits_{table}" for table in ("entry", "head", "log")]
    statements += ["UPDATE audits_entry SET entry = ''", "UPDATE audits_entry_00 SET entry = ''"]
    for statement in statements:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(using="owner"):
            owner_executes(statement)


def owner_executes(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def test_the_test_role_is_the_applications(db) -> None:
    """What these tests prove holds for the role that runs in production."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("edgewise_app", False)
