"""The deployment's keys are made once, and a lost or exchanged one stops the start."""

import base64
import json
import os
import stat
import subprocess
import sys
import threading
import time

import pytest

from governance.access import keyring


def test_a_key_is_created_once_readable_by_its_owner_only(tmp_path):
    first = keyring.key("log", home=tmp_path)
    assert len(first) == 32
    assert keyring.key("log", home=tmp_path) == first
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / "log").stat().st_mode) == 0o600


@pytest.mark.parametrize("label", ["deployment", "deployment.2"])
def test_a_key_is_on_disk_name_and_all_before_it_is_given_out(tmp_path, monkeypatch, label):
    """The folder is synced with the name in it, and only then is the key noted as known."""
    if label != "deployment":
        keyring.key("deployment", home=tmp_path)
    synced, really = [], os.fsync

    def noted(descriptor):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        known = tmp_path / "key-fingerprints.json"
        is_known = known.exists() and label in json.loads(known.read_text())
        synced.append((path, (tmp_path / "keys" / label).exists(), is_known))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    if label == "deployment":
        keyring.key("deployment", home=tmp_path)
    else:
        keyring.add_generation("deployment", home=tmp_path)
    assert (str(tmp_path / "keys"), True, False) in synced
    assert synced[-1] == (str(tmp_path), True, True)


def test_a_reader_of_a_key_that_another_process_has_just_made_syncs_it_too(tmp_path, monkeypatch):
    """The other one may not have come that far."""
    keyring._create(tmp_path / "keys" / "log")
    synced, really = [], os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda each: (synced.append(os.readlink(f"/proc/self/fd/{each}")), really(each))
    )
    keyring.key("log", home=tmp_path)
    assert str(tmp_path / "keys") in synced


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


def test_no_fingerprint_is_lost_when_keys_are_used_for_the_first_time_at_once(tmp_path, monkeypatch):
    """Each thread reads what is known, is held up, and writes: the others wait their turn."""
    really, threads = keyring._write_known, []

    def held_up(known, home):
        time.sleep(0.02)
        really(known, home)

    monkeypatch.setattr(keyring, "_write_known", held_up)
    for name in keyring.NAMES:
        threads.append(threading.Thread(target=keyring.key, args=(name,), kwargs={"home": tmp_path}))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert known(tmp_path) == {
        name: keyring.fingerprint((tmp_path / "keys" / name).read_bytes()) for name in keyring.NAMES
    }


STARTING = """
import sys
from pathlib import Path
from governance.access import keyring
print([keyring.key(name, home=Path(sys.argv[1])).hex() for name in keyring.NAMES])
"""


def test_processes_that_start_at_once_in_a_new_home_agree_on_its_keys(tmp_path):
    """Every one of them starts, with the same keys, and each key is known afterwards."""
    command = [sys.executable, "-c", STARTING, str(tmp_path / "home")]
    starting = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    said = {process.communicate()[0] for process in starting}
    assert [process.returncode for process in starting] == [0] * 6
    assert len(said) == 1
    assert set(known(tmp_path / "home")) == set(keyring.NAMES)


def overtake(monkeypatch, home, reading):
    """The old key is put out of use right after `reading` gave it out, and before it is noted as known."""
    really = getattr(keyring, reading)

    def overtaken(label, *arguments, **more):
        value = really(label, *arguments, **more)
        if label == "log":
            monkeypatch.setattr(keyring, reading, really)
            keyring.retire_generations("log", home=home)
        return value

    monkeypatch.setattr(keyring, reading, overtaken)


def known(home):
    return json.loads((home / "key-fingerprints.json").read_text())


def test_a_reader_overtaken_by_the_retirement_does_not_bring_the_key_back(tmp_path, monkeypatch):
    """Noted as known again, its file would be missed at every start."""
    keyring.key("log", home=tmp_path)
    keyring.add_generation("log", home=tmp_path)
    newest = keyring.key("log", home=tmp_path)
    overtake(monkeypatch, tmp_path, "_from_file")
    assert keyring.keys("log", home=tmp_path) == (newest,)
    assert set(known(tmp_path)) == {"log.2"}
    assert keyring.keys("log", home=tmp_path) == (newest,)


def test_nor_does_one_whose_key_comes_from_the_environment(tmp_path, monkeypatch):
    """The variable is still set, and not read any more."""
    for number, variable in enumerate(("EDGEWISE_KEY_LOG", "EDGEWISE_KEY_LOG_2")):
        monkeypatch.setenv(variable, base64.b64encode(bytes([number]) * 32).decode())
    keyring.keys("log", home=tmp_path)
    overtake(monkeypatch, tmp_path, "_from_environment")
    assert keyring.keys("log", home=tmp_path) == (b"\1" * 32,)
    assert known(tmp_path)["log"] == keyring.RETIRED
    assert keyring.keys("log", home=tmp_path) == (b"\1" * 32,)


def test_a_key_put_away_between_two_looks_is_no_loss(tmp_path, monkeypatch):
    """The file is there when it is looked for, and gone when it is read: nothing is missing."""
    keyring.key("log", home=tmp_path)
    keyring.add_generation("log", home=tmp_path)
    newest = keyring.key("log", home=tmp_path)
    really = keyring._labels

    def overtaken(name, home):
        monkeypatch.setattr(keyring, "_labels", really)
        labels = really(name, home)
        keyring.retire_generations("log", home=home)
        return labels

    monkeypatch.setattr(keyring, "_labels", overtaken)
    assert keyring.keys("log", home=tmp_path) == (newest,)


def test_a_key_of_which_every_generation_is_out_of_use_is_refused(tmp_path, monkeypatch):
    """With what to restore."""
    monkeypatch.setenv("EDGEWISE_KEY_LOG", base64.b64encode(b"a" * 32).decode())
    (tmp_path / "key-fingerprints.json").write_text(json.dumps({"log": keyring.RETIRED}))
    with pytest.raises(keyring.KeyUnavailable, match=r"put out of use.*Restore"):
        keyring.key("log", home=tmp_path)
