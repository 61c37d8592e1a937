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


def test_a_new_generation_is_used_beside_the_old_one(tmp_path):
    """Also after a restart; a third comes after the second."""
    first = keyring.key("log", home=tmp_path)
    for count in (2, 3):
        keyring.add_generation("log", home=tmp_path)
        found = keyring.keys("log", home=tmp_path)
        assert (len(set(found)), found[0]) == (count, first)
        assert keyring.key("log", home=tmp_path) == found[-1]
    assert len(keyring.keys("policy", home=tmp_path)) == 1


def test_old_generations_are_put_away_and_do_not_come_back(tmp_path):
    """Not made anew, and not asked for; the file stays readable under `retired`."""
    first = keyring.key("log", home=tmp_path)
    keyring.add_generation("log", home=tmp_path)
    newest = keyring.key("log", home=tmp_path)
    keyring.retire_generations("log", home=tmp_path)
    assert keyring.keys("log", home=tmp_path) == (newest,)
    (kept,) = (tmp_path / "keys" / "retired").iterdir()
    assert (kept.name, kept.read_bytes()) == (f"log-{keyring.fingerprint(first)}", first)
    keyring.add_generation("log", home=tmp_path)
    assert len(keyring.keys("log", home=tmp_path)) == 2
    assert (tmp_path / "keys" / "log.3").exists()


def test_a_generation_missing_beside_existing_data_is_refused(tmp_path):
    """The old one as well as the new one, until it is put away."""
    keyring.key("log", home=tmp_path)
    keyring.add_generation("log", home=tmp_path)
    for label, variable in (("log", "EDGEWISE_KEY_LOG."), ("log.2", "EDGEWISE_KEY_LOG_2")):
        path = tmp_path / "keys" / label
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(keyring.KeyUnavailable, match=f"missing.*{variable}"):
            keyring.keys("log", home=tmp_path)
        path.write_bytes(content)


def test_generations_from_the_environment_are_the_operators_to_set(tmp_path, monkeypatch):
    """Nothing is written to the folder; each step says which variable."""
    monkeypatch.setenv("EDGEWISE_KEY_LOG", base64.b64encode(b"a" * 32).decode())
    keyring.key("log", home=tmp_path)
    with pytest.raises(keyring.KeyUnavailable, match="Set EDGEWISE_KEY_LOG_2"):
        keyring.add_generation("log", home=tmp_path)
    monkeypatch.setenv("EDGEWISE_KEY_LOG_2", base64.b64encode(b"b" * 32).decode())
    assert keyring.keys("log", home=tmp_path) == (b"a" * 32, b"b" * 32)
    assert keyring.retire_generations("log", home=tmp_path) == ["EDGEWISE_KEY_LOG"]
    assert keyring.keys("log", home=tmp_path) == (b"b" * 32,)
    monkeypatch.delenv("EDGEWISE_KEY_LOG")
    assert keyring.keys("log", home=tmp_path) == (b"b" * 32,)
    with pytest.raises(keyring.KeyUnavailable, match="Set EDGEWISE_KEY_LOG_3"):
        keyring.add_generation("log", home=tmp_path)
    assert not (tmp_path / "keys").exists()
