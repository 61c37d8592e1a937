"""Reads and checks a transparency log as a stranger would: from the C2SP specifications alone.

It imports nothing of Edgewise, so that server and SDK cannot vouch for each other. Specifications: signed-note,
tlog-checkpoint, tlog-tiles, tlog-cosignature, tlog-proof (https://c2sp.org) and RFC 6962 section 2.1. Needs the
standard library and the package `cryptography`.

    python reader.py https://example.org/log/acme/moderation VKEY [--token TOKEN] [--receipt FILE --entry FILE]
    python reader.py FOLDER VKEY
"""

import argparse
import base64
import hashlib
import http.client
import re
import struct
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

ED25519, ML_DSA_44 = 1, 6
WIDTH = 256
HASH = 32

Fetch = Callable[[str], bytes]


class LogError(Exception):
    """The log is not what it should be; `index` is the first entry that is wrong, where one is."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True)
class Checkpoint:
    """What a log signed."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Key:
    """A verifier key of signed-note: `<name>+<hex id>+<base64 of type and key>`."""

    name: str
    id: bytes
    kind: int
    material: bytes


# Where the log comes from


def over_http(prefix: str, token: str = "") -> Fetch:
    """Fetch resources below a log's URL prefix."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def fetch(path: str) -> bytes:
        request = urllib.request.Request(f"{prefix.rstrip('/')}/{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                expect_type(path, response)
                return response.read()
        except urllib.error.HTTPError as error:
            raise LogError(f"{path}: HTTP status {error.code}") from error

    return fetch


def expect_type(path: str, response: http.client.HTTPResponse) -> None:
    """The media types that tlog-tiles asks for."""
    wanted = "application/octet-stream" if path.startswith("tile/") else "text/plain; charset=utf-8"
    if response.headers["Content-Type"] != wanted:
        raise LogError(f"{path}: content type {response.headers['Content-Type']!r}, not {wanted!r}")


def from_folder(folder: Path) -> Fetch:
    """Read resources from a copy of the log on disk."""

    def fetch(path: str) -> bytes:
        try:
            return (folder / path).read_bytes()
        except OSError as error:
            raise LogError(f"{path}: {error.strerror}") from error

    return fetch


# Signed notes and checkpoints


def parse_key(text: str) -> Key:
    """Read a verifier key and check its ID."""
    name, hexadecimal, encoded = text.strip().split("+", 2)
    data = base64.b64decode(encoded, validate=True)
    identity = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if identity.hex() != hexadecimal:
        raise LogError("the verifier key's ID does not match its name and key")
    return Key(name, identity, data[0], data[1:])


def open_note(note: bytes, key: Key) -> str:
    """The text of a signed note, once the known key's signature on it is verified."""
    text, lines = split_note(note)
    verified = False
    for line in lines:
        match = re.fullmatch(r"— ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        if not match:
            raise LogError(f"malformed signature line: {line!r}")
        signature = base64.b64decode(match[2], validate=True)
        if match[1] == key.name and signature[:4] == key.id:
            verify_signature(key, text, signature[4:])
            verified = True
    if not verified:
        raise LogError("the known key has not signed this")
    return text


def split_note(note: bytes) -> tuple[str, list[str]]:
    """Text and signature lines: the last empty line divides them."""
    whole = note.decode("utf-8")
    if re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        raise LogError("a control character in a signed note")
    text, divider, signatures = whole.rpartition("\n\n")
    if not divider or not signatures.endswith("\n"):
        raise LogError("not a signed note")
    return text + "\n", signatures[:-1].split("\n")


def verify_signature(key: Key, text: str, signature: bytes) -> None:
    """Check one signature of a type that logs use."""
    try:
        if key.kind == ED25519:
            Ed25519PublicKey.from_public_bytes(key.material).verify(signature, text.encode())
        elif key.kind == ML_DSA_44:
            MLDSA44PublicKey.from_public_bytes(key.material).verify(
                signature[8:], cosigned(key, text, signature[:8])
            )
        else:
            raise LogError(f"signature type {key.kind} is not known")
    except InvalidSignature:
        raise LogError(f"the signature of {key.name} is wrong") from None


def cosigned(key: Key, text: str, timestamp: bytes) -> bytes:
    """The `cosigned_message` structure of tlog-cosignature for a whole tree."""
    checkpoint = parse_checkpoint(text)
    name, origin = key.name.encode(), checkpoint.origin.encode()
    return b"".join(
        [
            b"subtree/v1\n\0",
            bytes([len(name)]) + name,
            timestamp,
            bytes([len(origin)]) + origin,
            struct.pack(">QQ", 0, checkpoint.size),
            checkpoint.root,
        ]
    )


def parse_checkpoint(text: str) -> Checkpoint:
    """Origin, size and root: the first three lines."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or not re.fullmatch(r"0|[1-9][0-9]*", lines[1]):
        raise LogError("not a checkpoint")
    root = base64.b64decode(lines[2], validate=True)
    if len(root) != HASH:
        raise LogError("the root hash has the wrong length")
    return Checkpoint(lines[0], int(lines[1]), root)


def open_checkpoint(note: bytes, key: Key) -> Checkpoint:
    """The checkpoint in a note, signed by the log itself."""
    checkpoint = parse_checkpoint(open_note(note, key))
    if checkpoint.origin != key.name:
        raise LogError(f"the checkpoint is that of {checkpoint.origin}, the key that of {key.name}")
    return checkpoint


# Hashes


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1 over leaf hashes: split at the largest power of two below the number of leaves."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:]))


# Tiles and bundles


def path_of(level: str, number: int, width: int) -> str:
    """`tile/<L>/<N>[.p/<W>]`."""
    digits = f"{number:03d}"
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < WIDTH else "")


def widths(count: int) -> list[int]:
    """How many hashes each tile of a level holds: full tiles, then a partial one if something remains."""
    return [WIDTH] * (count // WIDTH) + ([count % WIDTH] if count % WIDTH else [])


def read_bundle(data: bytes, width: int, first: int) -> list[bytes]:
    """Entries, each after its length in two bytes."""
    entries, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from(">H", data.ljust(at + 2, b"\0"), at)
        entries.append(data[at + 2 : at + 2 + length])
        if len(entries[-1]) != length:
            raise LogError(f"entry {first + len(entries) - 1} is cut off", first + len(entries) - 1)
        at += 2 + length
    if len(entries) != width:
        raise LogError(f"{len(entries)} entries where {width} should be", first + min(len(entries), width))
    return entries


def check_leaves(fetch: Fetch, size: int) -> list[bytes]:
    """Fetch every bundle and every tile of level 0; each entry must hash to what its tile says."""
    leaves: list[bytes] = []
    for number, width in enumerate(widths(size)):
        first = number * WIDTH
        entries = read_bundle(fetch(path_of("entries", number, width)), width, first)
        tile = fetch_tile(fetch, 0, number, width)
        for offset, entry in enumerate(entries):
            leaf = sha256(b"\x00" + entry)
            if leaf != tile[offset]:
                raise LogError(f"entry {first + offset} does not hash to its leaf", first + offset)
            leaves.append(leaf)
    return leaves


def fetch_tile(fetch: Fetch, level: int, number: int, width: int) -> list[bytes]:
    """The hashes of one tile."""
    path = path_of(str(level), number, width)
    data = fetch(path)
    if len(data) != width * HASH:
        raise LogError(f"{path}: {len(data)} bytes, not {width * HASH}")
    return [data[at : at + HASH] for at in range(0, len(data), HASH)]


def check_levels(fetch: Fetch, leaves: list[bytes]) -> None:
    """Each hash of a tile above level 0 must be the tree hash of a full tile of the level below."""
    level, below = 1, leaves
    while len(below) >= WIDTH:
        hashes = [tree_hash(below[at : at + WIDTH]) for at in range(0, len(below) - WIDTH + 1, WIDTH)]
        for number, width in enumerate(widths(len(hashes))):
            for offset, served in enumerate(fetch_tile(fetch, level, number, width), number * WIDTH):
                if served != hashes[offset]:
                    first = offset * WIDTH**level
                    raise LogError(f"tile {level}/{number} is wrong for entries from {first} on", first)
        level, below = level + 1, hashes


def verify_log(fetch: Fetch, vkey: str) -> Checkpoint:
    """Check everything that a log serves: signature, every entry, every tile, the root."""
    checkpoint = open_checkpoint(fetch("checkpoint"), parse_key(vkey))
    leaves = check_leaves(fetch, checkpoint.size)
    check_levels(fetch, leaves)
    if tree_hash(leaves) != checkpoint.root:
        raise LogError("the entries do not add up to the root that the log signed")
    return checkpoint


# Receipts (tlog-proof)


def verify_receipt(receipt: bytes, entry: bytes, vkey: str) -> int:
    """Check that a receipt covers an entry, offline; returns its index."""
    head, _, note = receipt.partition(b"\n\n")
    lines = head.decode().split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1":
        raise LogError("not a tlog-proof")
    if lines[1].startswith("extra "):
        del lines[1]
    if not re.fullmatch(r"index (0|[1-9][0-9]*)", lines[1]):
        raise LogError("the receipt names no index")
    index = int(lines[1].removeprefix("index "))
    path = [base64.b64decode(line, validate=True) for line in lines[2:]]
    checkpoint = open_checkpoint(note, parse_key(vkey))
    if (
        index >= checkpoint.size
        or root_from_path(sha256(b"\x00" + entry), index, checkpoint.size, path) != checkpoint.root
    ):
        raise LogError(f"the receipt does not prove entry {index}", index)
    return index


def root_from_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Root that an audit path leads to, by the recursive definition PATH of RFC 6962 section 2.1.1."""
    if size == 1:
        return leaf if not path else b""
    if not path:
        return b""
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        return sha256(b"\x01" + root_from_path(leaf, index, split, path[:-1]) + path[-1])
    return sha256(b"\x01" + path[-1] + root_from_path(leaf, index - split, size - split, path[:-1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify a log (and a receipt) from the command line: 0 if all is well, 1 if not."""
    parser = argparse.ArgumentParser(description="Verify a C2SP tiled transparency log.")
    parser.add_argument("log", help="URL prefix or folder")
    parser.add_argument("vkey", help="the log's verifier key")
    parser.add_argument("--token", default="", help="sent as a bearer token")
    parser.add_argument("--receipt", type=Path)
    parser.add_argument("--entry", type=Path)
    given = parser.parse_args(arguments)
    remote = given.log.startswith(("http://", "https://"))
    try:
        found = verify_log(
            over_http(given.log, given.token) if remote else from_folder(Path(given.log)), given.vkey
        )
        if given.receipt:
            verify_receipt(given.receipt.read_bytes(), given.entry.read_bytes(), given.vkey)
    except (LogError, ValueError) as error:
        sys.stdout.write(f"BAD: {error}\n")
        return 1
    sys.stdout.write(f"good: {found.origin}, {found.size} entries, root {found.root.hex()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
