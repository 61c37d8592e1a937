"""Partitions: made ahead of need through the owner's function and kept append-only."""

import json
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connections, transaction
from django.utils import timezone

from audits.decisions import services
from audits.decisions.models import Decision, DecisionId
from audits.ledger import partitions, tasks
from tests.unit.audits.decisions import worlds as decision_worlds
from tests.unit.audits.ledger import worlds

pytestmark = pytest.mark.slow

WIDTH = 4_194_304
FAR = 20 * WIDTH + 5


def run(statement: str, *parameters: Any, alias: str = "default") -> list[tuple[Any, ...]]:
    """The rows of a statement, as the application's role or the owner's."""
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def grow(size: int) -> int:
    """A log that has come so far; its id."""
    log = worlds.empty_log(worlds.make_organisation())
    run("UPDATE audits_head SET size = %s WHERE log_id = %s", size, log.pk)
    return log.pk


def add_entry(log_id: int, index: int) -> str:
    """The partition in which an entry comes to lie."""
    add = "INSERT INTO audits_entry (log_id, index, entry) VALUES (%s, %s, 'x')"
    return str(run(f"{add} RETURNING tableoid::regclass::text", log_id, index)[0][0])


@pytest.mark.django_db
def test_partitions_are_made_before_a_log_reaches_them() -> None:
    """Three beyond the one that the largest log writes to, for entries and decisions alike; a second call has done."""
    log_id = grow(FAR)
    assert tasks.make_room() > 0
    assert partitions.make_room() == 0
    assert add_entry(log_id, FAR) == "audits_entry_20"
    assert add_entry(log_id, 24 * WIDTH - 1) == "audits_entry_23"
    names = run("SELECT relid::text FROM pg_partition_tree('audits_decision') WHERE isleaf")
    assert {"audits_decision_00", "audits_decision_23", "audits_decision_rest"} <= {name for (name,) in names}


@pytest.mark.django_db
def test_a_new_partition_is_as_append_only_as_the_first() -> None:
    """For the application by its rights, for the owner by triggers, TRUNCATE of the partition itself included."""
    log_id = grow(FAR)
    partitions.make_room()
    add_entry(log_id, FAR)
    triggers = "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal"
    assert run(triggers, "audits_entry_20") == run(triggers, "audits_entry_00")
    for statement in (
        "UPDATE audits_entry_20 SET entry = 'y'",
        "TRUNCATE audits_entry_20",
        "DROP TABLE audits_entry_20",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
            run(statement)


def test_the_owner_cannot_truncate_a_new_partition(fresh_database: str) -> None:
    """Its TRUNCATE trigger is its own."""
    grow(FAR)
    partitions.make_room()
    with pytest.raises(IntegrityError, match="append-only"):
        run("TRUNCATE audits_entry_20", alias="owner")


@pytest.mark.django_db
def test_entries_beyond_the_partitions_are_kept_and_stay_where_they_are() -> None:
    """Nothing is refused when nobody made room in time; the range that was filled so is passed over."""
    log_id = grow(FAR)
    assert add_entry(log_id, FAR) == "audits_entry_rest"
    assert partitions.make_room() > 0
    assert add_entry(log_id, FAR + 1) == "audits_entry_rest"
    assert add_entry(log_id, 21 * WIDTH) == "audits_entry_21"


@pytest.mark.django_db
def test_only_the_application_may_ask_for_room() -> None:
    """PUBLIC has no right to the owner's function, and it looks up nothing in a caller's schema."""
    rights = "SELECT proacl::text, proconfig, prosecdef FROM pg_proc WHERE proname = 'audits_make_room'"
    ((acl, config, definer),) = run(rights)
    assert definer
    assert "edgewise_app=X" in acl
    assert not any(each.startswith("=") for each in acl.strip("{}").split(","))
    assert any(each.startswith("search_path=pg_catalog") for each in config)


@pytest.mark.django_db
def test_an_id_stands_for_one_decision_of_its_system() -> None:
    """By the database, whoever writes; another system may use the same id."""
    identity = uuid.uuid4()
    add = "INSERT INTO audits_decisionid (system_id, uuid, index) VALUES (%s, %s, %s)"
    run(add, 1, identity, 5)
    run(add, 2, identity, 5)
    with pytest.raises(IntegrityError, match=r"decisionid_\d_pkey"), transaction.atomic():
        run(add, 1, identity, 6)
    with pytest.raises(IntegrityError, match="decision_fingerprint_is_one_hash"), transaction.atomic():
        run("UPDATE audits_decisionid SET fingerprint = 'short'")


@pytest.mark.django_db
def test_a_repost_of_an_erased_id_counts_as_the_same() -> None:
    """The fingerprint that could tell a difference is gone; while it is there, other content is a conflict."""
    world = decision_worlds.make()
    record = world.record()
    now = timezone.now()

    def post(**changes: Any) -> str:
        (outcome,) = services.log(
            system=world.system, records=[json.dumps({**record, **changes}).encode()], at=now
        )
        return outcome.problem.code if outcome.problem else outcome.status

    assert post() == "logged"
    assert post() == "duplicate"
    assert post(model_version="2.0") == "conflicting_duplicate"
    DecisionId.objects.update(fingerprint=None)
    assert post(model_version="2.0") == "duplicate"
    assert Decision.objects.count() == 1
