"""What is served never goes back when a clock does, and what was confirmed is found however long ago it was."""

import datetime as dt
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from edgewise import notes
from edgewise.notes import NoteSigner

from audits.ledger import confirmation, feeder, selectors, services, signer, witnesses
from audits.ledger.models import Checkpoint, Log, Served
from tests.unit.audits.ledger import worlds

FIRST, SECOND, THIRD = (
    NoteSigner(f"witness.example/{name}", bytes([number]) * 32, notes.ED25519_COSIGNATURE)
    for number, name in enumerate("abc", 5)
)
A_SECOND = dt.timedelta(seconds=1)


@pytest.fixture(autouse=True)
def listed(tmp_path: Path, settings) -> Path:
    """One witness, who has to confirm."""
    path = tmp_path / "witnesses"
    path.write_text(f"witness a {FIRST.vkey} http://127.0.0.1:1\nquorum a\n")
    settings.EDGEWISE_WITNESSES = path
    return path


@pytest.fixture
def two_of_three(tmp_path: Path, settings) -> None:
    """Three witnesses, of whom two have to."""
    path = settings.EDGEWISE_WITNESSES = tmp_path / "three"
    signers = dict(zip("abc", (FIRST, SECOND, THIRD), strict=True))
    lines = [f"witness {name} {each.vkey} http://127.0.0.1:1/{name}" for name, each in signers.items()]
    path.write_text("\n".join([*lines, "group two 2 a b c", "quorum two", ""]))


def grow(log: Log, seconds: int) -> Checkpoint:
    """One more entry, signed at that second."""
    services.append(log=log, entries=[b"%d" % seconds])
    found = signer.publish(log=log, at=worlds.AT + seconds * A_SECOND)
    assert found
    return found


def confirm(checkpoint: Checkpoint, by: NoteSigner) -> None:
    text = notes.split(checkpoint.note)[0]
    witness = next(each for each in witnesses.listed() if by.key in each.keys)
    found = notes.valid_signatures(f"{text}\n{by.line(text, 1)}", [by.key])
    feeder.keep(checkpoint=checkpoint, witness=witness, found=found, at=worlds.AT)


@pytest.mark.parametrize("back", [1, 3_600], ids=["another machine, a second behind", "a clock set back"])
def test_what_is_served_never_goes_back_with_a_clock(log: Log, back: int) -> None:
    for seconds in range(40):
        grow(log, seconds)
    now = worlds.AT + 41 * A_SECOND
    before = confirmation.served(log=log, at=now)
    after = confirmation.served(log=log, at=now - back * A_SECOND)
    assert before
    assert after
    assert (before.size, after.size) == (40, 40)


def test_what_is_noted_as_served_only_grows(log: Log) -> None:
    """Of two processes that serve at once, the one that found less does not put the note back; the database refuses."""
    confirmation._note_served(log, 5)
    confirmation._note_served(log, 3)
    assert Served.objects.get(log=log).size == 5
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        Served.objects.filter(log=log).update(size=3)


def test_without_a_quorum_nothing_is_noted_and_the_latest_is_served(log: Log, listed: Path, settings) -> None:
    settings.EDGEWISE_WITNESSES = listed.with_name("nobody")
    grow(log, 0)
    latest = grow(log, 1)
    assert confirmation.served(log=log, at=worlds.AT) == latest
    assert not Served.objects.exists()


@pytest.mark.parametrize("many", [1, 80])
def test_the_latest_confirmed_checkpoint_is_found_however_many_came_since(log: Log, many: int) -> None:
    """Eighty checkpoints are signed in forty seconds; a witness may rest a minute."""
    first = grow(log, 0)
    confirm(first, FIRST)
    for seconds in range(1, 1 + many):
        grow(log, seconds)
    assert confirmation.best(log=log, covering=0) == first
    assert confirmation.served(log=log, at=worlds.AT) == first
    assert confirmation.best(log=log, covering=many) == selectors.latest_checkpoint(log=log)


def test_a_quorum_is_found_where_its_witnesses_meet(log: Log, two_of_three: None) -> None:
    """Each has confirmed others than the rest: the latest that two have in common counts, not one of a single one."""
    checkpoints = [grow(log, seconds) for seconds in range(8)]
    for by, confirmed in ((FIRST, (0, 2, 5, 7)), (SECOND, (1, 2, 4, 6)), (THIRD, (3, 0))):
        for place in confirmed:
            confirm(checkpoints[place], by)
    assert confirmation.best(log=log, covering=0) == checkpoints[2]
    confirm(checkpoints[3], SECOND)
    assert confirmation.best(log=log, covering=0) == checkpoints[3]
    confirm(checkpoints[7], THIRD)
    assert confirmation.best(log=log, covering=0) == checkpoints[7]


def test_witnesses_that_never_meet_are_not_followed_for_ever(
    log: Log, two_of_three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirmation, "MOST_STEPS", 3)
    checkpoints = [grow(log, seconds) for seconds in range(8)]
    for place, checkpoint in enumerate(checkpoints):
        confirm(checkpoint, (FIRST, SECOND)[place % 2])
    assert confirmation.best(log=log, covering=0) == checkpoints[-1]


def test_checkpoints_are_signed_by_the_clock_of_the_database(log: Log, monkeypatch) -> None:
    """Of two web servers the one that signs may be ahead of the one that serves: there is one clock for both."""
    monkeypatch.setattr(signer, "close_old_connections", lambda: None)
    monkeypatch.setattr(timezone, "now", lambda: worlds.AT + dt.timedelta(days=4_000))
    before = selectors.now()
    signer._round()
    found = selectors.latest_checkpoint(log=log)
    assert found
    assert before <= found.signed_at <= selectors.now()
