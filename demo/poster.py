"""A deployed model, in a process of its own: fetches its policy over HTTP, decides, posts its decision records.

``python -m demo.poster PLAN.json`` with the API key in EDGEWISE_API_KEY. Imports no Django and knows the server only
through its HTTP API, as any model would.
"""

import hashlib
import json
import os
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import edgewise
import numpy as np

from audits.decisions import columns
from demo import models
from demo.material import Material
from demo.world import Bools, Floats, Ints

BATCH = 500
AUTHORS = 500
# The same post gets the same id in every run, so that a run after a crash logs nothing twice.
NAMESPACE = uuid.UUID("5f0f2c66-3d3b-5a5e-9a54-3b0c5a6b1d2e")
THERE = "conflicting_duplicate"


@dataclass(frozen=True, slots=True)
class Job:
    """What one run of a model decides on: the posts from ``start`` to ``stop`` of ``material``."""

    url: str
    policy_vkey: str
    system: str
    model_version: str
    context_key: str
    places: list[str]
    edges: list[str]
    options: list[str]
    asks: bool
    material: str
    start: int
    stop: int
    out: str

    def write(self, path: Path) -> None:
        """As JSON, for ``main``."""
        path.write_text(json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Per post: the option in the end, whether it was asked about, how sure the model was, the policy it followed."""

    chosen: Ints
    asked: Bools
    confidence: Floats
    version: Ints
    records: int
    seconds: float


def decide(job: Job, material: Material, policies: list[Mapping[str, Any]]) -> tuple[models.Answers, Bools]:
    """What the policies pick for each post (``policies`` by place), and which posts the model would ask about."""
    weights = np.array([[policy["weights"][edge] for edge in job.edges] for policy in policies])
    if any(policy["rule"] != "weighted_sum" for policy in policies):
        raise SystemExit("This model can follow weighted sums only.")
    norms = tuple(
        columns.Norm(job.edges.index(norm["edge"]), norm["minimum"], norm.get("z") or 0.0)
        for norm in policies[0]["norms"]
    )
    given = models.answer(material.scores, material.sd, weights[material.place], norms)
    threshold = np.array([policy["clarification_threshold"] or 0.0 for policy in policies])
    return given, (given.confidence < threshold[material.place]) & job.asks


def settle(
    job: Job, material: Material, policies: list[Mapping[str, Any]], given: models.Answers, asked: Bools
) -> Ints:
    """The option in the end: where the answer settled the matter, what the policy picks on settled scores."""
    settled = Material(
        material.settled,
        np.zeros_like(material.sd),
        material.place,
        material.minority,
        material.settled,
        material.settles,
    )
    again, _ = decide(job, settled, policies)
    return np.where(asked & material.settles, again.chosen, given.chosen)


class Recorder:
    """Turns rows of arrays into decision records (schema ``edgewise.decision/1``)."""

    def __init__(self, job: Job, material: Material, policies: list[Mapping[str, Any]]) -> None:
        self.job, self.material, self.policies = job, material, policies

    def records(self, given: models.Answers, asked: Bools, final: Ints) -> Iterator[dict[str, Any]]:
        """One record per post; for a post that was asked about, a second one with what came of the question."""
        for row in range(len(final)):
            first = self._record(row, self.material.scores, self.material.sd, "first")
            if not asked[row]:
                yield {**first, "disposition": "answered", "chosen": self.job.options[given.chosen[row]]}
                continue
            dialog = f"dialog-{first['id']}"
            yield {**first, "disposition": "clarified", "chosen": None, "clarification": dialog}
            yield self._after(row, first["id"], dialog, int(final[row]))

    def _after(self, row: int, parent: str, dialog: str, final: int) -> dict[str, Any]:
        """The decision after the dialog: on settled scores, or on the same ones when the answer did not help."""
        settled = bool(self.material.settles[row])
        scores = self.material.settled if settled else self.material.scores
        sd = np.zeros_like(self.material.sd) if settled else self.material.sd
        return {
            **self._record(row, scores, sd, "after"),
            "disposition": "answered",
            "chosen": self.job.options[final],
            "clarification": dialog,
            "parent": parent,
        }

    def _record(self, row: int, scores: Floats, sd: Floats, part: str) -> dict[str, Any]:
        number, place = self.job.start + row, int(self.material.place[row])
        policy = self.policies[place]
        return {
            "id": str(uuid.uuid5(NAMESPACE, f"{self.job.system}/{number}/{part}")),
            "system": self.job.system,
            "model_version": self.job.model_version,
            "context": {self.job.context_key: self.job.places[place]},
            "subject": {
                "ref": f"author-{number % AUTHORS}",
                "groups": {"dialect": "minority" if self.material.minority[row] else "majority"},
            },
            "input": {"digest": "sha256:" + hashlib.sha256(f"post {number}".encode()).hexdigest()},
            "policy": {"version": policy["version"], "digest": policy["digest"]},
            "options": self._options(scores[row].tolist(), sd[row].tolist()),
        }

    def _options(self, scores: list[list[float]], sd: list[list[float]]) -> list[dict[str, Any]]:
        edges = self.job.edges
        return [
            {
                "id": option,
                "edges": dict(zip(edges, scores[o], strict=True)),
                "uncertainty": dict(zip(edges, sd[o], strict=True)),
            }
            for o, option in enumerate(self.job.options)
        ]


def post(client: edgewise.Client, records: Iterator[dict[str, Any]], system: str) -> int:
    """Posts in batches; every record has to be logged. Returns how many were."""
    count, batch = 0, []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            count += _send(client, batch)
            batch = []
            if count % (4 * BATCH) == 0:
                print(f"{system}: {count} decisions logged", flush=True)
    return count + _send(client, batch)


def _send(client: edgewise.Client, batch: list[dict[str, Any]]) -> int:
    refused = [item for item in client.log_many(batch) if not item.ok and item.code != THERE]
    if refused:
        raise SystemExit(f"The server refused a record: {refused[0].code}: {refused[0].detail}")
    return len(batch)


def run(job: Job, api_key: str) -> Outcome:
    """Fetch the policies, decide, post."""
    began = time.monotonic()
    material = Material.load(Path(job.material)).take(slice(job.start, job.stop))
    client = edgewise.Client(job.url, api_key, policy_vkey=job.policy_vkey, policy_system=job.system)
    policies: list[Mapping[str, Any]] = [client.policy({job.context_key: place}) for place in job.places]
    given, asked = decide(job, material, policies)
    final = settle(job, material, policies, given, asked)
    records = Recorder(job, material, policies).records(given, asked, final)
    count = post(client, records, job.system)
    client.close()
    version = np.array([policy["version"] for policy in policies])[material.place]
    return Outcome(final, asked, given.confidence, version, count, time.monotonic() - began)


def main() -> None:
    """One run, its outcome kept beside the material."""
    job = Job(**json.loads(Path(sys.argv[1]).read_text()))
    outcome = run(job, os.environ["EDGEWISE_API_KEY"])
    np.savez(job.out, **asdict(outcome))


if __name__ == "__main__":
    main()
