"""The published bundle: everything from which anyone can repeat a count, one JSON document per line.

The first line holds the rules and inputs, then one line per ballot in the order of the trackers, the last line the
result. The Merkle root over the lines (RFC 6962 hashing) is in the organisation's log as ``ballot.root``. Ballots of
constituencies that publish no tally of their own stand under ``POOLED``; what they weigh together, per edge and
number of points, is in the first line as ``pooled``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edgewise import merkle

SCHEMA = "edgewise.tally/1"
POOLED = "pooled"


def line(document: Mapping[str, Any]) -> str:
    """Canonical JSON: sorted keys, compact, UTF-8, no newline inside."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def text(
    *, inputs: Mapping[str, Any], ballots: Sequence[Mapping[str, Any]], result: Mapping[str, Any]
) -> str:
    """The bundle, every line ended by a newline."""
    ordered = sorted(ballots, key=lambda ballot: str(ballot["tracker"]))
    lines = [line({"schema": SCHEMA, **inputs}), *(line(ballot) for ballot in ordered), line(result)]
    return "".join(f"{each}\n" for each in lines)


def root(bundle: str) -> str:
    """The Merkle root over the bundle's lines, in hex."""
    return merkle.root([merkle.leaf_hash(each.encode()) for each in bundle.splitlines()]).hex()
