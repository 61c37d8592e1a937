"""Decision records to send: about 1.2 KB, three options on eight edges, with uncertainty."""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from edgewise.batches import new_id

EDGES = ("safety", "fairness", "privacy", "truthfulness", "expression", "culture", "autonomy", "dignity")
OPTIONS = ("allow", "limit", "remove")
PLACES = ("ar", "de", "fr", "hi", "pt")
TEMPLATES = 64
_MARK, _TRACE, _SPAN = "00000000-0000-0000-0000-000000000000", 32 * "T", 16 * "S"
_MARKS = re.compile(f"{_MARK}|{_TRACE}|{_SPAN}")


class Payload:
    """Records of one system under one policy; each call gives new ids, and new traces where records are ``traced``."""

    def __init__(self, system: str, version: int, digest: str, *, traced: bool = False) -> None:
        rng = random.Random(7)
        ties = {"trace_id": _TRACE, "span_id": _SPAN} if traced else {}
        texts = [
            json.dumps({**_record(rng, system, version, digest), **ties}, separators=(",", ":"))
            for _ in range(TEMPLATES)
        ]
        self._parts = [[part.encode() for part in _MARKS.split(text)] for text in texts]

    def records(self, count: int) -> Iterator[bytes]:
        """Encoded records."""
        for number in range(count):
            head, *tails = self._parts[number % TEMPLATES]
            identity = new_id().encode()
            plain = identity.replace(b"-", b"")
            given = zip((identity, plain, plain[16:]), tails, strict=False)
            yield head + b"".join(value + tail for value, tail in given)

    def batch(self, size: int) -> bytes:
        """A JSON array of ``size`` records."""
        return b"[" + b",".join(self.records(size)) + b"]"


def _record(rng: random.Random, system: str, version: int, digest: str) -> dict[str, object]:
    options = [
        {
            "id": option,
            "edges": {edge: round(rng.random(), 3) for edge in EDGES},
            "uncertainty": {edge: round(rng.uniform(0.02, 0.3), 3) for edge in EDGES},
        }
        for option in OPTIONS
    ]
    return {
        "id": _MARK,
        "system": system,
        "model_version": "1.0",
        "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "context": {"community": rng.choice(PLACES)},
        "subject": {
            "ref": f"author-{rng.randrange(50)}",
            "groups": {"age_band": rng.choice(["18-29", "30-49"])},
        },
        "input": {"digest": f"sha256:{rng.getrandbits(256):064x}"},
        "policy": {"version": version, "digest": digest},
        "options": options,
        "chosen": rng.choice(OPTIONS),
        "disposition": "answered",
    }
