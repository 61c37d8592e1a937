"""The deployment's keys are made once, and a lost or exchanged one stops the start."""

import base64
import stat

import pytest

from governance.access import keyring


def test_a_key_is_created_once_readable_by_its_owner_only(tmp_path):
    first = keyring.key("log", home=tmp_path)
    assert len(first) == 32
    assert keyring.key("log", home=tmp_path) == first
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / "log").stat().st_mode) == 0o600


def test_keys_differ_from_one_another(tmp_path):
    assert len({keyring.key(name, home=tmp_path) for name in keyring.NAMES}) == len(keyring.NAMES)


def test_a_key_missing_beside_existing_data_is_not_made_anew(tmp_path):
    keyring.key("policy", home=tmp_path)
    (tmp_path / "keys" / "policy").unlink()
    with pytest.raises(keyring.KeyUnavailable, match=r"Restore the file.*EDGEWISE_KEY_POLICY"):
        keyring.key("policy", home=tmp_path)


def test_an_exchanged_key_is_refused(tmp_path):
    keyring.key("log", home=tmp_path)
    (tmp_path / "keys" / "log").write_bytes(b"x" * 32)
    with pytest.raises(keyring.KeyUnavailable, match="not the one"):
        keyring.key("log", home=tmp_path)


def test_a_damaged_key_is_refused(tmp_path):
    keyring.key("log", home=tmp_path)
    (tmp_path / "keys" / "log").write_bytes(b"short")
    with pytest.raises(keyring.KeyUnavailable, match="32 bytes"):
        keyring.key("log", home=tmp_path)


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEWISE_KEY_LOG", base64.b64encode(b"e" * 32).decode())
    assert keyring.key("log", home=tmp_path) == b"e" * 32
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("text", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_malformed_key_in_the_environment_names_its_variable(tmp_path, monkeypatch, text):
    monkeypatch.setenv("EDGEWISE_KEY_LOG", text)
    with pytest.raises(keyring.KeyUnavailable, match="EDGEWISE_KEY_LOG"):
        keyring.key("log", home=tmp_path)


def test_an_unknown_name_is_refused(tmp_path):
    with pytest.raises(keyring.KeyUnavailable, match="no key called"):
        keyring.key("../secret", home=tmp_path)
