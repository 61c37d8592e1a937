"""The key of the policies changes: the old one announces the new, and what it signed stays good."""

import json
from fractions import Fraction as F

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from edgewise import VerificationError, notes, policies, policy_keys
from rest_framework.test import APIClient

from governance.access import keyring
from governance.access import services as access
from governance.policies import canonical, rotation, services, signing
from governance.policies.models import Policy, SuccessorKey

from .conftest import AT, refuse

WEIGHTS = {"safety": F(1, 2), "privacy": F(9, 28), "expression": F(5, 28)}


@pytest.fixture
def home(tmp_path, settings):
    settings.EDGEWISE_HOME = tmp_path
    return tmp_path


@pytest.fixture
def first(home, system, edge_set, owner):
    return services.set_first(system=system, weights=WEIGHTS, by=owner, at=AT)


@pytest.fixture
def served(first, system, owner):
    """What a model fetches at this moment."""
    _key, secret = access.create_api_key(system=system, label="t", by=owner, at=AT)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return lambda **headers: client.get("/api/v1/policy", **headers)


def enact(system):
    return services.enact(system=system, weights=WEIGHTS, source={"kind": "council"}, by=None, at=AT)


def signed_by(policy, *vkeys):
    policy.refresh_from_db()
    return [key for key in vkeys if str(key) in {str(each) for each in notes.verify(policy.note, vkeys).keys}]


def believes(pinned, body):
    """The version that a model accepts which pins these keys."""
    keys = policy_keys.trusted(pinned, body.get("key_announcements", []))
    return policies.verified(body, keys, {})["version"]


def test_both_keys_sign_what_is_in_force_and_what_comes(first, system):
    old = signing.vkey()
    rotation.begin(at=AT)
    new = signing.vkey()
    assert new != old
    assert signed_by(first, old, new) == [old, new]
    assert signed_by(enact(system), old, new) == [old, new]


def test_after_the_end_only_the_new_key_signs_and_old_policies_verify_with_the_old(first, system):
    old = signing.vkey()
    rotation.begin(at=AT)
    new = signing.vkey()
    rotation.finish(at=AT)
    second = enact(system)
    assert signed_by(second, old, new) == [new]
    assert signed_by(first, old) == [old]
    with pytest.raises(VerificationError, match="no signature by a known key"):
        notes.verify(second.note, [old])


def test_a_model_that_pins_any_key_of_two_rotations_goes_on(served, system):
    pinned = [signing.vkey()]
    for _each in range(2):
        rotation.begin(at=AT)
        pinned.append(signing.vkey())
        rotation.finish(at=AT)
    enact(system)
    body = served().json()
    assert [believes([key], body) for key in pinned] == [2, 2, 2]
    assert len(body["key_announcements"]) == 2
    with pytest.raises(VerificationError):
        believes([pinned[0]], body | {"key_announcements": body["key_announcements"][1:]})


def test_an_unrotated_key_announces_nothing(served):
    assert "key_announcements" not in served().json()


def test_the_tag_changes_with_the_signatures(served):
    tag = served()["ETag"]
    rotation.begin(at=AT)
    again = served(HTTP_IF_NONE_MATCH=tag)
    assert (again.status_code, again["ETag"] != tag) == (200, True)
    assert served(HTTP_IF_NONE_MATCH=again["ETag"]).status_code == 304


def test_every_log_is_told_of_both_steps(first, system, events):
    old = signing.vkey()
    events.clear()
    rotation.begin(at=AT)
    rotation.finish(at=AT)
    told = [(event.type, event.system) for event in events]
    assert told == [(kind, each) for kind in (rotation.ROTATED, rotation.RETIRED) for each in (None, system)]
    assert (events[0].facts["old"], events[0].facts["new"]) == ([old], [signing.vkey()])
    assert events[0].facts["announcement"] == SuccessorKey.objects.get().note
    assert events[2].facts["kept"] == [signing.vkey()]


def test_run_again_it_makes_no_third_key_and_tells_nothing_twice(first, events, home):
    rotation.begin(at=AT)
    events.clear()
    rotation.begin(at=AT)
    assert events == []
    assert len(keyring.keys("policy", home=home)) == 2
    assert first.note.count("\N{EM DASH} ") == 1
    first.refresh_from_db()
    assert first.note.count("\N{EM DASH} ") == 2


def test_interrupted_after_the_key_was_made_it_is_announced_by_running_it_again(first, home):
    keyring.add_generation("policy", home=home)
    with pytest.raises(rotation.NoOldPolicyKey):
        rotation.finish(at=AT)
    rotation.begin(at=AT)
    assert SuccessorKey.objects.get().vkey == signing.vkey()
    assert len(keyring.keys("policy", home=home)) == 2


def test_when_the_trail_refuses_nothing_is_announced_or_put_away(first, settings, home):
    before, works = first.note, settings.GOVERNANCE_TRAIL
    settings.GOVERNANCE_TRAIL = f"{refuse.__module__}.refuse"
    with pytest.raises(OSError, match="the log is away"):
        rotation.begin(at=AT)
    assert not SuccessorKey.objects.exists()
    assert Policy.objects.get().note == before
    settings.GOVERNANCE_TRAIL = works
    rotation.begin(at=AT)
    settings.GOVERNANCE_TRAIL = f"{refuse.__module__}.refuse"
    with pytest.raises(OSError, match="the log is away"):
        rotation.finish(at=AT)
    assert len(keyring.keys("policy", home=home)) == 2


def test_a_policy_that_a_stale_process_signed_keeps_the_old_key_in_use(first, system, monkeypatch):
    stale = signing.signers()
    rotation.begin(at=AT)
    with monkeypatch.context() as not_restarted:
        not_restarted.setattr(signing, "signers", lambda: stale)
        enact(system)
    with pytest.raises(rotation.NewPolicyKeyNotInUse, match="restart every process"):
        rotation.finish(at=AT)
    rotation.begin(at=AT)
    rotation.finish(at=AT)


def forged(policy, signature="— nobody AAAAAAAA\n"):
    """A note that a superuser of the database made: other weights, and a line that no known key signed."""
    stated = json.loads(notes.split(policy.note)[0])
    stated["weights"] = {"safety": "1", "privacy": "0", "expression": "0"}
    return f"{canonical.text(stated)}\n{signature}"


def with_old_signature(policy):
    """Other weights above the signature of the true ones."""
    return forged(policy, policy.note.rpartition("\n\n")[2])


@pytest.mark.parametrize("made", [forged, with_old_signature])
def test_a_note_that_somebody_wrote_into_the_database_is_not_countersigned(first, system, served, home, made):
    """They have no key; the rotation must not lend one. Nothing is begun, so that it can be begun again."""
    old, good = signing.vkey(), first.note
    enact_for_children(system)
    Policy.objects.filter(pk=first.pk).update(note=made(first))
    with pytest.raises(rotation.PolicyNotGenuine, match="policy 1 is not as") as refusal:
        rotation.begin(at=AT)
    assert refusal.value.code == "policy_not_genuine"
    assert (signing.vkey(), len(keyring.keys("policy", home=home))) == (old, 1)
    with pytest.raises(VerificationError):
        believes([old], served().json())
    Policy.objects.filter(pk=first.pk).update(note=good)
    rotation.begin(at=AT)
    assert believes([old], served().json()) == 1


def enact_for_children(system):
    """The newest policy in force, as it should be."""
    return services.enact(
        system=system, weights=WEIGHTS, source={"kind": "council"}, by=None, at=AT, context={"age": "child"}
    )


def test_nor_is_the_note_of_another_policy(first, system):
    """It is signed, and says something else than is in force."""
    other = enact_for_children(system)
    Policy.objects.filter(pk=first.pk).update(note=other.note)
    with pytest.raises(rotation.PolicyNotGenuine, match="policy 1 is not as"):
        rotation.begin(at=AT)


def test_a_note_that_is_changed_between_two_runs_is_not_countersigned_either(first, system):
    """The new key was made already, and the policy that mends it can be put in force."""
    rotation.begin(at=AT)
    Policy.objects.filter(pk=first.pk).update(note=forged(first))
    with pytest.raises(rotation.PolicyNotGenuine):
        rotation.begin(at=AT)
    enact(system)
    rotation.begin(at=AT)
    rotation.finish(at=AT)


def test_a_policy_with_everything_in_it_is_as_it_was_signed_when_it_is_read_again(
    home, system, edge_set, owner
):
    """Numbers, dates and lists come back from the database as they went in."""
    full = services.set_first(
        system=system, weights=WEIGHTS, by=owner, at=AT.replace(microsecond=1), bounds={"safety": (0, 1e-7)},
        norms=[{"edge": "safety", "minimum": 0.30000000000000004, "z": 0.0}], clarification_threshold=1 / 3,
        rationale_required=True, reference={"safety": 1.0, "privacy": 0.1}, adapter="a “b”",
        review_by=AT.date(), context={"ä": "ü"}, tiers=[["safety"], ["privacy", "expression"]],
    )  # fmt: skip
    assert signing.is_genuine(Policy.objects.get(pk=full.pk))


def test_the_database_refuses_a_key_announced_twice_and_one_that_follows_itself(first):
    rotation.begin(at=AT)
    one = SuccessorKey.objects.get()
    with pytest.raises(IntegrityError, match="vkey"), transaction.atomic():
        SuccessorKey.objects.create(vkey=one.vkey, predecessor="x", note="n", announced_at=AT)
    with pytest.raises(IntegrityError, match="policy_key_does_not_follow_itself"), transaction.atomic():
        SuccessorKey.objects.create(vkey="x", predecessor="x", note="n", announced_at=AT)


def test_the_page_shows_the_announcement(first, owner, client):
    rotation.begin(at=AT)
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/systems/assistant/policy/").content.decode()
    assert json.loads(notes.split(SuccessorKey.objects.get().note)[0])["new"].split("+")[1] in page
    assert "The key was changed" in page


def test_the_command(first, capsys):
    with pytest.raises(CommandError, match="rotate_key policy"):
        call_command("rotate_key", "policy", "--finish")
    call_command("rotate_key", "policy")
    call_command("rotate_key", "policy", "--finish")
    assert capsys.readouterr().out.count(signing.vkey()) == 2
