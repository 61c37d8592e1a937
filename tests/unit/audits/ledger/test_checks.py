"""What stops a start: witness files that cannot be read, and keys that are not those of the database."""

import base64
import secrets
from fractions import Fraction

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from edgewise import notes

from audits.ledger import checks, sealing, selectors, services, signer
from audits.ledger.models import DataKey
from audits.witnessing import checks as witnessing
from governance import starting
from governance.access import keyring
from governance.policies import checks as policy_checks
from governance.policies import services as policies
from governance.policies.models import Policy
from tests.unit.audits.decisions import worlds as deciding
from tests.unit.audits.ledger import worlds

KEY = notes.NoteSigner("w.example/w", bytes([7]) * 32, notes.ED25519_COSIGNATURE).vkey
LOG = notes.NoteSigner("l.example/log", bytes([8]) * 32).vkey
GOOD = f"witness w {KEY} https://w.example/\nquorum w\n"
FILES = {
    "EDGEWISE_WITNESSES": checks.witnesses_can_be_read,
    "EDGEWISE_WITNESSED_LOGS": witnessing.witnessed_logs_can_be_read,
}


def found(variable):
    return list(FILES[variable](None))


@pytest.mark.parametrize(
    ("variable", "text"),
    [("EDGEWISE_WITNESSES", GOOD), ("EDGEWISE_WITNESSED_LOGS", f"log {LOG}\nquorum none\n")],
)
def test_a_good_file_is_no_trouble(settings, tmp_path, variable, text):
    path = tmp_path / "list"
    path.write_text(text)
    setattr(settings, variable, path)
    assert found(variable) == []


@pytest.mark.parametrize("variable", FILES)
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"log nothing\nquorum none\n", "line 1 of the policy"),
        (f"log {LOG}\n".encode(), "no quorum line"),
        (b"\xff\xfe", ""),
        (None, "cannot be read (No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_variable_and_the_remedy(
    db, settings, tmp_path, variable, content, why
):
    path = tmp_path / "list"
    if content is not None:
        path.write_bytes(content)
    setattr(settings, variable, path)
    (error,) = found(variable)
    assert error.msg.startswith(f"{variable} names {path}: ")
    assert why in error.msg
    assert "quorum" in error.hint
    assert "docs/operations.md" in error.hint
    with pytest.raises(ImproperlyConfigured, match=variable):
        starting.refuse()


@pytest.mark.parametrize("variable", FILES)
def test_a_folder_is_no_list(settings, tmp_path, variable):
    setattr(settings, variable, tmp_path)
    assert "cannot be read (Is a directory)" in found(variable)[0].msg


@pytest.mark.parametrize("variable", FILES)
def test_without_a_file_at_its_usual_place_nobody_is_listed(settings, tmp_path, variable):
    settings.EDGEWISE_HOME = tmp_path
    setattr(settings, variable, tmp_path / variable.removeprefix("EDGEWISE_").lower().replace("_", "-"))
    assert found(variable) == []


@pytest.mark.parametrize("address", ["ftp://w.example/", "w.example/w", "https://"])
def test_an_address_that_nothing_can_be_submitted_to_is_named(settings, tmp_path, address):
    settings.EDGEWISE_WITNESSES = tmp_path / "list"
    settings.EDGEWISE_WITNESSES.write_text(GOOD.replace("https://w.example/", address))
    (error,) = found("EDGEWISE_WITNESSES")
    assert "the address of the witness w is not http" in error.msg


def with_key(monkeypatch, name):
    """Another key than the one in the home, as a second deployment has it: a home of its own, the same database."""
    monkeypatch.setenv(f"EDGEWISE_KEY_{name.upper()}", base64.b64encode(secrets.token_bytes(32)).decode())
    monkeypatch.setattr(keyring, "_remember", lambda *_: True)


def mismatch():
    return [
        (each.id, each.msg) for each in checks.keys_are_those_of_the_database(None, databases=["default"])
    ]


@pytest.fixture
def signed(log):
    services.append(log=log, entries=worlds.numbered(0, 3))
    signer.publish_all(at=worlds.AT)
    return log


def test_another_log_key_than_the_one_that_signed_is_refused_at_the_start(signed, monkeypatch):
    assert mismatch() == []
    starting.refuse()
    with_key(monkeypatch, "log")
    ((code, message),) = mismatch()
    assert code == "audits.E004"
    assert message.startswith("The log edgewise.local/log/")
    with pytest.raises(ImproperlyConfigured, match="Give every process of one database the same keys"):
        starting.refuse()


def test_another_log_key_signs_nothing_that_the_first_has_begun(signed, monkeypatch, caplog):
    """Also where both were started on an empty database: the second finds a checkpoint that is not its own."""
    services.append(log=signed, entries=worlds.numbered(3, 5))
    with_key(monkeypatch, "log")
    with pytest.raises(signer.SignedByAnother, match="same keys/log"):
        signer.publish(log=signed, at=worlds.AT)
    signer.publish_all(at=worlds.AT)
    assert selectors.published_size(log=signed) == 3
    assert "is signed by another log key" in caplog.text
    monkeypatch.undo()
    assert signer.publish(log=signed, at=worlds.AT).size == 5


def test_another_deployment_key_is_refused_at_the_start(organisation, monkeypatch):
    sealing.data_keys(organisation=organisation, references=["subject:a"], at=worlds.AT)
    assert mismatch() == []
    with_key(monkeypatch, "deployment")
    ((code, message),) = mismatch()
    assert (code, DataKey.objects.get().under in message) == ("audits.E005", True)


def test_another_policy_key_is_refused_at_the_start(db, monkeypatch):
    world = deciding.make()
    look = lambda: list(policy_checks.policies_are_signed_by_this_key(None, databases=["default"]))  # noqa: E731
    assert look() == []
    with_key(monkeypatch, "policy")
    (error,) = look()
    assert (error.id, str(world.policy) in error.msg) == ("governance.E003", True)
    assert "EDGEWISE_KEY_POLICY" in error.hint


def test_a_policy_that_was_changed_is_told_at_the_start_and_does_not_stop_it(db, caplog):
    """The newest one is looked at for its key, and every other one too; the policy that mends it has to be enacted."""
    world = deciding.make()
    shares = {edge: Fraction(each) for edge, each in world.policy.weights.items()}
    policies.enact(
        system=world.system,
        weights=shares,
        source={"kind": "owner"},
        by=None,
        at=worlds.AT,
        context={"a": "b"},
    )
    starting.refuse()
    assert caplog.text == ""
    Policy.objects.filter(pk=world.policy.pk).update(
        note=world.policy.note.replace("weighted_sum", "leximin")
    )
    (warning,) = policy_checks.policies_are_signed_by_this_key(None, databases=["default"])
    assert (warning.id, str(world.policy) in warning.msg) == ("governance.W001", True)
    starting.refuse()
    assert "is not as a policy key of this process signed it" in caplog.text


def test_an_empty_database_takes_any_key(db, monkeypatch):
    for name in ("log", "deployment", "policy"):
        with_key(monkeypatch, name)
    starting.refuse()


def test_a_database_that_is_away_stops_no_start(db, monkeypatch):
    """A web process starts meanwhile and answers 503; it signs nothing without having looked."""

    def away(*_args, **_options):
        raise DatabaseError("away")

    monkeypatch.setattr(checks.selectors, "latest_checkpoint", away)
    monkeypatch.setattr(checks.Log.objects, "filter", away)
    assert mismatch() == []
