"""Signed notes: text with signature lines below it (C2SP signed-note)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from edgewise import checkpoints, signing
from edgewise.checkpoints import Checkpoint
from edgewise.encoding import from_base64, to_base64, to_text
from edgewise.errors import VerificationError
from edgewise.signing import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE

__all__ = [
    "ED25519",
    "ED25519_COSIGNATURE",
    "ML_DSA_44_COSIGNATURE",
    "NoteSigner",
    "Opened",
    "Signature",
    "VerifierKey",
    "append",
    "key_id",
    "open_checkpoint",
    "open_note",
    "parse_vkey",
    "sign",
    "split",
    "verify",
    "vkey",
]

MAX_SIGNATURES = 100
MAX_NOTE_BYTES = 1 << 20

_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+=*)")
_VKEY = re.compile(r"(?P<name>[^\s+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/]+=*)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def key_id(name: str, public: bytes, kind: int = ED25519) -> bytes:
    """The four bytes that name a key: SHA-256(name, newline, type, public key), cut."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def vkey(name: str, public: bytes, kind: int = ED25519) -> str:
    """Text form of a verifier key: `name+id+key`."""
    return str(VerifierKey(name, public, kind))


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name, for one type of signature."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def id(self) -> bytes:
        """Key ID, four bytes."""
        return key_id(self.name, self.public, self.kind)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"


def parse_vkey(text: str) -> VerifierKey:
    """Read a verifier key; VerificationError if it is malformed, its ID wrong or its type unknown."""
    match = _VKEY.fullmatch(to_text(text, "the verifier key"))
    if not match:
        raise VerificationError("a verifier key reads name+id+key")
    data = from_base64(match["key"], "the verifier key")
    key = VerifierKey(match["name"], data[1:], data[0])
    if signing.PUBLIC_KEY_BYTES.get(key.kind) != len(key.public):
        raise VerificationError(f"the verifier key of {key.name} has an unknown type or a wrong length")
    if key.id.hex() != match["id"]:
        raise VerificationError(f"the verifier key of {key.name} does not have the ID that it states")
    return key


class NoteSigner:
    """Signs notes under a name with a private key, given as its 32-byte seed."""

    def __init__(self, name: str, key: bytes, kind: int = ED25519) -> None:
        if not re.fullmatch(r"[^\s+]+", name):
            raise ValueError("a key name is not empty and has no space and no plus")
        self._seed = key
        self.key = VerifierKey(name, signing.public_key(kind, key), kind)

    @property
    def vkey(self) -> str:
        """Verifier key for those who check what this signs."""
        return str(self.key)

    def line(self, text: str, at: int) -> str:
        """Signature line over `text`; `at` is a POSIX time, used by cosignatures only."""
        key = self.key
        return Signature(key.name, key.id, signing.sign(key.kind, self._seed, key.name, text, at)).line()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the signer's name and key ID, and the signature's bytes."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def at(self) -> int:
        """POSIX time stated by a cosignature; meaningless for other types."""
        return int.from_bytes(self.signature[:8], "big")

    def line(self) -> str:
        """The line as it stands in a note."""
        return f"— {self.name} {to_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Opened:
    """A note whose signatures were checked: its text, and the known keys that signed it."""

    text: str
    keys: tuple[VerifierKey, ...]


def sign(text: str, signers: Iterable[NoteSigner], *, at: int = 0) -> str:
    """The signed note over `text`, which ends in a newline."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("a note's text ends in a newline and has no other control character")
    return f"{text}\n" + "".join(signer.line(text, at) for signer in signers)


def append(note: str, signers: Iterable[NoteSigner], *, at: int) -> str:
    """The same note with more signatures below those it has."""
    text, _ = split(note)
    return note + "".join(signer.line(text, at) for signer in signers)


def split(note: str | bytes) -> tuple[str, list[Signature]]:
    """Take a note apart at its last blank line, without checking any signature."""
    note = _decode(note)
    text, found, block = note.rpartition("\n\n")
    if not found or not block.endswith("\n"):
        raise VerificationError("a signed note is text, a blank line and signature lines")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise VerificationError(f"a note with more than {MAX_SIGNATURES} signatures is not read")
    return text + "\n", [_parse_line(line, number) for number, line in enumerate(lines, 1)]


def verify(note: str | bytes, vkeys: Sequence[str | VerifierKey]) -> Opened:
    """Check a note: unknown keys are ignored, a known key's wrong signature or no known key rejects it."""
    text, _ = split(note)
    return Opened(text, tuple(valid_signatures(note, vkeys)))


def valid_signatures(note: str | bytes, vkeys: Iterable[str | VerifierKey]) -> dict[VerifierKey, Signature]:
    """The signatures of a note by known keys, at least one; VerificationError as `verify` raises it."""
    text, signatures = split(note)
    known = {(key.name, key.id): key for key in map(_key, vkeys)}
    valid: dict[VerifierKey, Signature] = {}
    for line in signatures:
        if key := known.get((line.name, line.key_id)):
            signing.verify(key.kind, key.public, key.name, text, line.signature)
            valid[key] = line
    if not valid:
        raise VerificationError("no signature by a known key")
    return valid


def open_note(note: str | bytes, vkeys: Sequence[str | VerifierKey]) -> str:
    """Text of a note signed by at least one of these keys."""
    return verify(note, vkeys).text


def open_checkpoint(note: str | bytes, vkeys: Sequence[str | VerifierKey]) -> Checkpoint:
    """Checkpoint signed by its own log: by one of these keys, whose name is the log's origin."""
    opened = verify(note, vkeys)
    checkpoint = checkpoints.parse(opened.text)
    if not any(key.name == checkpoint.origin for key in opened.keys):
        raise VerificationError(f"the checkpoint of {checkpoint.origin} is not signed by that log")
    return checkpoint


def _decode(note: str | bytes) -> str:
    if len(note) > MAX_NOTE_BYTES:
        raise VerificationError("the note is too long")
    note = to_text(note, "the note")
    if found := _CONTROL.search(note):
        line = note.count("\n", 0, found.start()) + 1
        raise VerificationError(f"the note has a control character in line {line}")
    return note


def _parse_line(line: str, number: int) -> Signature:
    match = _LINE.fullmatch(line)
    if not match:
        raise VerificationError(f"malformed signature line: line {number} below the text")
    data = from_base64(match["signature"], f"signature {number}")
    if len(data) < 5:
        raise VerificationError(f"signature {number} is too short")
    return Signature(match["name"], data[:4], data[4:])


def _key(key: str | VerifierKey) -> VerifierKey:
    return parse_vkey(key) if isinstance(key, str) else key
