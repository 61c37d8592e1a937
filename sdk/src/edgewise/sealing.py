"""Sealed fields: what enters the log as a salted commitment, and is kept outside it.

A commitment is SHA-256(salt, value), where value is the field's canonical JSON and the salt 16 fresh random
bytes. Salts are written in Base64, under the field's JSON pointer (RFC 6901).
"""

from __future__ import annotations

import hmac
import os
from binascii import b2a_base64
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from edgewise.encoding import from_base64, to_base64, to_text
from edgewise.errors import VerificationError
from edgewise.strict_json import canonical

SALT_BYTES = 16
SEALED = ("subject", "input", "weights", "rationale", "input_counterfactuals")
SEALED_IN_OPTION = ("label",)
LONGEST_INDEX = 9  # digits of a place in a list

Record = Mapping[str, Any]


class Sealed(NamedTuple):
    """A record without its sealed values, the salts (pointer to Base64) and the values (pointer to value)."""

    record: dict[str, Any]
    salts: dict[str, str]
    values: dict[str, Any]


def commitment(value: bytes, salt: bytes) -> dict[str, str]:
    """What stands in an entry in place of a value, given as its canonical bytes."""
    return {"commitment": to_base64(sha256(salt + value).digest())}


def commitment_bytes(value: bytes, salt: bytes) -> bytes:
    """The canonical bytes of `commitment`, for those who write entries by the thousand."""
    return b'{"commitment":"%b"}' % b2a_base64(sha256(salt + value).digest(), newline=False)


def seal(
    record: Record, salts: Mapping[str, str] | None = None, encode: Callable[[Any], bytes] = canonical
) -> Sealed:
    """Put commitments in place of the sealed fields.

    Salts are drawn fresh, or taken from `salts` (to make the same entry again). `encode` may be a faster
    encoder that writes the same bytes as `canonical`.
    """
    fields = list(sealed_fields(record))
    fresh = os.urandom(SALT_BYTES * len(fields)) if salts is None else b""
    result = dict(record)
    if any(parent is not None for _, parent, _ in fields):
        result["options"] = [dict(option) for option in record["options"]]
    used, values = {}, {}
    for number, (pointer, parent, name) in enumerate(fields):
        salt = fresh[number * SALT_BYTES :][:SALT_BYTES] if salts is None else _salt(salts, pointer)
        holder = result if parent is None else result["options"][parent]
        values[pointer] = holder[name]
        used[pointer] = to_base64(salt)
        holder[name] = commitment(encode(holder[name]), salt)
    return Sealed(result, used, values)


def sealed_fields(record: Record) -> Iterator[tuple[str, int | None, str]]:
    """Fields of a record that are to be sealed: (pointer, option number or None, name)."""
    for name in SEALED:
        if record.get(name) is not None:
            yield f"/{name}", None, name
    for number, option in enumerate(record.get("options", ())):
        for name in SEALED_IN_OPTION:
            if option.get(name) is not None:
                yield f"/options/{number}/{name}", number, name


def open_commitment(stated: object, value: Any, salt: str) -> None:
    """Check that a commitment found in an entry is to this value under this salt."""
    if not isinstance(stated, Mapping) or set(stated) != {"commitment"}:
        raise VerificationError("the entry has no commitment there")
    expected = commitment(_encoded(value), from_base64(salt, "the salt"))["commitment"]
    found = stated["commitment"]
    if not (isinstance(found, str) and found.isascii() and hmac.compare_digest(expected, found)):
        raise VerificationError("the commitment is to another value")


def _encoded(value: Any) -> bytes:
    """The value's canonical bytes; VerificationError if it has none: no commitment can be to it."""
    try:
        return canonical(value)
    except (TypeError, ValueError, RecursionError):
        raise VerificationError("the value cannot be written as JSON") from None


def verify_opened(entry: Mapping[str, Any], pointer: str, value: Any, salt: str) -> None:
    """Check that an entry (parsed) commits to this value under this salt, at this place.

    `pointer` is a JSON pointer into the record of a decision (`/subject`, `/options/0/label`), or names a sealed
    fact of an event (`/reason`).
    """
    stated: Any = entry.get("record", entry.get("sealed"))
    for part in to_text(pointer, "the pointer").removeprefix("/").split("/"):
        stated = _below(stated, part)
    try:
        open_commitment(stated, value, salt)
    except VerificationError as problem:
        raise VerificationError(f"{pointer}: {problem}") from None


def _below(holder: Any, part: str) -> Any:
    """What a part of a JSON pointer leads to; None if that is nothing."""
    if isinstance(holder, Mapping):
        return holder.get(part)
    if isinstance(holder, list) and part.isascii() and part.isdigit() and len(part) <= LONGEST_INDEX:
        return holder[int(part)] if int(part) < len(holder) else None
    return None


def verify_covers(entry: Mapping[str, Any], record: Record, salts: Mapping[str, str]) -> None:
    """Check that an entry's record (parsed) is this record, its sealed fields opened with these salts."""
    stated = entry.get("record")
    if not isinstance(stated, Mapping):
        raise VerificationError("the entry is not that of a record")
    if not isinstance(record, Mapping) or not isinstance(salts, Mapping):
        raise VerificationError("the record and the salts are objects")
    opened, options = dict(stated), _options(stated, "the entry")
    _options(record, "the record")
    for pointer, parent, name in sealed_fields(record):
        if pointer not in salts:
            raise VerificationError(f"there is no salt for {pointer}")
        holder = opened if parent is None else _at(options, parent)
        try:
            value = record[name] if parent is None else record["options"][parent][name]
            open_commitment(holder.get(name), value, salts[pointer])
        except VerificationError as problem:
            raise VerificationError(f"{pointer}: {problem}") from None
        holder[name] = value
    if "options" in stated:
        opened["options"] = options
    if not _equal(opened, dict(record)):
        raise VerificationError("the entry is that of another record")


def _options(holder: Record, whose: str) -> list[dict[str, Any]]:
    """Copies of the options of a record that anybody may have written."""
    found = holder.get("options", [])
    if not isinstance(found, list | tuple) or not all(isinstance(option, Mapping) for option in found):
        raise VerificationError(f"the options of {whose} are not a list of objects")
    return [dict(option) for option in found]


def _equal(one: object, other: object) -> bool:
    try:
        return one == other
    except RecursionError:
        raise VerificationError("the record is nested too deeply to be compared") from None


def _at(options: list[dict[str, Any]], number: int) -> dict[str, Any]:
    if number >= len(options):
        raise VerificationError("the entry has fewer options than the record")
    return options[number]


def _salt(salts: Mapping[str, str], pointer: str) -> bytes:
    if pointer not in salts:
        raise VerificationError(f"there is no salt for {pointer}")
    return from_base64(salts[pointer], "a salt")
