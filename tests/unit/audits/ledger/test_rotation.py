"""The key of the logs changes: the log says so, both keys sign for a while, and all of it still verifies."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from edgewise import notes, trust
from edgewise.errors import VerificationError

from audits.ledger import events, keys, rotation, selectors, services, signer, verification
from audits.ledger.models import Log, LoggedEvent
from tests.unit.audits.ledger import worlds


@pytest.fixture
def sealed(log: Log, tmp_path: Path, settings) -> Log:
    """300 entries, sealed by the first key of a home of the test's own."""
    settings.EDGEWISE_HOME = tmp_path
    services.append(log=log, entries=worlds.numbered(0, 300))
    signer.publish_all(at=worlds.AT)
    return log


def begin() -> None:
    rotation.begin(at=worlds.AT)


def signed_by(log: Log, vkey: str) -> bool:
    return signer.is_signed_by(selectors.latest_checkpoint(log=log).note, [vkey])


def test_both_keys_sign_and_the_log_says_which_comes_next(sealed: Log) -> None:
    """Under one origin; whoever trusts the old key finds the new one in an entry that the old key covers."""
    old = keys.vkeys(sealed.origin)
    begin()
    new = keys.newest_vkeys(sealed.origin)
    assert keys.vkeys(sealed.origin) == (*new, *old)
    assert all(signed_by(sealed, vkey) for vkey in (*old, *new))
    entry = events.parse(selectors.entry(log=sealed, index=300))
    assert (entry["type"], entry["subject"]) == ("log.key_rotated", sealed.origin)
    assert entry["facts"] == {"old": list(old), "new": list(new)}
    assert {notes.parse_vkey(vkey).name for vkey in new} == {sealed.origin}


def test_every_log_is_told_once(sealed: Log) -> None:
    """The organisation's own as well; what was interrupted is finished, not begun a second time."""
    begin()
    logs = Log.objects.count()
    assert LoggedEvent.objects.filter(type=rotation.ROTATED).count() == logs > 1
    late = worlds.empty_log(sealed.organisation)
    begin()
    assert LoggedEvent.objects.filter(type=rotation.ROTATED).count() == logs + 1
    assert len(keys.vkeys(late.origin)) == 4


def test_the_policy_lists_both_keys_during_the_overlap(sealed: Log) -> None:
    """A reader with the policy of before, of now or of afterwards accepts the checkpoint of now."""
    url = "https://x.example/log"
    before = selectors.policy_file(log=sealed, url=url)
    begin()
    now = selectors.policy_file(log=sealed, url=url)
    note = selectors.latest_checkpoint(log=sealed).note
    for text in (before, now):
        assert trust.parse(text).check(note).size == 301
    assert len(trust.parse(now).logs) == 2
    rotation.finish(at=worlds.AT)
    after = trust.parse(selectors.policy_file(log=sealed, url=url))
    assert after.check(note).size == 301
    latest = selectors.latest_checkpoint(log=sealed).note
    assert after.check(latest).size == 302
    with pytest.raises(VerificationError, match="no signature by a known key"):
        trust.parse(before).check(latest)


def test_the_whole_log_verifies_throughout(sealed: Log) -> None:
    """Checkpoints of the old key too, after it was put away, because entries name it."""
    first = selectors.latest_checkpoint(log=sealed).note
    for step in (begin, lambda: rotation.finish(at=worlds.AT), begin, lambda: rotation.finish(at=worlds.AT)):
        step()
        assert (
            verification.verify(log=sealed, remembered=[first]).checkpoints
            == selectors.size(log=sealed) - 298
        )


def test_a_checkpoint_by_an_old_key_alone_is_not_the_latest(sealed: Log) -> None:
    """What an old key says counts only where a key in use covers it."""
    begin()
    old = keys.signers(sealed.origin)[2:]
    rotation.finish(at=worlds.AT)
    services.append(log=sealed, entries=[b"{}"])
    signer.publish(log=sealed, at=worlds.AT)
    latest = selectors.latest_checkpoint(log=sealed)
    stale = notes.sign(notes.split(latest.note)[0], old, at=1)
    with pytest.raises(VerificationError, match="no signature by a known key"):
        notes.open_checkpoint(stale, keys.vkeys(sealed.origin))
    latest.note = stale
    with pytest.raises(VerificationError, match="no signature by a known key"):
        verification._open(latest, keys.vkeys(sealed.origin), 0)


def test_there_is_nothing_to_finish_before_it_is_begun(sealed: Log) -> None:
    """And what is half begun is not finished."""
    with pytest.raises(rotation.RotationNotBegun):
        rotation.finish(at=worlds.AT)
    begin()
    worlds.empty_log(sealed.organisation)
    with pytest.raises(rotation.RotationNotBegun):
        rotation.finish(at=worlds.AT)


def test_the_old_key_stays_until_every_log_is_signed_by_the_new(sealed: Log, monkeypatch) -> None:
    """A process that was not restarted signs with the old key alone."""
    begin()
    stale = keys.signers(sealed.origin)[2:]
    services.append(log=sealed, entries=[b"{}"])
    with monkeypatch.context() as not_restarted:
        not_restarted.setattr(keys, "signers", lambda origin: stale)
        signer.publish(log=sealed, at=worlds.AT)
    with pytest.raises(rotation.NewKeyNotInUse, match="restart"):
        rotation.finish(at=worlds.AT)


def test_when_the_log_refuses_nothing_is_announced(sealed: Log, settings) -> None:
    """The event and the announcement are one; the next attempt goes on with the same key."""
    settings.GOVERNANCE_TRAIL = f"{__name__}.refuse"
    with pytest.raises(RuntimeError):
        begin()
    settings.GOVERNANCE_TRAIL = "audits.ledger.services.append_events"
    key = keys.newest_vkeys(sealed.origin)
    assert not LoggedEvent.objects.filter(type=rotation.ROTATED).exists()
    begin()
    assert keys.newest_vkeys(sealed.origin) == key


def refuse(events: object) -> None:
    raise RuntimeError("the log refuses")


def test_the_command(sealed: Log) -> None:
    """`rotate_key log`, then `--finish`; a wrong order is refused with what to do."""
    with pytest.raises(CommandError, match="rotate_key log"):
        call_command("rotate_key", "log", "--finish")
    out = io.StringIO()
    call_command("rotate_key", "log", stdout=out)
    call_command("rotate_key", "log", "--finish", stdout=out)
    assert out.getvalue().count(sealed.origin) == 2
    with pytest.raises(CommandError):
        call_command("rotate_key", "nothing")
