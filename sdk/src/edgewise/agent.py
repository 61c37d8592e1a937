"""What the sidecar does, without HTTP: takes decisions onto the disk, or forwards them, and hands out the policy."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgewise import record
from edgewise.batches import Logged, complete
from edgewise.client import Client
from edgewise.encoding import to_base64
from edgewise.policies import Policy
from edgewise.problems import Problem
from edgewise.strict_json import MalformedJSONError, loads

ACCEPTED, REJECTED = "accepted", "rejected"
MAX_RECORDS = 5_000


class BadRequestError(ValueError):
    """The body as a whole is not what was announced. `status` is that of the answer."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Parsed:
    """One decision of a request: completed, or refused before anything was kept."""

    decision: dict[str, Any] = field(default_factory=dict)
    problem: Problem | None = None

    @property
    def rejection(self) -> dict[str, Any]:
        """The item of the answer, for one that is refused."""
        assert self.problem is not None
        return _rejected(self.decision.get("id"), self.problem)


class Agent:
    """Accepts decisions from services in any language. The structure is checked here, the rest by the server."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._lock = threading.Lock()
        self.accepted_total = 0
        self.refused_total = 0

    def accept(self, parsed: Sequence[Parsed]) -> tuple[int, list[dict[str, Any]]]:
        """Put decisions on disk, synced, and say so; OSError if the disk does not take them."""
        good = [each.decision for each in parsed if each.problem is None]
        if good:
            self.client.keep(good)
        with self._lock:
            self.accepted_total += len(good)
            self.refused_total += len(parsed) - len(good)
        items = [
            each.rejection if each.problem else {"id": each.decision["id"], "status": ACCEPTED}
            for each in parsed
        ]
        return status(items, 202), items

    def forward(self, parsed: Sequence[Parsed]) -> tuple[int, list[dict[str, Any]]]:
        """Log decisions at the server, and give its receipts' data; UnreachableError if it is away."""
        good = [each.decision for each in parsed if each.problem is None]
        logged = iter(self.client.log_many(good) if good else ())
        items = [each.rejection if each.problem else _answered(next(logged)) for each in parsed]
        return status(items, 201), items

    def policy(self, context: Mapping[str, str]) -> tuple[Policy, str, float]:
        """The policy in force, its tag, and its age in seconds."""
        policy = self.client.policy(context)
        return policy, self.client.policy_etag(context), self.client.policy_age(context) or 0.0

    def state(self) -> dict[str, Any]:
        """How the sidecar is: `trouble` says why decisions wait at the moment."""
        trouble = self.client.trouble
        return {"status": "waiting" if trouble else "ok", "trouble": trouble, **self._figures()}

    def metrics(self) -> str:
        """The same figures for Prometheus."""
        lines = []
        for name, value in self._figures().items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# TYPE edgewise_agent_{name} {kind}", f"edgewise_agent_{name} {value}"]
        return "\n".join([*lines, ""])

    def _figures(self) -> dict[str, int]:
        return {
            "accepted_total": self.accepted_total,
            "refused_total": self.refused_total,
            "rejected_total": self.client.rejected_total,
            "lost_total": self.client.lost_total,
            "spool_bytes": self.client.spool_bytes,
        }


def parse(body: bytes, *, lines: bool) -> list[Parsed]:
    """The decisions of a body: an object or an array, or JSON lines; BadRequestError if it is none of them."""
    if lines:
        return [_checked(line) for line in body.split(b"\n") if line.strip()]
    try:
        found = loads(body)
    except MalformedJSONError as problem:
        raise BadRequestError(400, "malformed", f"The body is not JSON: {problem}.") from None
    found = found if isinstance(found, list) else [found]
    if len(found) > MAX_RECORDS:
        raise BadRequestError(413, "too_large", f"An array has at most {MAX_RECORDS} records; split it.")
    return [_checked(decision) for decision in found]


def status(items: Sequence[Mapping[str, Any]], good: int) -> int:
    """`good` if nothing is refused, 207 if something is, 422 if everything is."""
    refused = sum(item["status"] == REJECTED for item in items)
    if not refused:
        return good
    return 422 if refused == len(items) else 207


def _checked(given: object) -> Parsed:
    try:
        decision = loads(given) if isinstance(given, bytes) else given
    except MalformedJSONError as problem:
        return Parsed({}, Problem("malformed", "", f"This is not JSON: {problem}.", "Mend it."))
    if not isinstance(decision, Mapping):
        return Parsed({}, Problem("malformed", "", "A record is a JSON object.", "Send an object."))
    completed = complete(decision)
    found = record.check(completed, _edges(completed))
    return Parsed(completed, found[0] if found else None)


def _edges(decision: Mapping[str, Any]) -> set[str]:
    """The edges that the decision itself names: only the server knows those of the system."""
    options = decision.get("options")
    options = options if isinstance(options, list) else []
    named = [option.get("edges") for option in options if isinstance(option, Mapping)]
    return {str(edge) for edges in named if isinstance(edges, Mapping) for edge in edges}


def _rejected(name: object, problem: Problem) -> dict[str, Any]:
    detail = f"{problem.detail} {problem.remedy}".strip()
    error = {"code": problem.code, "detail": detail, "pointer": problem.pointer, "retryable": False}
    return {"id": name if isinstance(name, str) else None, "status": REJECTED, "error": error}


def _answered(logged: Logged) -> dict[str, Any]:
    """The server's word on one record, in the server's form."""
    if logged.ok:
        place = {"index": logged.index, "leaf_hash": logged.leaf_hash}
        opened = {"entry": to_base64(logged.entry), "salts": dict(logged.salts)}
        return {"id": logged.id, "status": logged.status, **place, **opened}
    error = {
        "code": logged.code, "detail": logged.detail, "pointer": logged.pointer, "retryable": logged.retryable,
    }  # fmt: skip
    return {"id": logged.id, "status": logged.status, "error": error}
