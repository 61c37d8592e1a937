"""Checking a document offline: that every figure in its manifest follows from the evidence attached to it.

A document is a PDF that carries `manifest.json` (schema `edgewise.document/1`) and `evidence.jsonl`, one row a line:
`{"query": …, "row": {…}}`. A figure of the manifest is `{"value": …, "recipe": …}`; a recipe names its `query` and

    count     rows that match `where`           min, max  of `field` over them
    sum       of `field` over them              only      `field` of the one row that matches, else null
    distinct  how many values `field` has       ratio     sum of `field` over sum of `over`, null over nothing

`where` compares fields for equality and may be missing; rows without a value of `field` are passed over.

`checkpoint`, where there is one, is `{"origin", "size", "root", "note"}`: the sealed state of the log that the document
rests on, root in hexadecimal, and the signed note that states it. Rows of kind `log` that tell a root tell the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgewise import checkpoints, notes
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError

SCHEMA = "edgewise.document/1"
MAX_ATTACHED_BYTES = 1 << 30
"""All attached files together, expanded: the evidence of some millions of decisions."""

# A file's dictionary is short; without an end to it, looking for one takes time by the square of the document.
_OBJECT = re.compile(
    rb"\bobj\s{0,9}(<<(?:(?!\bendobj\b).){0,512}?/Type\s{0,9}/EmbeddedFile\b.{0,512}?>>)\s{0,9}stream\r?\n",
    re.DOTALL,
)
_LENGTH = re.compile(rb"/Length\s+(\d+)")

MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading a manifest of another form raises, whatever the form."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class VerifiedDocument:
    """A document whose attachments agree; `sha256` is that of the whole file, to be looked up in the log.

    `checkpoint` is the sealed state of the log that it quotes; its signature was checked if keys were given. None in
    documents that quote none: old ones, and those made before the log's first state was signed.
    """

    kind: str
    about: Mapping[str, Any]
    figures: int
    rows: int
    manifest_sha256: str
    sha256: str
    checkpoint: Checkpoint | None = None


def compute(recipe: Mapping[str, Any], rows: Iterable[Row]) -> Any:
    """The value that a recipe gives over the rows of its query."""
    where = recipe.get("where", {})
    matching = [row for row in rows if all(row.get(name) == wanted for name, wanted in where.items())]
    op, field = recipe["op"], recipe.get("field", "")
    if op == "count":
        return len(matching)
    values = [row[field] for row in matching if row.get(field) is not None]
    if op == "ratio":
        total = sum(row[recipe["over"]] for row in matching)
        return sum(values) / total if total else None
    if op == "sum":
        return sum(values)
    if op == "distinct":
        return len({json.dumps(value, sort_keys=True) for value in values})
    return _chosen(op, values)


def _chosen(op: str, values: list[Any]) -> Any:
    if op == "only":
        return values[0] if len(values) == 1 else None
    if op not in ("min", "max"):
        raise VerificationError(f"a figure asks for an unknown operation: {op}")
    return {"min": min, "max": max}[op](values) if values else None


def attachments(pdf: bytes) -> list[bytes]:
    """The contents of the files carried in a PDF, in their order, MAX_ATTACHED_BYTES at most."""
    found: list[bytes] = []
    left = MAX_ATTACHED_BYTES
    for match in _OBJECT.finditer(pdf):
        length = _LENGTH.search(match[1])
        if length is None:
            continue
        content = pdf[match.end() : match.end() + int(length[1])]
        found.append(_expanded(content, left) if b"/FlateDecode" in match[1] else content)
        left -= len(found[-1])
    return found


def _expanded(content: bytes, most: int) -> bytes:
    engine = zlib.decompressobj()
    try:
        found = engine.decompress(content, most + 1)
    except zlib.error as error:
        raise VerificationError("a file attached to the document is damaged") from error
    if len(found) > most:
        raise VerificationError(
            f"the files attached to the document have more than {MAX_ATTACHED_BYTES:,} bytes"
        )
    if not engine.eof:
        raise VerificationError("a file attached to the document is cut off")
    return found


def verify(pdf: bytes, vkeys: Sequence[str | notes.VerifierKey] = ()) -> VerifiedDocument:
    """Checks hashes, counts and every figure; raises VerificationError, and nothing else, with what disagrees.

    With the verifier keys of the log, it checks the signature of the checkpoint that the document quotes too, and
    refuses a document that quotes none.
    """
    try:
        return _verified(pdf, vkeys)
    except MALFORMED as problem:
        told = f"the manifest or its evidence does not have the form of {SCHEMA} ({type(problem).__name__})"
        raise VerificationError(told) from None


def _verified(pdf: bytes, vkeys: Sequence[str | notes.VerifierKey]) -> VerifiedDocument:
    carried = attachments(pdf)
    raw, manifest = _manifest(carried)
    wanted = manifest["evidence"]["sha256"]
    evidence = next((each for each in carried if hashlib.sha256(each).hexdigest() == wanted), None)
    if evidence is None and manifest["evidence"]["lines"]:
        raise VerificationError("the evidence attached is not the evidence that the manifest names")
    lines = (evidence or b"").splitlines()
    rows = _rows(lines)
    for query, stated in manifest["queries"].items():
        _check_query(query, stated, rows.get(query, []), lines)
    for name, figure in manifest["figures"].items():
        found = compute(figure["recipe"], rows.get(figure["recipe"]["query"], []))
        if found != figure["value"]:
            raise VerificationError(f"the figure {name} is {figure['value']}, but its evidence gives {found}")
    checkpoint = _checkpoint(manifest.get("checkpoint"), rows, vkeys)
    kind, about = manifest["kind"], manifest["about"]
    if not isinstance(kind, str) or not isinstance(about, dict):
        raise TypeError("kind is a text, and about an object")
    digests = hashlib.sha256(raw).hexdigest(), hashlib.sha256(pdf).hexdigest()
    return VerifiedDocument(kind, about, len(manifest["figures"]), len(lines), *digests, checkpoint)


def _checkpoint(
    stated: Mapping[str, Any] | None, rows: Mapping[str, list[Row]], vkeys: Sequence[str | notes.VerifierKey]
) -> Checkpoint | None:
    """The checkpoint that a document quotes, after comparing its note with what is stated beside it."""
    if stated is None:
        if vkeys:
            raise VerificationError("the document quotes no signed state of its log, which a key could check")
        return None
    note = stated["note"]
    found = notes.open_checkpoint(note, vkeys) if vkeys else checkpoints.parse(notes.split(note)[0])
    told = [(stated["origin"], stated["size"], stated["root"])]
    told += [
        (row["origin"], row["entries"] + row["missing"], row["root"])
        for each in rows.values()
        for row in each
        if row.get("kind") == "log" and row.get("root") is not None
    ]
    if any(each != (found.origin, found.size, found.root.hex()) for each in told):
        raise VerificationError("the signed note is about another state of the log than the document tells")
    return found


def _manifest(carried: Iterable[bytes]) -> tuple[bytes, dict[str, Any]]:
    for content in carried:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and found.get("schema") == SCHEMA:
            return content, found
    raise VerificationError("the file carries no manifest of an Edgewise document")


def _rows(lines: Iterable[bytes]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for line in lines:
        parsed = json.loads(line)
        rows.setdefault(parsed["query"], []).append(parsed["row"])
    return rows


def _check_query(query: str, stated: Mapping[str, Any], rows: list[Row], lines: list[bytes]) -> None:
    if stated["rows"] != len(rows):
        raise VerificationError(
            f"the query {query} states {stated['rows']} rows, the evidence has {len(rows)}"
        )
    own = b"".join(line + b"\n" for line in lines if json.loads(line)["query"] == query)
    if hashlib.sha256(own).hexdigest() != stated["result_sha256"]:
        raise VerificationError(
            f"the rows of the query {query} do not have the hash that the manifest states"
        )
