"""`verify_log` compares what lies beside the log with the log: what was changed there is found, by index and column."""

import datetime as dt
import io
import json
import uuid
from fractions import Fraction

import pytest
from django.core.management import call_command
from django.db.models import F

from audits.decisions import assessing, erasing, services
from audits.decisions.models import Assessment, Cursor, Decision, DecisionId
from audits.ledger import selectors as ledger
from audits.ledger.models import LoggedEvent
from governance.policies import services as policies
from tests.unit.audits.decisions import worlds
from tests.unit.audits.ledger.tampering import as_owner, cheat

# The records' own time: their clock is a little ahead of it in one test.
AT = worlds.START + dt.timedelta(days=1)
WEIGHTS = {"safety": 0.4, "privacy": 0.2, "expression": 0.4}


def log(world: worlds.World, *records: dict) -> list[int]:
    raws = [json.dumps(each).encode() for each in records]
    return [each.index for each in services.log(system=world.system, records=raws, at=AT)]


@pytest.fixture
def world(db) -> worlds.World:
    """Six decisions, all assessed but the last; the third chose what another option beats, the fourth has weights of a
    person's own.
    """
    found = worlds.make()
    wrong = {"options": [worlds.option("label", (0.2, 0.8, 0.1)), worlds.option("remove", (0.9, 0.8, 0.9))]}
    log(found, found.record(), found.record(chosen=None, disposition="refused"), found.record(**wrong))
    log(found, found.record(weights=WEIGHTS, subject={"ref": "ada"}), found.record())
    assessing.catch_up(system=found.system, at=AT)
    log(found, found.record())
    return found


def verify(world: worlds.World) -> tuple[int, str]:
    """Exit code of the command for this system's log, and what it says."""
    out = io.StringIO()
    try:
        call_command("verify_log", f"{world.organisation.slug}/{world.system.slug}", stdout=out)
    except SystemExit as ending:
        return int(ending.code or 0), out.getvalue()
    return 0, out.getvalue()


def index_of(world: worlds.World, number: int) -> int:
    """Where the decision with that number stands: events come before and between."""
    found = Decision.objects.filter(system=world.system).order_by("index").values_list("index", flat=True)
    return list(found)[number]


def is_told(world: worlds.World, what: str, number: int) -> bool:
    index = index_of(world, number)
    code, words = verify(world)
    return (code, what in words, f"first bad index: {index})" in words) == (1, True, True)


def test_what_agrees_is_good(world: worlds.World) -> None:
    """Assessed or not yet."""
    code, words = verify(world)
    assert code == 0, words
    assert Assessment.objects.filter(verdicts=["wrong_choice"]).count() == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("uuid", uuid.UUID(int=7)),
        ("occurred_at", worlds.START),
        ("model_version", "2.0"),
        ("context", {"community": "fr"}),
        ("chosen", "remove"),
        ("disposition", "refused"),
        ("policy_version", 2),
        ("options", 3),
    ],
)
@pytest.mark.parametrize("number", [0, 2, 5])
def test_a_decision_that_says_something_else_is_found(
    world: worlds.World, column: str, value: object, number: int
) -> None:
    """Each public column, with the application's own rights: nothing in the database protects them."""
    Decision.objects.filter(system=world.system, index=index_of(world, number)).update(**{column: value})
    assert is_told(world, f"audits_decision.{column} is not what entry", number)


def test_a_decision_that_is_gone_is_found(world: worlds.World) -> None:
    index = index_of(world, 3)
    Decision.objects.filter(system=world.system, index=index).delete()
    code, words = verify(world)
    assert (code, f"audits_decision has no row of entry {index}" in words) == (1, True), words


@pytest.mark.parametrize("far", [0, 1_000], ids=["an event's place", "beyond the end"])
def test_an_invented_decision_is_found(world: worlds.World, far: int) -> None:
    """At the place of an event, and beyond the log's end."""
    event = LoggedEvent.objects.filter(log__system=world.system).first()
    assert event
    index = event.index + far
    row = Decision.objects.filter(system=world.system).first()
    row.index, row.pk = index, (world.system.pk, index)
    Decision.objects.bulk_create([row])
    code, words = verify(world)
    assert (code, f"audits_decision has a row of entry {index}, which is none" in words) == (1, True), words


def test_an_id_that_stands_for_another_entry_is_found(world: worlds.World) -> None:
    found = Decision.objects.get(system=world.system, index=index_of(world, 1))
    DecisionId.objects.filter(system=world.system, uuid=found.uuid).update(index=F("index") + 1)
    assert is_told(world, "audits_decisionid.index is not what entry", 1)


def test_an_id_that_is_gone_is_found(world: worlds.World) -> None:
    found = Decision.objects.get(system=world.system, index=index_of(world, 5))
    DecisionId.objects.filter(system=world.system, uuid=found.uuid).delete()
    assert is_told(world, "audits_decisionid.index is not what entry", 5)


def test_an_invented_id_is_found(world: worlds.World) -> None:
    DecisionId.objects.create(system=world.system, uuid=uuid.UUID(int=7), index=0, fingerprint=bytes(32))
    code, words = verify(world)
    assert (code, "audits_decisionid has 7 rows, the log 6 decisions" in words) == (1, True), words


@pytest.mark.parametrize(("number", "verdicts"), [(2, []), (0, ["wrong_choice"]), (2, ["wrong_policy"])])
def test_a_verdict_that_does_not_follow_from_the_record_is_found(
    world: worlds.World, number: int, verdicts: list[str]
) -> None:
    """A breach made conformant, a conformant decision made a breach."""
    Assessment.objects.filter(system=world.system, index=index_of(world, number)).update(verdicts=verdicts)
    assert is_told(world, "audits_assessment.verdicts is not what entry", number)


def test_an_assessment_that_is_gone_is_found(world: worlds.World) -> None:
    index = index_of(world, 2)
    Assessment.objects.filter(system=world.system, index=index).delete()
    assert is_told(world, f"audits_assessment has no row of entry {index}", 2)


def test_an_assessment_that_was_not_made_yet_is_found(world: worlds.World) -> None:
    """The assessor would find its place taken."""
    index = index_of(world, 5)
    Assessment.objects.create(system=world.system, index=index, assessed_at=worlds.START)
    assert is_told(world, f"audits_assessment has a row of entry {index}", 5)


def test_without_a_cursor_nothing_may_be_assessed(world: worlds.World) -> None:
    Cursor.objects.filter(system=world.system).delete()
    assert is_told(world, "audits_assessment has a row of entry", 0)


def test_erased_decisions_are_good(world: worlds.World) -> None:
    """What is erased is gone from the rows: private columns, and what a verdict under own weights rests on."""
    indexes = [index_of(world, number) for number in range(6)]
    erasing.settle(system=world.system, last=indexes[-1], at=AT)
    erasing.empty(system=world.system, indexes=indexes)
    code, words = verify(world)
    assert code == 0, words


def test_weights_that_are_gone_without_an_erasure_are_found(world: worlds.World) -> None:
    """The verdict rests on them; so do weights that were put where the record has none."""
    Decision.objects.filter(system=world.system, index=index_of(world, 3)).update(weights=None)
    assert is_told(world, "audits_decision.weights is not what entry", 3)
    Decision.objects.filter(system=world.system, index=index_of(world, 0)).update(weights=WEIGHTS)
    assert is_told(world, "audits_decision.weights is not what entry", 0)


def test_a_policy_enacted_after_the_assessment_changes_no_verdict(world: worlds.World) -> None:
    """The record's clock was ahead: it occurred, as it says, after a policy that nobody knew yet."""
    ahead = (AT + dt.timedelta(minutes=4)).isoformat()
    log(world, world.record(occurred_at=ahead))
    assessing.catch_up(system=world.system, at=AT)
    shares = dict.fromkeys(worlds.EDGES, Fraction(1, 3))
    policies.enact(
        system=world.system, weights=shares, source={"kind": "vote"}, by=None, at=AT + dt.timedelta(minutes=1)
    )
    code, words = verify(world)
    assert code == 0, words


def test_what_is_wrong_with_the_log_is_told_first(fresh_database: str) -> None:
    """Though it comes later: rows are compared with entries that hold."""
    world = worlds.make()
    log(world, world.record(), world.record())
    Decision.objects.filter(system=world.system, index=index_of(world, 0)).update(chosen="remove")
    assert is_told(world, "audits_decision.chosen", 0)
    found, last = ledger.log_of(organisation=world.organisation, system=world.system), index_of(world, 1)
    assert found
    with as_owner():
        cheat("UPDATE audits_entry SET entry = 'x' WHERE log_id = %s AND index = %s", [found.pk, last])
        assert is_told(world, "is not what its hash in the log says", 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE audits_loggedevent SET type = 'other' WHERE log_id = %s AND index = 0", "type is not what"),
        (
            "UPDATE audits_loggedevent SET subject = 'x' WHERE log_id = %s AND index = 0",
            "subject is not what",
        ),
        ("UPDATE audits_loggedevent SET by = 'x' WHERE log_id = %s AND index = 0", "by is not what"),
        ("UPDATE audits_loggedevent SET at = now() WHERE log_id = %s AND index = 0", "at is not what"),
        ("DELETE FROM audits_loggedevent WHERE log_id = %s AND index = 0", " has no row of entry 0"),
    ],
)
def test_an_event_that_says_something_else_is_found(fresh_database: str, change: str, told: str) -> None:
    """The rows by which the audit trail is searched."""
    world = worlds.make()
    found = ledger.log_of(organisation=world.organisation, system=world.system)
    assert found
    assert verify(world)[0] == 0
    with as_owner():
        cheat(change, [found.pk])
        code, words = verify(world)
    assert (code, told in words, "first bad index: 0)" in words) == (1, True, True), words
