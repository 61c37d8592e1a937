"""Reading decision records fast: typed decoding for the common shape, the SDK's own check for everything else.

The fast path only ever accepts; whatever it does not recognise as certainly valid goes through ``edgewise.record``,
which alone knows the rules and their codes. Both paths yield the same ``Draft``.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from edgewise import problems, record_options, record_parts
from edgewise import record as sdk
from msgspec import UNSET, Meta, UnsetType

from audits.decisions import drafting
from audits.decisions.drafting import Draft

Text = Annotated[str, Meta(min_length=1, max_length=problems.MAX_TEXT_CHARACTERS)]
Score = Annotated[float, Meta(ge=0, le=1)]
Deviation = Annotated[float, Meta(ge=0, le=record_options.MAX_UNCERTAINTY)]
Pointer = Annotated[str, Meta(pattern="^/", max_length=problems.MAX_TEXT_CHARACTERS)]
Fact = Annotated[str, Meta(max_length=sdk.MAX_CONTEXT_CHARACTERS)]

FAST_BYTES = 24 * 1024
MOST_CHECKED_SINGLY = 8
_values = msgspec.structs.astuple


class Refused(msgspec.Struct, frozen=True):
    """A record that is not logged, and why."""

    id: str | None
    problem: sdk.Problem


# The fields of structs stand in the order of their names, so that they are written sorted.


class _Policy(msgspec.Struct, forbid_unknown_fields=True):
    digest: Text
    version: Annotated[int, Meta(ge=1)]


class _Subject(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    groups: dict[str, Text] | UnsetType = UNSET
    ref: Text


class _Input(msgspec.Struct, forbid_unknown_fields=True):
    digest: Annotated[str, Meta(pattern=rf"^{record_parts.DIGEST.pattern}\Z")]
    text: str | UnsetType = UNSET


class _Sampling(msgspec.Struct, forbid_unknown_fields=True):
    method: Text
    rate: Annotated[float, Meta(gt=0, le=1)]


def _struct(name: str, fields: Sequence[tuple[Any, ...]], **more: Any) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, fields, forbid_unknown_fields=True, kw_only=True, **more)


def _per_edge(name: str, edges: Sequence[str], kind: Any, *, required: bool) -> type[msgspec.Struct]:
    """A struct with one field per edge: decoding it checks the edges' names in C."""
    rename = {f"e{number}": edge for number, edge in enumerate(sorted(edges))}
    shape = [(field, kind) if required else (field, kind | UnsetType, UNSET) for field in rename]
    return _struct(name, shape, rename=rename, gc=False)


def _record_type(edges: Sequence[str]) -> type[msgspec.Struct]:
    scores = _per_edge("Scores", edges, Score, required=True)
    deviations: Any = _per_edge("Deviations", edges, Deviation, required=False)
    scorers: Any = _per_edge("Scorers", edges, Text, required=False)
    option_fields: list[tuple[Any, ...]] = [
        ("edges", scores), ("id", Text), ("label", str | UnsetType, UNSET),
        ("uncertainty", deviations | UnsetType, UNSET),
    ]  # fmt: skip
    option = _struct("Option", option_fields)
    options = Annotated[list[option], Meta(min_length=1, max_length=sdk.MAX_OPTIONS)]  # type: ignore[valid-type]
    required = {
        "id": str, "system": str, "model_version": Text, "occurred_at": str, "input": _Input, "policy": _Policy,
        "context": Annotated[dict[Fact, Fact], Meta(max_length=sdk.MAX_CONTEXT_KEYS)], "options": options,
        "disposition": Literal["answered", "clarified", "escalated", "refused"],
    }  # fmt: skip
    optional: dict[str, Any] = {
        "subject": _Subject, "kind": Literal["choice", "assessment"], "chosen": str | None, "clarification": Text,
        "trace_id": Text, "span_id": Text, "parent": Text, "sampling": _Sampling, "scorer": scorers,
        "rationale": Annotated[str, Meta(max_length=sdk.MAX_RATIONALE_CHARACTERS)],
        "masked": Annotated[list[Pointer], Meta(max_length=record_parts.MAX_MASKED)],
    }  # fmt: skip
    fields: list[tuple[Any, ...]] = list(required.items())
    fields += [(name, kind | UnsetType, UNSET) for name, kind in optional.items()]
    return _struct("Record", sorted(fields, key=lambda field: field[0]))


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
        latest = now + sdk.CLOCK_TOLERANCE
        quick = [self._quick(raw, latest) for raw in raws]
        too_precise = _too_precise([found[0] for found in quick if found is not None])
        results: list[Draft | Refused] = []
        for raw, found in zip(raws, quick, strict=True):
            draft = None
            if found is not None and id(found[0]) not in too_precise:
                draft = drafting.of_typed(found[0], found[1], raw, self._key)
            results.append(draft or self._slow(raw, now))
        return results

    def _quick(self, raw: bytes, latest: dt.datetime) -> tuple[Any, dt.datetime] | None:
        """The decoded record and its time if it is certainly valid, but for decimals and duplicate keys; else None."""
        if len(raw) > FAST_BYTES:
            return None
        try:
            record: Any = self._decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        moment = sdk.parse_time(record.occurred_at)
        if moment is None or moment > latest or not self._consistent(record):
            return None
        return record, moment

    def _consistent(self, record: Any) -> bool:
        chosen, ids = record.chosen, {option.id for option in record.options}
        return (
            record.system == self.system
            and len(ids) == len(record.options)
            and (chosen in ids if isinstance(chosen, str) else record.disposition != "answered")
            and (record.kind != "assessment" or len(ids) == 1)
            and sdk.UUID.fullmatch(record.id) is not None
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
        return self._checked(record)

    def _checked(self, record: dict[str, Any]) -> Draft:
        """The draft of a record that the SDK found valid; its own shape if it is not the common one."""
        moment = sdk.parse_time(record["occurred_at"])
        assert moment is not None
        try:
            typed = msgspec.convert(record, self._type)
        except (msgspec.ValidationError, UnicodeEncodeError):
            return drafting.of_any(record, moment, self._key)
        return drafting.of_typed(typed, moment, None, self._key) or drafting.of_any(record, moment, self._key)


def _too_precise(records: Sequence[Any]) -> set[int]:
    """Identities of the records with a score of more than six decimals; of many, in one pass over all scores."""
    scores = [_scores(record) for record in records]
    if len(scores) <= MOST_CHECKED_SINGLY:
        return {
            id(record)
            for record, numbers in zip(records, scores, strict=True)
            if any(round(value * 1e6) / 1e6 != value for value in numbers)
        }
    values = np.array(list(itertools.chain.from_iterable(scores)), dtype=np.float64)
    ends = list(itertools.accumulate(map(len, scores)))
    wrong = np.flatnonzero(np.rint(values * 1e6) / 1e6 != values)
    return {id(records[place]) for place in np.searchsorted(ends, wrong, side="right")}


def _scores(record: Any) -> list[float]:
    """All scores of a record and their deviations."""
    numbers: list[Any] = []
    for option in record.options:
        numbers += _values(option.edges)
        if option.uncertainty is not UNSET:
            numbers += [sd for sd in _values(option.uncertainty) if sd is not UNSET]
    return numbers
