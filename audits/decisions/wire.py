"""Reading decision records fast: typed decoding for the common shape, the SDK's own check for everything else.

The fast path only ever accepts; whatever it does not recognise as certainly valid goes through ``edgewise.record``,
which alone knows the rules and their codes. Both paths yield the same ``Draft``.
"""

import base64
import datetime as dt
import hashlib
import hmac
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import msgspec
import numpy as np
from edgewise import problems, record_options, sealing
from edgewise import record as sdk
from msgspec import UNSET, Meta, UnsetType

Text = Annotated[str, Meta(min_length=1, max_length=problems.MAX_TEXT_CHARACTERS)]
Score = Annotated[float, Meta(ge=0, le=1)]
Deviation = Annotated[float, Meta(ge=0, le=record_options.MAX_UNCERTAINTY)]
Fact = Annotated[str, Meta(max_length=sdk.MAX_CONTEXT_CHARACTERS)]

FAST_BYTES = 24 * 1024
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_ENCODE = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Draft:
    """A valid record on its way into the log: what is stored, and what is answered if it is new.

    ``secrets`` are the sealed values and salts in clear, to be encrypted; ``fingerprint`` recognises a re-post.
    """

    id: uuid.UUID
    entry: bytes
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


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is not logged, and why."""

    id: str | None
    problem: sdk.Problem


class _Policy(msgspec.Struct, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1)]
    digest: Text


class _Subject(msgspec.Struct, forbid_unknown_fields=True):
    ref: Text
    groups: dict[str, Text] | UnsetType = UNSET


class _Input(msgspec.Struct, forbid_unknown_fields=True):
    digest: Annotated[str, Meta(pattern=r"^sha256:\S+\Z")]
    text: str | UnsetType = UNSET


class _Sampling(msgspec.Struct, forbid_unknown_fields=True):
    rate: Annotated[float, Meta(gt=0, le=1)]
    method: Text


class _Record(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    id: str
    system: str
    model_version: Text
    occurred_at: str
    context: Annotated[dict[Fact, Fact], Meta(max_length=sdk.MAX_CONTEXT_KEYS)]
    input: _Input
    policy: _Policy
    disposition: Literal["answered", "clarified", "escalated", "refused"]
    subject: _Subject | UnsetType = UNSET
    kind: Literal["choice", "assessment"] | UnsetType = UNSET
    chosen: str | UnsetType | None = UNSET
    clarification: Text | UnsetType = UNSET
    trace_id: Text | UnsetType = UNSET
    span_id: Text | UnsetType = UNSET
    parent: Text | UnsetType = UNSET
    sampling: _Sampling | UnsetType = UNSET
    rationale: Annotated[str, Meta(max_length=sdk.MAX_RATIONALE_CHARACTERS)] | UnsetType = UNSET


class _Entry(msgspec.Struct):
    record: Any
    schema: str = sdk.SCHEMA
    type: str = "decision"


def _per_edge(name: str, edges: Sequence[str], kind: Any, *, required: bool) -> type[msgspec.Struct]:
    """A struct with one field per edge: decoding it checks the edges' names in C."""
    fields = [f"e{number}" for number in range(len(edges))]
    shape: list[Any] = [(f, kind) if required else (f, kind | UnsetType, UNSET) for f in fields]
    rename = dict(zip(fields, edges, strict=True))
    return msgspec.defstruct(name, shape, rename=rename, forbid_unknown_fields=True)


def _record_type(edges: Sequence[str]) -> type[_Record]:
    scores = _per_edge("Scores", edges, Score, required=True)
    deviations = _per_edge("Deviations", edges, Deviation, required=False)
    scorers = _per_edge("Scorers", edges, Text, required=False)
    shape: list[Any] = [
        ("id", Text),
        ("edges", scores),
        ("label", str | UnsetType, UNSET),
        ("uncertainty", deviations | UnsetType, UNSET),
    ]
    option = msgspec.defstruct("Option", shape, forbid_unknown_fields=True)
    options = Annotated[list[option], Meta(min_length=1, max_length=sdk.MAX_OPTIONS)]  # type: ignore[valid-type]
    more: list[Any] = [("options", options), ("scorer", scorers | UnsetType, UNSET)]
    made = msgspec.defstruct("Record", more, bases=(_Record,), forbid_unknown_fields=True, kw_only=True)
    return cast("type[_Record]", made)


class Wire:
    """Reads records of one system under one set of edges. ``key`` is the HMAC key of fingerprints."""

    def __init__(self, *, system: str, edges: Sequence[str], key: bytes) -> None:
        self.system = system
        self.edges = tuple(edges)
        self._key = key
        self._type = _record_type(self.edges)
        self._decode = msgspec.json.Decoder(self._type).decode

    def read(self, raw: bytes, *, now: dt.datetime) -> Draft | Refused:
        """One record, as received."""
        return self.read_many([raw], now=now)[0]

    def read_many(self, raws: Sequence[bytes], *, now: dt.datetime) -> list[Draft | Refused]:
        """Each record of ``raws``, in order; none costs another."""
        quick = [self._quick(raw, now) for raw in raws]
        too_precise = _too_precise([record for record in quick if record is not None])
        results: list[Draft | Refused] = []
        for raw, record in zip(raws, quick, strict=True):
            if record is None or id(record) in too_precise:
                results.append(self._slow(raw, now))
            else:
                results.append(self._draft(record, raw) or self._slow(raw, now))
        return results

    def _quick(self, raw: bytes, now: dt.datetime) -> Any:
        """The decoded record if it is certainly valid, but for decimals and duplicate keys; else None."""
        if len(raw) > FAST_BYTES:
            return None
        try:
            record = self._decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return record if self._consistent(record, now) else None

    def _consistent(self, record: Any, now: dt.datetime) -> bool:
        moment = sdk.parse_time(record.occurred_at)
        ids = {option.id for option in record.options}
        chosen_fits = (
            record.chosen in ids if isinstance(record.chosen, str) else record.disposition != "answered"
        )
        return (
            moment is not None
            and moment <= now + sdk.CLOCK_TOLERANCE
            and record.system == self.system
            and len(ids) == len(record.options)
            and chosen_fits
            and (record.kind != "assessment" or len(ids) == 1)
            and _UUID.fullmatch(record.id) is not None
        )

    def _slow(self, raw: bytes, now: dt.datetime) -> Draft | Refused:
        """The SDK's check, with its codes; what passes is read like any other record."""
        if len(raw) > 4 * sdk.MAX_ENTRY_BYTES:
            return Refused(None, sdk.Problem("too_large", "", "The record is far over 48 KiB.", "Send less."))
        try:
            record = sdk.loads(raw)
        except sdk.MalformedJSONError as error:
            return Refused(None, sdk.Problem("malformed", "", f"This is not JSON: {error}.", "Mend it."))
        found = sdk.check(record, self.edges, system=self.system, now=now)
        if found:
            named = record.get("id") if isinstance(record, dict) else None
            return Refused(named if isinstance(named, str) else None, found[0])
        try:
            typed = msgspec.convert(record, self._type)
        except (msgspec.ValidationError, UnicodeEncodeError):
            return self._general(record)
        return self._draft(typed, None) or self._general(record)

    def _draft(self, record: Any, raw: bytes | None) -> Draft | None:
        """The draft of a typed record; None if ``raw`` may hold a key twice, or the character NUL."""
        whole = _ENCODE(record)
        if raw is not None and (raw.count(b":") != whole.count(b":") or b"\\u003" in raw):
            return None
        if raw is not None and b"\\u0000" in raw:
            return None
        moment = sdk.parse_time(record.occurred_at)
        assert moment is not None
        subject, chosen = record.subject or None, record.chosen or None
        ref, groups = (subject.ref, subject.groups or None) if subject else (None, None)
        context, version = record.context, record.policy.version
        salts, values = _seal(record)
        return Draft(
            id=uuid.UUID(record.id),
            entry=_ENCODE(_Entry(record)),
            fingerprint=hmac.digest(self._key, whole, hashlib.sha256),
            salts=salts,
            secrets=_ENCODE({"salts": salts, "values": values}),
            occurred_at=moment,
            model_version=record.model_version,
            context=context,
            chosen=chosen,
            disposition=record.disposition,
            policy_version=version,
            options=len(record.options),
            subject=ref,
            groups=groups,
            weights=None,
        )

    def _general(self, record: dict[str, Any]) -> Draft:
        """The draft of a checked record of any shape: nulls, personal weights, missing scores."""
        sealed = sdk.seal(record)
        moment = sdk.parse_time(record["occurred_at"])
        assert moment is not None
        subject = record.get("subject") or {}
        return Draft(
            id=uuid.UUID(record["id"]),
            entry=sdk.entry_bytes(sealed.record),
            fingerprint=hmac.digest(self._key, sdk.canonical(record), hashlib.sha256),
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


def _too_precise(records: Sequence[Any]) -> set[int]:
    """Identities of the records with a score of more than six decimals, found in one pass over all scores."""
    numbers: list[Any] = []
    ends: list[int] = []
    for record in records:
        for option in record.options:
            numbers += msgspec.structs.astuple(option.edges)
            if option.uncertainty is not UNSET:
                numbers += [sd for sd in msgspec.structs.astuple(option.uncertainty) if sd is not UNSET]
        ends.append(len(numbers))
    values = np.array(numbers, dtype=np.float64)
    wrong = np.flatnonzero(np.rint(values * 1e6) / 1e6 != values)
    return {id(records[place]) for place in np.searchsorted(ends, wrong, side="right")}


def _seal(record: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Puts commitments in place of the sealed fields of a typed record; returns salts and values by pointer."""
    holders = [
        (f"/{name}", record, name) for name in sealing.SEALED if getattr(record, name, UNSET) is not UNSET
    ]
    for number, option in enumerate(record.options):
        if option.label is not UNSET:
            holders.append((f"/options/{number}/label", option, "label"))
    fresh = os.urandom(sealing.SALT_BYTES * len(holders))
    salts: dict[str, str] = {}
    values: dict[str, Any] = {}
    for number, (pointer, holder, name) in enumerate(holders):
        salt = fresh[number * sealing.SALT_BYTES :][: sealing.SALT_BYTES]
        value = getattr(holder, name)
        values[pointer] = value
        salts[pointer] = base64.b64encode(salt).decode()
        setattr(holder, name, sealing.commitment(_ENCODE(value), salt))
    return salts, values
