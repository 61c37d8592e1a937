"""Legal holds: they beat erasure and expiry, and an erasure that waited goes on when they are lifted."""

import pytest
from django.db import IntegrityError, transaction

from audits.decisions.models import Decision
from audits.ledger import selectors as ledger
from audits.protection import erasing, erasure_list, holding, retaining, selectors, subjects, tasks
from audits.protection.models import Erasure, Hold
from tests.unit.audits.protection.conftest import AT, about, log


def place(world, ref="ada", reason="Case 12 before the court."):
    return holding.place(
        organisation=world.organisation, reference=ref, reason=reason, by=world.people["admin"], at=AT
    )


def lift(world, hold, reason="The case is closed."):
    return holding.lift(hold=hold, reason=reason, by=world.people["admin"], at=AT)


def request(world, ref="ada"):
    return erasing.request(organisation=world.organisation, reference=ref, by=world.people["owner"], at=AT)


def kept(world, index):
    return Decision.objects.get(system=world.system, index=index).sealed is not None


def kinds(world):
    return [event.type for event in ledger.events(organisation=world.organisation)]


def test_an_erasure_asked_for_under_a_hold_waits_and_goes_on_when_it_is_lifted(world):
    (ada,) = log(world, about(world, "ada"))
    hold = place(world)
    erasure = request(world)
    assert (erasure.state, erasure.job) == (Erasure.State.HELD, None)
    tasks.sweep()
    assert kept(world, ada)
    lift(world, hold)
    erasure = Erasure.objects.get()
    tasks.erase(job_id=str(erasure.job_id))
    assert not kept(world, ada)
    assert Erasure.objects.get().state == Erasure.State.EXECUTED
    told = ["erasure.executed", "legal_hold.lifted", "erasure.held", "erasure.requested", "legal_hold.placed"]
    assert kinds(world)[:5] == told


def test_a_hold_placed_after_the_request_still_comes_in_time(world):
    (ada,) = log(world, about(world, "ada"))
    erasure = request(world)
    place(world)
    assert Erasure.objects.get().state == Erasure.State.HELD
    tasks.erase(job_id=str(erasure.job_id))
    assert kept(world, ada)
    assert Erasure.objects.get().state == Erasure.State.HELD


def test_a_hold_that_came_between_is_seen_when_the_erasure_is_executed(world):
    """The worker looks again under the lock."""
    (ada,) = log(world, about(world, "ada"))
    erasure = request(world)
    Hold.objects.create(
        organisation=world.organisation,
        pseudonym=erasure.pseudonym,
        placed_by=world.people["admin"],
        placed_at=AT,
    )
    assert erasing.execute(erasure=erasure, at=AT).state == Erasure.State.HELD
    assert kept(world, ada)


def test_the_reason_is_sealed_in_the_log_and_can_be_opened(world):
    log(world, about(world, "ada"))
    hold = place(world)
    event = ledger.events(organisation=world.organisation, type="legal_hold.placed").get()
    assert b"court" not in ledger.entry(log=event.log, index=event.index)
    assert selectors.reason_of(hold=hold) == "Case 12 before the court."


def test_a_hold_beats_expiry_and_lifting_it_lets_the_payload_expire(world, settings):
    settings.EDGEWISE_RETENTION_MINIMUM_DAYS = 1
    ada, bob = log(world, about(world, "ada"), about(world, "bob"))
    hold = place(world)
    retaining.set_days(system=world.system, days=10, by=world.people["owner"], at=AT)
    later = AT + retaining.dt.timedelta(days=11)
    assert retaining.expire_all(at=later) == 1
    assert kept(world, ada)
    assert not kept(world, bob)
    lift(world, hold)
    assert retaining.expire_all(at=later) == 1
    assert not kept(world, ada)


@pytest.mark.parametrize("reason", ["", "  "])
def test_holds_need_a_reason(world, reason):
    log(world, about(world, "ada"))
    with pytest.raises(holding.ReasonMissing):
        place(world, reason=reason)
    hold = place(world)
    with pytest.raises(holding.ReasonMissing):
        lift(world, hold, reason)


def test_holds_stand_once_and_are_lifted_once(world):
    log(world, about(world, "ada"))
    hold = place(world)
    with pytest.raises(holding.AlreadyHeld):
        place(world)
    with pytest.raises(subjects.SubjectUnknown):
        place(world, "nobody")
    admin = world.people["admin"]
    with pytest.raises(IntegrityError, match="subject_is_under_one_hold"), transaction.atomic():
        Hold.objects.create(
            organisation=world.organisation, pseudonym=hold.pseudonym, placed_by=admin, placed_at=AT
        )
    with pytest.raises(IntegrityError, match="hold_lifted_says_by_whom"), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(lifted_at=AT)
    lift(world, hold)
    with pytest.raises(holding.HoldLifted):
        lift(world, hold)


def test_what_is_erased_cannot_be_held(world):
    log(world, about(world, "ada"))
    erasing.execute(erasure=request(world), at=AT)
    with pytest.raises(subjects.AlreadyErased):
        place(world)


def killed_before_the_commit(world, erasure, monkeypatch):
    """The erasure is on the list and not in the database."""
    add = erasure_list.add

    def add_and_die(path, erased):
        add(path, erased)
        raise OSError("kill -9")

    monkeypatch.setattr(erasure_list, "add", add_and_die)
    with pytest.raises(OSError, match="kill -9"), transaction.atomic():
        erasing.execute(erasure=erasure, at=AT)
    monkeypatch.setattr(erasure_list, "add", add)


def replay_all(settings):
    """What a restore does with the list."""
    for line in erasure_list.standing(settings.EDGEWISE_ERASURE_LIST):
        erasing.replay(erased=line, at=AT)


def test_an_erasure_that_was_listed_and_not_committed_does_not_beat_a_later_hold_at_a_restore(
    world, settings, monkeypatch
):
    """A court asks for the data, and a backup is restored: the list has the last word, which is the hold's."""
    ada, bob = log(world, about(world, "ada"), about(world, "bob"))
    killed_before_the_commit(world, request(world, "bob"), monkeypatch)
    killed_before_the_commit(world, request(world), monkeypatch)
    place(world)
    replay_all(settings)
    assert kept(world, ada)
    assert not kept(world, bob), "its erasure is repeated, and would have been executed"


def test_an_erasure_executed_after_a_hold_was_lifted_is_repeated_at_a_restore(world, settings, monkeypatch):
    """Also where the restored database has the hold still."""
    (ada,) = log(world, about(world, "ada"))
    killed_before_the_commit(world, request(world), monkeypatch)
    hold = place(world)
    with transaction.atomic():
        lift(world, hold)
        erasing.execute(erasure=Erasure.objects.get(), at=AT)
        transaction.set_rollback(True)
    assert kept(world, ada)
    replay_all(settings)
    assert not kept(world, ada)


def test_a_hold_on_what_nobody_listed_writes_no_line(world, settings):
    log(world, about(world, "ada"), about(world, "bob"))
    erasing.execute(erasure=request(world, "bob"), at=AT)
    before = settings.EDGEWISE_ERASURE_LIST.read_bytes()
    place(world)
    assert settings.EDGEWISE_ERASURE_LIST.read_bytes() == before


def test_no_hold_is_placed_beside_a_list_that_cannot_be_read(world, settings):
    """What it says of these data would destroy them at a restore."""
    log(world, about(world, "ada"))
    settings.EDGEWISE_ERASURE_LIST.parent.mkdir()
    settings.EDGEWISE_ERASURE_LIST.write_text("{broken}\n")
    with pytest.raises(holding.ErasureListDamaged) as refusal:
        place(world)
    assert refusal.value.code == "erasure_list_damaged"
    assert not Hold.objects.exists()


def test_a_hold_looks_at_the_data_in_its_turn(world, monkeypatch):
    """An erasure that had the turn before has destroyed them: nothing is held, and its line stays."""
    log(world, about(world, "ada"))
    erasure, take_turn = request(world), subjects.take_turn

    def after_the_erasure(organisation):
        monkeypatch.setattr(subjects, "take_turn", take_turn)
        erasing.execute(erasure=erasure, at=AT)
        take_turn(organisation)

    monkeypatch.setattr(subjects, "take_turn", after_the_erasure)
    with pytest.raises(subjects.AlreadyErased):
        place(world)


def test_no_hold_stands_without_its_event(world, settings):
    log(world, about(world, "ada"))
    settings.GOVERNANCE_TRAIL = f"{__name__}.away"
    with pytest.raises(OSError, match="away"), transaction.atomic():
        place(world)
    assert not Hold.objects.exists()


def away(events):
    """A trail that is away."""
    raise OSError("the log is away")
