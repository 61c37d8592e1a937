"""A batch job: it decides on every line of a file, logs all decisions durably, and keeps a receipt of the last.

    EDGEWISE_URL=… EDGEWISE_API_KEY=… EDGEWISE_POLICY_VKEY=… python batch_job.py posts.txt receipts/

Run again on the same file it logs nothing twice: ids and times come from the file.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from edgewise import Client

SYSTEM = os.environ.get("EDGEWISE_SYSTEM", "assistant")
JOB = UUID("0b0f5f0e-6f57-5c3c-9a55-1b2a3c4d5e6f")
CONTEXT = {"community": "de"}


def decisions(client: Client, file: Path) -> Iterator[dict[str, Any]]:
    """One decision for each line of the file."""
    policy = client.policy(CONTEXT)
    at = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="milliseconds")
    for number, line in enumerate(file.read_text().splitlines()):
        loud = sum(letter.isupper() for letter in line) / max(1, len(line))
        options = [
            {"id": "keep", "edges": {"safety": round(1 - loud, 6), "privacy": 1.0, "expression": 1.0}},
            {"id": "drop", "edges": {"safety": 1.0, "privacy": 1.0, "expression": 0.1}},
        ]
        choice = client.choose(options, CONTEXT)
        digest = hashlib.sha256(line.encode()).hexdigest()
        yield {
            "id": str(uuid5(JOB, f"{number} {digest}")),
            "system": SYSTEM,
            "model_version": "loudness-1",
            "occurred_at": at,
            "context": CONTEXT,
            "input": {"digest": f"sha256:{digest}"},
            "policy": {"version": policy["version"], "digest": policy["digest"]},
            "options": options,
            "chosen": choice.option_id,
            "disposition": "answered" if choice.option_id else "escalated",
        }


def main(file: Path, receipts: Path) -> int:
    """Exit code 0 if every decision is in the log."""
    vkey = os.environ.get("EDGEWISE_POLICY_VKEY")
    with Client(os.environ["EDGEWISE_URL"], os.environ["EDGEWISE_API_KEY"], policy_vkey=vkey) as client:
        logged = client.log_many(decisions(client, file))
        refused = [item for item in logged if not item.ok]
        for item in refused:
            print(f"{item.id}: {item.code}: {item.detail} ({item.pointer})", file=sys.stderr)
        kept = [item for item in logged if item.ok and item.id]
        if kept:
            receipts.mkdir(parents=True, exist_ok=True)
            (receipts / f"{kept[-1].id}.tlog-proof").write_text(client.receipt(kept[-1].id or ""))
            (receipts / f"{kept[-1].id}.entry").write_bytes(kept[-1].entry)
    print(f"{len(kept)} in the log, {len(refused)} refused")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
