"""From a valid record to what is stored of it: the entry with commitments, the fingerprint, the secrets."""

import datetime as dt
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from typing import Any

import msgspec
from edgewise import merkle, sealing
from edgewise import record as sdk
from edgewise.encoding import to_base64
from msgspec import UNSET

# Structs list their fields in order; what is left to sort are the keys of maps.
_encode = msgspec.json.Encoder(order="deterministic").encode
# Stands for each sealed value while a record is written. Drawn by every process for itself and never sent, so that no
# text in a record can hold it.
_MARK = b'"%s"' % secrets.token_hex(16).encode()
_MARKED = msgspec.Raw(_MARK)


class Draft(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A valid record on its way into the log: what is stored, and what is answered if it is new.

    ``id`` is a UUID in lower case; ``secrets`` are the sealed values and salts in clear, to be encrypted;
    ``fingerprint`` recognises a re-post.
    """

    id: str
    entry: bytes
    leaf_hash: bytes
    fingerprint: bytes
    salts: dict[str, str]
    secrets: bytes
    occurred_at: dt.datetime
    model_version: str
    context: dict[str, str]
    chosen: str | None
    disposition: str
    policy_version: int
    options: int
    subject: str | None
    groups: dict[str, str] | None
    weights: dict[str, float] | None


class _Entry(msgspec.Struct):
    record: Any
    schema: str = sdk.SCHEMA
    type: str = "decision"


_BEFORE, _AFTER = _encode(_Entry(_MARKED)).split(_MARK)


def of_typed(record: Any, moment: dt.datetime, raw: bytes | None, key: bytes) -> Draft | None:
    """The draft of a record of the common shape; None if ``raw`` may hold a key twice, or the character NUL.

    The record is written once, with a mark in place of each sealed value: with the values between the pieces it is
    what the fingerprint covers, with commitments it is the entry's.
    """
    subject, identity = record.subject or None, record.id.lower()
    ref, groups = (subject.ref, subject.groups or None) if subject else (None, None)
    pointers, values = _take_sealed(record)
    pieces = _encode(record).split(_MARK)
    if len(pieces) != len(values) + 1:
        return None
    whole = _between(pieces, values)
    if raw is not None and not _same_keys(raw, whole):
        return None
    fresh = os.urandom(sealing.SALT_BYTES * len(values))
    salts = [fresh[at : at + sealing.SALT_BYTES] for at in range(0, len(fresh), sealing.SALT_BYTES)]
    commitments = list(map(sealing.commitment_bytes, values, salts))
    texts = dict(zip(pointers, map(to_base64, salts), strict=True))
    kept = {"salts": texts, "values": dict(zip(pointers, map(msgspec.Raw, values), strict=True))}
    entry = b"".join((_BEFORE, _between(pieces, commitments), _AFTER))
    return Draft(
        id=identity,
        entry=entry,
        leaf_hash=merkle.leaf_hash(entry),
        fingerprint=hmac.digest(key, whole, hashlib.sha256),
        salts=texts,
        secrets=_encode(kept),
        occurred_at=moment,
        model_version=record.model_version,
        context=record.context,
        chosen=record.chosen or None,
        disposition=record.disposition,
        policy_version=record.policy.version,
        options=len(record.options),
        subject=ref,
        groups=groups,
        weights=None,
    )


def of_any(record: dict[str, Any], moment: dt.datetime, key: bytes) -> Draft:
    """The draft of a checked record of any shape: nulls, personal weights, missing scores."""
    sealed = sdk.seal(record)
    subject = record.get("subject") or {}
    entry = sdk.entry_bytes(sealed.record)
    return Draft(
        id=record["id"].lower(),
        entry=entry,
        leaf_hash=merkle.leaf_hash(entry),
        fingerprint=hmac.digest(key, sdk.canonical(record), hashlib.sha256),
        salts=sealed.salts,
        secrets=sdk.canonical({"salts": sealed.salts, "values": sealed.values}),
        occurred_at=moment,
        model_version=record["model_version"],
        context=record["context"],
        chosen=record.get("chosen"),
        disposition=record["disposition"],
        policy_version=record["policy"]["version"],
        options=len(record["options"]),
        subject=subject.get("ref"),
        groups=subject.get("groups") or None,
        weights=record.get("weights"),
    )


def _take_sealed(record: Any) -> tuple[list[str], list[bytes]]:
    """Puts the mark in place of each sealed value; their pointers and what they were, in the order of the entry."""
    pointers, values = [], []
    for pointer, holder, name in _sealed_places(record):
        pointers.append(pointer)
        values.append(_encode(getattr(holder, name)))
        setattr(holder, name, _MARKED)
    return pointers, values


def _sealed_places(record: Any) -> Iterator[tuple[str, Any, str]]:
    """Pointer, holder and name of each sealed field that is there, as they follow each other in what is written."""
    for name in _SEALED_BEFORE_OPTIONS:
        if getattr(record, name, UNSET) is not UNSET:
            yield f"/{name}", record, name
    for number, option in enumerate(record.options):
        if option.label is not UNSET:
            yield f"/options/{number}/label", option, "label"
    for name in _SEALED_AFTER_OPTIONS:
        if getattr(record, name, UNSET) is not UNSET:
            yield f"/{name}", record, name


_SEALED_BEFORE_OPTIONS = sorted(name for name in sealing.SEALED if name < "options")
_SEALED_AFTER_OPTIONS = sorted(name for name in sealing.SEALED if name > "options")


def _between(pieces: list[bytes], values: list[bytes]) -> bytes:
    """The pieces with one value after each but the last."""
    parts = [part for pair in zip(pieces, values, strict=False) for part in pair]
    return b"".join((*parts, pieces[-1]))


def _same_keys(raw: bytes, whole: bytes) -> bool:
    """Whether ``raw`` surely has no key twice and no NUL: a colon was dropped then, or is hidden by an escape."""
    if b"\\u00" in raw and (b"\\u003" in raw or b"\\u0000" in raw):
        return False
    return raw.count(b":") == whole.count(b":")
