"""Runs of decisions as columns: built from log entries, packed into bytes, put together again.

Scores are kept as whole millionths (records have at most six decimals), so that a replay never disagrees with the
record over a near-tie. Texts that repeat (contexts, model versions, option ids) are kept once and referred to by code.
"""

import datetime as dt
import json
import struct
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.decisions import weighing
from audits.decisions.columns import Columns

SCALE = 1_000_000
LEAST_RATE = 1e-9
DISPOSITIONS = ("answered", "clarified", "escalated", "refused")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LENGTH = struct.Struct(">I")
_CODED = {"context": "contexts", "model": "models", "names": "option_ids"}
_SHARED = ("edges", "contexts", "models", "option_ids")


@dataclass(frozen=True, slots=True)
class Table:
    """n decisions over the edges ``edges``. ``scores`` and ``sd`` (n, o, j) in millionths, −1 for absent.

    ``context``, ``model`` and ``names`` (n,) are codes into ``contexts``, ``models`` and ``option_ids``; ``occurred``
    in microseconds since 1970. Margin to verdicts are what was assessed: NaN margin or confidence where there is none,
    ``driving`` (n, j) the deciding edges, ``verdicts`` one bit for each of ``conformance.VERDICTS``. ``rate`` is the
    share of decisions that the model logs, ``assessment`` marks records that assess one option and choose nothing.
    """

    edges: tuple[str, ...]
    contexts: tuple[dict[str, str], ...]
    models: tuple[str, ...]
    option_ids: tuple[tuple[str, ...], ...]
    index: NDArray[np.int64]
    occurred: NDArray[np.int64]
    version: NDArray[np.int64]
    context: NDArray[np.int32]
    model: NDArray[np.int32]
    names: NDArray[np.int32]
    disposition: NDArray[np.int8]
    clarified: NDArray[np.bool_]
    explained: NDArray[np.bool_]
    options: NDArray[np.int8]
    chosen: NDArray[np.int8]
    scores: NDArray[np.int32]
    sd: NDArray[np.int32]
    margin: NDArray[np.float64]
    confidence: NDArray[np.float64]
    driving: NDArray[np.bool_]
    verdicts: NDArray[np.int16]
    rate: NDArray[np.float64]
    assessment: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.index)

    @property
    def columns(self) -> Columns:
        """Scores and deviations as floating-point numbers, NaN for absent."""
        width = self.scores.shape[1]
        present = np.arange(width)[None, :] < self.options[:, None]
        return Columns(_floats(self.scores), _floats(self.sd), present, self.chosen.astype(np.int64))

    @property
    def weight(self) -> NDArray[np.float64]:
        """How much each decision counts in an estimate."""
        return weighing.of_rates(self.rate)

    @property
    def weighted(self) -> bool:
        """Whether the model logs a share of its decisions only."""
        return weighing.is_weighted(self.rate)

    @property
    def choices(self) -> "Table":
        """Without the assessments."""
        return self.take(np.flatnonzero(~self.assessment)) if self.assessment.any() else self

    def take(self, rows: NDArray[Any]) -> "Table":
        """The decisions at ``rows``."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _COLUMN_NAMES})

    def moment(self, row: int) -> dt.datetime:
        """When the decision in that row occurred."""
        return _EPOCH + dt.timedelta(microseconds=int(self.occurred[row]))

    def option_name(self, row: int, option: int) -> str | None:
        """The id of an option; None for −1."""
        return self.option_ids[self.names[row]][option] if option >= 0 else None


_COLUMN_NAMES = tuple(field.name for field in fields(Table) if field.name not in _SHARED)


def _floats(millionths: NDArray[np.int32]) -> NDArray[np.float64]:
    return np.where(millionths < 0, np.nan, millionths / SCALE)


def micros(moment: dt.datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


class _Codes:
    """Gives each distinct value a number, in order of appearance."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._codes: dict[Hashable, int] = {}

    def of(self, value: Any, key: Hashable) -> int:
        if key not in self._codes:
            self._codes[key] = len(self.values)
            self.values.append(value)
        return self._codes[key]


def build(
    indexes: Sequence[int],
    records: Sequence[dict[str, Any]],
    edges: Sequence[str],
    parse: Callable[[str], dt.datetime],
) -> Table:
    """Columns of parsed records that all score ``edges``; the assessment is still empty."""
    n, width, j = len(records), max(len(record["options"]) for record in records), len(edges)
    contexts, models, names = _Codes(), _Codes(), _Codes()
    ids = [tuple(option["id"] for option in record["options"]) for record in records]
    return Table(
        edges=tuple(edges),
        index=np.array(indexes, np.int64),
        occurred=np.array([micros(parse(record["occurred_at"])) for record in records], np.int64),
        version=np.array([record["policy"]["version"] for record in records], np.int64),
        context=np.array([_context_code(contexts, record["context"]) for record in records], np.int32),
        model=np.array([models.of(r["model_version"], r["model_version"]) for r in records], np.int32),
        names=np.array([names.of(each, each) for each in ids], np.int32),
        disposition=np.array([DISPOSITIONS.index(record["disposition"]) for record in records], np.int8),
        clarified=np.array([record.get("clarification") is not None for record in records], bool),
        explained=np.array([record.get("rationale") is not None for record in records], bool),
        options=np.array([len(each) for each in ids], np.int8),
        chosen=np.array(
            [_position(r.get("chosen"), each) for r, each in zip(records, ids, strict=True)], np.int8
        ),
        scores=_millionths(records, "edges", edges, width),
        sd=_millionths(records, "uncertainty", edges, width),
        margin=np.full(n, np.nan),
        confidence=np.full(n, np.nan),
        driving=np.zeros((n, j), bool),
        verdicts=np.zeros(n, np.int16),
        rate=np.array([rate_of(record) for record in records], np.float64),
        assessment=np.array([is_assessment(record) for record in records], bool),
        contexts=tuple(contexts.values),
        models=tuple(models.values),
        option_ids=tuple(names.values),
    )


def rate_of(record: dict[str, Any]) -> float:
    """The share of its decisions that the model logs; 1 where it states none, and never under one in a billion."""
    return max(float((record.get("sampling") or {}).get("rate", 1)), LEAST_RATE)


def is_assessment(record: dict[str, Any]) -> bool:
    """Whether the record assesses one option and chooses nothing."""
    return record.get("kind") == "assessment"


def _context_code(codes: _Codes, context: dict[str, str]) -> int:
    return codes.of(context, frozenset(context.items()))


def _position(chosen: str | None, ids: tuple[str, ...]) -> int:
    return -1 if chosen is None else ids.index(chosen)


def _millionths(
    records: Sequence[dict[str, Any]], field: str, edges: Sequence[str], width: int
) -> NDArray[np.int32]:
    """(n, o, j): ``field`` of every option; what is absent is −1."""
    nothing = (np.nan,) * len(edges)
    every = itemgetter(*edges) if len(edges) > 1 else (lambda given: (given[edges[0]],))
    rows: list[Any] = []
    for record in records:
        for option in record["options"]:
            given = option.get(field) or {}
            rows.append(every(given) if len(given) == len(edges) else tuple(map(given.get, edges)))
        rows += [nothing] * (width - len(record["options"]))
    values = np.array(rows, np.float64).reshape(len(records), width, len(edges))
    return np.asarray(np.where(np.isnan(values), -1, np.rint(np.nan_to_num(values) * SCALE)), np.int32)


def pack(table: Table) -> bytes:
    """A header in JSON, then every column's bytes."""
    columns = {name: np.ascontiguousarray(getattr(table, name)) for name in _COLUMN_NAMES}
    shapes = {name: [column.dtype.str, list(column.shape)] for name, column in columns.items()}
    header = json.dumps({"columns": shapes, **{name: getattr(table, name) for name in _SHARED}}).encode()
    return b"".join([_LENGTH.pack(len(header)), header, *(column.tobytes() for column in columns.values())])


def unpack(data: bytes | memoryview) -> Table:
    """What ``pack`` packed."""
    view = memoryview(data)
    (length,) = _LENGTH.unpack(view[:4])
    header = json.loads(bytes(view[4 : 4 + length]))
    place, columns = 4 + length, {}
    for name, (dtype, shape) in header["columns"].items():
        count = int(np.prod(shape))
        columns[name] = np.frombuffer(view, np.dtype(dtype), count, place).reshape(shape)
        place += columns[name].nbytes
    # A segment of an earlier form, until it is renewed (`decisions.renewing`).
    columns.setdefault("rate", np.ones(len(columns["index"])))
    columns.setdefault("assessment", np.zeros(len(columns["index"]), bool))
    option_ids = tuple(tuple(ids) for ids in header["option_ids"])
    return Table(
        tuple(header["edges"]), tuple(header["contexts"]), tuple(header["models"]), option_ids, **columns
    )


def concat(tables: Sequence[Table]) -> Table:
    """One table of several over the same edges; codes are made anew."""
    if len(tables) == 1:
        return tables[0]
    width = max(table.scores.shape[1] for table in tables)
    merged: dict[str, Any] = {
        name: np.concatenate([_widened(getattr(table, name), name, width) for table in tables])
        for name in _COLUMN_NAMES
        if name not in _CODED
    }
    for name, shared in _CODED.items():
        merged[name], merged[shared] = _recoded([(getattr(t, name), getattr(t, shared)) for t in tables])
    return Table(edges=tables[0].edges, **merged)


def _widened(column: NDArray[Any], name: str, width: int) -> NDArray[Any]:
    if name not in ("scores", "sd") or column.shape[1] == width:
        return column
    return np.pad(column, ((0, 0), (0, width - column.shape[1]), (0, 0)), constant_values=-1)


def _recoded(
    parts: Iterable[tuple[NDArray[Any], tuple[Any, ...]]],
) -> tuple[NDArray[np.int32], tuple[Any, ...]]:
    codes, columns = _Codes(), []
    for column, values in parts:
        new = [codes.of(v, frozenset(v.items()) if isinstance(v, dict) else v) for v in values]
        columns.append(np.array(new, np.int32)[column])
    return np.concatenate(columns), tuple(codes.values)
