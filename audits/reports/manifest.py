"""The frozen manifest: what a document says, with the evidence from which every figure recomputes.

A document never queries; it renders its manifest. Evidence travels beside it as JSON Lines, one row a line:
``{"query": "<query id>", "row": {...}}``. A figure carries its recipe, so that somebody else can compute it again:

``{"value": 37, "recipe": {"op": "sum", "query": "conformance", "field": "findings", "where": {"verdict": "..."}}}``

What a recipe may say, and how it is computed, stands in the SDK (``edgewise.documents``), which verifies it offline.

Pure: imports no Django. Canonical JSON is UTF-8, keys sorted, no blanks, as in the log's entries.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from edgewise import documents

Row: TypeAlias = Mapping[str, Any]
Json: TypeAlias = dict[str, Any]


def canonical(value: Any) -> bytes:
    """Canonical JSON of a value; refuses NaN and infinities (ValueError)."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


def sha256(content: bytes) -> str:
    """Lower-case hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


@dataclasses.dataclass(frozen=True)
class Figure:
    """A named number of a document and how it follows from the evidence."""

    op: str
    query: str
    field: str = ""
    over: str = ""
    where: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def recipe(self) -> Json:
        """The recipe as it stands in the manifest: empty members left out."""
        parts = {
            "op": self.op,
            "query": self.query,
            "field": self.field,
            "over": self.over,
            "where": dict(self.where),
        }
        return {name: part for name, part in parts.items() if part}


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The answer to one query: its parameters, its rows, and the figures drawn from them."""

    query: str
    parameters: Json
    rows: Sequence[Row]
    figures: Mapping[str, Figure] = dataclasses.field(default_factory=dict)

    def lines(self) -> list[bytes]:
        """The evidence as lines of ``evidence.jsonl``, without line ends."""
        return [canonical({"query": self.query, "row": row}) for row in self.rows]

    def as_json(self) -> Json:
        """What the manifest says about this query."""
        return {
            "query": self.query,
            "parameters": self.parameters,
            "rows": len(self.rows),
            "result_sha256": sha256(join_lines(self.lines())),
        }

    def values(self) -> dict[str, Any]:
        """Each figure computed from the rows."""
        return {name: documents.compute(figure.recipe(), self.rows) for name, figure in self.figures.items()}


def join_lines(lines: Iterable[bytes]) -> bytes:
    """JSON Lines: every line ends in a line feed."""
    return b"".join(line + b"\n" for line in lines)


def freeze(
    *, kind: str, about: Json, evidences: Sequence[Evidence], body: Json, checkpoint: Json | None = None
) -> tuple[Json, bytes]:
    """The manifest of a document and its ``evidence.jsonl``.

    ``about`` names the document (id, system, window, data cut …); ``body`` holds what its pages show; ``checkpoint``
    is the sealed state of the log that it rests on, as ``soundness.quoted`` states it.
    """
    evidence = join_lines(line for each in evidences for line in each.lines())
    figures = {
        f"{each.query}.{name}": {"value": value, "recipe": each.figures[name].recipe()}
        for each in evidences
        for name, value in each.values().items()
    }
    manifest = {
        "schema": documents.SCHEMA,
        "kind": kind,
        "about": about,
        "queries": {each.query: each.as_json() for each in evidences},
        "figures": figures,
        "body": body,
        "checkpoint": checkpoint,
        "evidence": {"file": "evidence.jsonl", "lines": evidence.count(b"\n"), "sha256": sha256(evidence)},
    }
    return manifest, evidence
