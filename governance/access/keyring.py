"""The deployment's own keys: 32 random bytes each, from the environment or from files created once.

``EDGEWISE_KEY_<NAME>`` (base64 of 32 bytes) wins; otherwise ``$EDGEWISE_HOME/keys/<name>`` is read, and written the
first time. A fingerprint of every key is remembered beside the folder, so that a lost or exchanged key stops the
start instead of forking the log.
"""

import base64
import binascii
import hashlib
import json
import os
import secrets
from pathlib import Path

NAMES = ("log", "policy", "deployment", "secret")
KEY_BYTES = 32


class KeyUnavailable(Exception):
    """A key is missing, damaged or not the one that the data was made with."""


def key(name: str, *, home: Path) -> bytes:
    """The 32 bytes of the key ``name``; raises KeyUnavailable with the remedy."""
    if name not in NAMES:
        raise KeyUnavailable(f"There is no key called {name!r}; the keys are {', '.join(NAMES)}.")
    value = _from_environment(name) or _from_file(name, home)
    _remember(name, value, home)
    return value


def _from_environment(name: str) -> bytes | None:
    text = os.environ.get(f"EDGEWISE_KEY_{name.upper()}")
    if not text:
        return None
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error:
        value = b""
    if len(value) != KEY_BYTES:
        raise KeyUnavailable(f"EDGEWISE_KEY_{name.upper()} must be base64 of {KEY_BYTES} bytes.")
    return value


def _from_file(name: str, home: Path) -> bytes:
    path = home / "keys" / name
    if not path.exists():
        _refuse_if_known(name, path, home)
        _create(path)
    value = path.read_bytes()
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


def _refuse_if_known(name: str, path: Path, home: Path) -> None:
    if name in _known(home):
        raise KeyUnavailable(
            f"The key {path} is missing, but data made with it exists in {home}. "
            f"Restore the file from your backup or set EDGEWISE_KEY_{name.upper()}."
        )


def _remember(name: str, value: bytes, home: Path) -> None:
    known = _known(home)
    if known.get(name) == fingerprint(value):
        return
    if name in known:
        raise KeyUnavailable(
            f"The key {name!r} is not the one that the data in {home} was made with "
            f"(fingerprint {fingerprint(value)}, expected {known[name]}). Restore the right key from your backup."
        )
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f".key-fingerprints.{os.getpid()}.{secrets.token_hex(4)}"
    draft.write_text(json.dumps({**known, name: fingerprint(value)}, sort_keys=True))
    draft.replace(home / "key-fingerprints.json")
