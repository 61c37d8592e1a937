"""The deployment's key changes: everything is read meanwhile and afterwards, and subjects are found as before."""

import base64
import io
import uuid

import pytest
from django.core.management import CommandError, call_command

from audits.ledger import checks, lasting_keys, rewrapping, sealing, wrapping
from audits.ledger import selectors as ledger
from audits.ledger.models import DataKey, LastingKey
from councils.voting import links
from governance.access import keyring
from tests.unit.audits.ledger import worlds


@pytest.fixture
def home(tmp_path, settings):
    settings.EDGEWISE_HOME = tmp_path
    return tmp_path


@pytest.fixture
def sealed(home, organisation):
    """Two subjects' keys, one wrapped before generations were noted, and what was sealed under the first."""
    keys = sealing.data_keys(organisation=organisation, references=["subject:a", "subject:b"], at=worlds.AT)
    DataKey.objects.filter(pk=keys["subject:b"].pk).update(under="")
    return sealing.encrypt(keys["subject:a"], b"secret", bound_to=b"")


@pytest.fixture(autouse=True)
def forgotten():
    """What this process remembers of keys belongs to one test."""
    yield
    restarted()


def restarted():
    """As a process that starts now: nothing is remembered."""
    lasting_keys._known.clear()
    wrapping._openers.clear()


def opens(organisation, blob):
    key = sealing.find(organisation=organisation, reference="subject:a")
    return sealing.decrypt(key, blob, bound_to=b"") == b"secret"


def rotate(*options):
    out = io.StringIO()
    call_command("rotate_key", "deployment", *options, stdout=out)
    return out.getvalue()


def straggler(organisation, secret):
    """A data key of a transaction that outlasted the rotation."""
    late = wrapping._wrapper(secret)
    name = sealing.pseudonym(organisation=organisation, reference="subject:late")
    return DataKey.objects.create(
        organisation=organisation, pseudonym=name, wrapped=late.wrap(bytes(32), bound_to=name),
        under=late.fingerprint, created_at=worlds.AT,
    )  # fmt: skip


def test_all_is_read_before_between_and_after(sealed, organisation, home):
    ballot = uuid.uuid4()
    link = links.seal(ballot=ballot, elector=7)
    before = {bytes(row.wrapped) for row in DataKey.objects.all()}
    old = keyring.key("deployment", home=home)
    rotate()
    for _each in range(2):
        assert opens(organisation, sealed)
        assert links.unseal(link=link, elector=7) == ballot
        restarted()
    newest = keyring.fingerprint(keyring.key("deployment", home=home))
    assert newest != keyring.fingerprint(old)
    assert {row.under for row in DataKey.objects.all()} == {newest}
    assert not before & {bytes(row.wrapped) for row in DataKey.objects.all()}
    rotate("--finish")
    restarted()
    assert keyring.keys("deployment", home=home) != (old,)
    assert len(keyring.keys("deployment", home=home)) == 1
    assert opens(organisation, sealed)
    assert links.unseal(link=link, elector=7) == ballot


def test_subjects_are_found_and_reposts_recognised_after_two_rotations(sealed, organisation, home):
    name = sealing.pseudonym(organisation=organisation, reference="subject:a")
    mark = sealing.keyed_digest("fingerprint key", b"assistant")
    for _each in range(2):
        rotate()
        rotate("--finish")
        restarted()
    assert sealing.pseudonym(organisation=organisation, reference="subject:a") == name
    assert sealing.keyed_digest("fingerprint key", b"assistant") == mark
    assert LastingKey.objects.count() == len(lasting_keys.PURPOSES)
    assert opens(organisation, sealed)


def test_what_comes_in_under_the_old_key_meanwhile_is_wrapped_at_the_end(sealed, organisation, home):
    rotate()
    old = keyring.keys("deployment", home=home)[0]
    straggler(organisation, old)
    assert "1 keys had come in" in rotate("--finish")
    restarted()
    assert sealing.unwrap(sealing.find(organisation=organisation, reference="subject:late")) == bytes(32)


def test_what_came_in_under_the_old_key_too_late_is_read_while_that_is_kept(sealed, organisation, home):
    """The next rotation wraps it anew; the start is not refused for it."""
    old = keyring.key("deployment", home=home)
    rotate()
    rotate("--finish")
    row = straggler(organisation, old)
    restarted()
    assert sealing.unwrap(row) == bytes(32)
    assert list(checks._deployment_key()) == []
    rotate()
    row.refresh_from_db()
    assert row.under == keyring.fingerprint(keyring.key("deployment", home=home))
    (kept,) = (home / "keys" / "retired").iterdir()
    assert kept.read_bytes() == old


def test_what_lies_under_a_key_that_was_destroyed_is_not_read(sealed, organisation, home):
    old = keyring.key("deployment", home=home)
    rotate()
    rotate("--finish")
    row = straggler(organisation, old)
    (kept,) = (home / "keys" / "retired").iterdir()
    kept.write_bytes(bytes(32))
    restarted()
    with pytest.raises(keyring.KeyUnavailable, match="keys/retired will do"):
        sealing.unwrap(row)
    kept.unlink()
    with pytest.raises(keyring.KeyUnavailable):
        sealing.unwrap(row)
    (error,) = checks._deployment_key()
    assert error.id == "audits.E005"


def test_a_database_older_than_the_first_rotation_is_refused_beside_the_new_key(sealed, organisation, home):
    """Its pseudonyms derive from the key that was put away."""
    old = keyring.key("deployment", home=home)
    rotate()
    rotate("--finish")
    straggler(organisation, old)
    LastingKey.objects.all().delete()
    restarted()
    (error,) = checks._deployment_key()
    assert error.id == "audits.E005"


def test_interrupted_it_goes_on_and_makes_no_third_key(sealed, organisation, home, monkeypatch):
    monkeypatch.setattr(rewrapping, "CHUNK", 1)
    rewrapping.lasting_keys.keep()
    keyring.add_generation("deployment", home=home)
    rewrapping._rewrap_some(wrapping.newest())
    assert len({row.under for row in DataKey.objects.all()}) == 2
    assert opens(organisation, sealed)
    rotate()
    assert len({row.under for row in DataKey.objects.all()}) == 1
    assert len(keyring.keys("deployment", home=home)) == 2


def test_a_destroyed_key_is_passed_over(sealed, organisation, home):
    key = sealing.find(organisation=organisation, reference="subject:b")
    sealing.destroy(key=key, at=worlds.AT)
    rotate()
    assert DataKey.objects.get(pk=key.pk).wrapped is None


def test_a_generation_that_is_missing_is_named_with_the_remedy(sealed, organisation, home):
    DataKey.objects.update(under="0123456789abcdef")
    with pytest.raises(keyring.KeyUnavailable, match=r"0123456789abcdef.*EDGEWISE_KEY_DEPLOYMENT_2"):
        opens(organisation, sealed)


def test_there_is_nothing_to_finish_before_it_is_begun(sealed):
    with pytest.raises(CommandError, match="no old key"):
        rotate("--finish")


def test_every_organisation_s_log_says_so_once(sealed, organisation):
    rotate()
    rotate()
    rotate("--finish")
    told = [event.type for event in ledger.events(organisation=organisation, type="deployment_key.")]
    assert told == [rewrapping.RETIRED, rewrapping.ROTATED]


def test_when_the_log_refuses_the_old_key_stays(sealed, organisation, home, settings):
    """What is put away is told before: the step is run again."""
    rotate()
    settings.GOVERNANCE_TRAIL = f"{__name__}.refuse"
    with pytest.raises(RuntimeError):
        rotate("--finish")
    assert len(keyring.keys("deployment", home=home)) == 2
    settings.GOVERNANCE_TRAIL = "audits.ledger.services.append_events"
    rotate("--finish")
    assert len(keyring.keys("deployment", home=home)) == 1


def refuse(events):
    raise RuntimeError("the log refuses")


def test_a_key_that_is_not_listed_is_refused(db):
    """A rotation would lose it."""
    with pytest.raises(ValueError, match="not among the lasting keys"):
        lasting_keys.key("something new")


def test_keys_from_the_environment_are_rotated_in_steps_that_say_what_to_set(home, organisation, monkeypatch):
    """Nothing lies in the folder; a process without the old variable goes on as before."""
    monkeypatch.setenv("EDGEWISE_KEY_DEPLOYMENT", base64.b64encode(b"a" * 32).decode())
    key = sealing.data_keys(organisation=organisation, references=["subject:a"], at=worlds.AT)["subject:a"]
    blob = sealing.encrypt(key, b"secret", bound_to=b"")
    name = sealing.pseudonym(organisation=organisation, reference="subject:a")
    with pytest.raises(CommandError, match="Set EDGEWISE_KEY_DEPLOYMENT_2"):
        rotate()
    monkeypatch.setenv("EDGEWISE_KEY_DEPLOYMENT_2", base64.b64encode(b"b" * 32).decode())
    restarted()
    assert opens(organisation, blob)
    rotate()
    assert "EDGEWISE_KEY_DEPLOYMENT is not read any more" in rotate("--finish")
    monkeypatch.delenv("EDGEWISE_KEY_DEPLOYMENT")
    restarted()
    assert opens(organisation, blob)
    assert sealing.pseudonym(organisation=organisation, reference="subject:a") == name
    assert not (home / "keys").exists()
