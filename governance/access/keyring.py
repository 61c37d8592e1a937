"""The deployment's own keys: 32 random bytes each, from the environment or from files created once.

``EDGEWISE_KEY_<NAME>`` (base64 of 32 bytes) wins; otherwise ``$EDGEWISE_HOME/keys/<name>`` is read, and written the
first time. While a key is rotated it has several generations, ``<name>``, ``<name>.2`` and so on (in the environment
``EDGEWISE_KEY_<NAME>_2``); the highest is the one to use. A fingerprint of every key is kept beside the folder, so
that a lost or exchanged key stops the start instead of forking the log.
"""

import base64
import binascii
import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from governance import durable

NAMES = ("log", "policy", "deployment", "secret", "witness")
KEY_BYTES = 32
# In place of the fingerprint of a generation that may still be set in the environment, but is not used any more.
RETIRED = "retired"


class KeyUnavailable(Exception):
    """A key is missing, damaged or not the one that the data was made with."""


def key(name: str, *, home: Path) -> bytes:
    """The 32 bytes of the key ``name``, the newest generation; raises KeyUnavailable with the remedy."""
    return keys(name, home=home)[-1]


def keys(name: str, *, home: Path) -> tuple[bytes, ...]:
    """Every generation of a key that is in use, the oldest first: several while it is being rotated."""
    if name not in NAMES:
        raise KeyUnavailable(f"There is no key called {name!r}; the keys are {', '.join(NAMES)}.")
    labels = _labels(name, home)
    found = [_read(label, home, create=labels == [name]) for label in labels]
    if not any(found):
        raise KeyUnavailable(
            f"Every generation of the key {name!r} that is set or stored was put out of use. "
            f"Restore the file of the newest in {home / 'keys'} from your backup, or set its variable."
        )
    return tuple(value for value in found if value)


def add_generation(name: str, *, home: Path) -> None:
    """Makes a new generation, which is the one to use from now on, beside those there are."""
    newest = _labels(name, home)[-1]
    if _from_environment(newest):
        label = _label(name, _number(newest) + 1)
        raise KeyUnavailable(
            f"The key {name!r} comes from the environment. Set {_variable(label)} to the output of "
            "`openssl rand -base64 32` for every process, beside the variables there are, restart, and come back."
        )
    label = _label(name, _number(newest) + 1)
    _read(label, home, create=True)


def retire_generations(name: str, *, home: Path) -> list[str]:
    """Puts every generation but the newest out of use; files go to ``keys/retired``, readable as before.

    Returns the variables that are not read any more and can be taken out of the environment.
    """
    with _alone(home):
        *older, _newest = _labels(name, home)
        stated = [label for label in older if os.environ.get(_variable(label))]
        kept = {label: value for label, value in _known(home).items() if label not in older}
        _write_known({**kept, **dict.fromkeys(stated, RETIRED)}, home)
        for path in (home / "keys" / label for label in older):
            if path.exists():
                _put_away(path)
    return [_variable(label) for label in stated]


def _put_away(path: Path) -> None:
    folder = path.parent / "retired"
    folder.mkdir(mode=0o700, exist_ok=True)
    path.replace(folder / f"{path.name}-{fingerprint(path.read_bytes())}")
    durable.sync(folder)
    durable.sync(path.parent)


def retired(name: str, wanted: str, *, home: Path) -> bytes | None:
    """A generation that was put out of use, by its fingerprint, while its file still lies in ``keys/retired``."""
    for path in (home / "keys" / "retired").glob(f"{name}*-{wanted}"):
        value = path.read_bytes()
        if fingerprint(value) == wanted:
            return value
    return None


def expect(known: Mapping[str, str], *, folders: Sequence[Path]) -> None:
    """KeyUnavailable unless each key of these fingerprints is set in the environment or lies in one of ``folders``."""
    for label, wanted in known.items():
        if wanted == RETIRED:
            continue
        files = (folder / label for folder in folders)
        value = _from_environment(label) or next((path.read_bytes() for path in files if path.exists()), None)
        if value is None:
            raise KeyUnavailable(
                f"The key {label!r} is missing. Put your copy of it at {folders[-1] / label}, or set "
                f"{_variable(label)}."
            )
        if fingerprint(value) != wanted:
            raise KeyUnavailable(
                f"The key {label!r} is not the one that the data was made with (fingerprint {fingerprint(value)}, "
                f"expected {wanted}). Put your copy of that one at {folders[-1] / label}, or set {_variable(label)}."
            )


def _labels(name: str, home: Path) -> list[str]:
    """The generations of a key that are known, set or stored, the oldest first; the first one if there is none yet."""
    known = _known(home)
    seen = {*known, *(path.name for path in (home / "keys").glob(f"{name}*"))}
    numbers = {_number(label) for label in seen if label == name or label.startswith(f"{name}.")}
    number = max(numbers, default=1)
    while os.environ.get(_variable(_label(name, number + 1))):
        number += 1
        numbers.add(number)
    if os.environ.get(_variable(name)):
        numbers.add(1)
    labels = [_label(name, each) for each in sorted(numbers or {1})]
    return [label for label in labels if known.get(label) != RETIRED]


def _label(name: str, number: int) -> str:
    return name if number == 1 else f"{name}.{number}"


def _number(label: str) -> int:
    number = label.partition(".")[2]
    return int(number) if number.isdecimal() else 1


def _variable(label: str) -> str:
    return f"EDGEWISE_KEY_{label.upper().replace('.', '_')}"


def _read(label: str, home: Path, *, create: bool) -> bytes | None:
    """One generation; None if it was put out of use at this moment."""
    value = _from_environment(label) or _from_file(label, home, create=create)
    return value if value and _remember(label, value, home) else None


def _from_environment(label: str) -> bytes | None:
    text = os.environ.get(_variable(label))
    if not text:
        return None
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error:
        value = b""
    if len(value) != KEY_BYTES:
        raise KeyUnavailable(f"{_variable(label)} must be base64 of {KEY_BYTES} bytes.")
    return value


def _from_file(label: str, home: Path, *, create: bool) -> bytes | None:
    path = home / "keys" / label
    if not path.exists():
        _refuse_if_lost(label, path, home)
        if not create:
            return None
        _create(path)
    try:
        value = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(value) != KEY_BYTES:
        raise KeyUnavailable(f"{path} must hold exactly {KEY_BYTES} bytes; restore it from your backup.")
    return value


def _create(path: Path) -> None:
    """Writes the key whole or not at all; of two processes starting at once, one wins and both read the winner."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def fingerprint(value: bytes) -> str:
    """Sixteen hex digits that tell keys apart and give nothing away."""
    return hashlib.sha256(b"edgewise-key\0" + value).hexdigest()[:16]


def _known(home: Path) -> dict[str, str]:
    path = home / "key-fingerprints.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return known


def _refuse_if_lost(label: str, path: Path, home: Path) -> None:
    """A key is made before it is noted, and the note taken away before the key: a moment between is not a loss."""
    if label in _known(home) and not path.exists() and label in _known(home):
        raise KeyUnavailable(
            f"The key {path} is missing, but data made with it exists in {home}. "
            f"Restore the file from your backup or set {_variable(label)}."
        )


def _remember(label: str, value: bytes, home: Path) -> bool:
    """Notes the fingerprint of a key that is used for the first time; False if it was put out of use meanwhile.

    By then the key's file is on disk under its name, whoever made it: nothing is made with a key that may vanish.
    """
    if _known(home).get(label) == fingerprint(value):
        return True
    if (home / "keys").is_dir():
        durable.sync(home / "keys")
    with _alone(home):
        known = _known(home)
        if known.get(label) == RETIRED or not _is_there(label, home):
            return False
        if known.setdefault(label, fingerprint(value)) != fingerprint(value):
            raise KeyUnavailable(
                f"The key {label!r} is not the one that the data in {home} was made with "
                f"(fingerprint {fingerprint(value)}, expected {known[label]}). "
                "Restore the right key from your backup."
            )
        _write_known(known, home)
    return True


def _is_there(label: str, home: Path) -> bool:
    return bool(os.environ.get(_variable(label))) or (home / "keys" / label).exists()


def fingerprints(home: Path) -> dict[str, str]:
    """The fingerprint of every key that data were made with, by generation; RETIRED for one out of use."""
    return _known(home)


def as_they_are(home: Path) -> AbstractContextManager[None]:
    """While it lasts no key is put away: for whoever copies keys and fingerprints."""
    return _alone(home)


def _alone(home: Path) -> AbstractContextManager[None]:
    """The turn of whoever changes what is known of the keys: they are read, compared and written in one go."""
    home.mkdir(parents=True, exist_ok=True)
    return durable.alone(home / ".key-fingerprints.lock")


def _write_known(known: dict[str, str], home: Path) -> None:
    durable.replace(home / "key-fingerprints.json", json.dumps(known, sort_keys=True))
    durable.sync(home)
