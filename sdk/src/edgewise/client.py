"""The client: logs decisions, fetches the policy, fetches receipts."""

from __future__ import annotations

import atexit
import logging
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self, overload

from edgewise import batches, scoring
from edgewise.batches import Limits, Logged
from edgewise.buffer import Buffer
from edgewise.policies import Policy, PolicyCache
from edgewise.scoring import Choice, Option
from edgewise.spool import Spool
from edgewise.transport import Answer, RefusedError, Transport, UnreachableError, refusal

logger = logging.getLogger("edgewise")

ANSWERED = frozenset({201, 207, 409, 422})


class Client:
    """An AI system's connection to Edgewise.

    `url` is the server's address, `api_key` the system's key. With `policy_vkey`, only policies signed by that key
    are believed. With `spool`, a file, buffered records wait there while the server is away. Threads may share a
    client; a forked process starts with an empty buffer.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        policy_vkey: str | None = None,
        policy_fresh_for: float = 5.0,
        timeout: float = 30.0,
        patience: float = 60.0,
        spool: str | Path | None = None,
    ) -> None:
        headers = {
            "Authorization": f"Bearer {api_key}",
            "Accept": "application/json",
            "User-Agent": "edgewise",
        }
        self._transport = Transport(url, headers, timeout=timeout)
        self._policies = PolicyCache(
            self._transport, vkey=policy_vkey, fresh_for=policy_fresh_for, patience=patience
        )
        self._patience = patience
        self._limits: Limits | None = None
        self.rejected_total = 0
        self._spool = Spool(Path(spool)) if spool else None
        self._buffer = Buffer(self._deliver, rescue=self._spool.keep if self._spool else None)
        self._at_exit = partial(_close, weakref.ref(self))
        atexit.register(self._at_exit)

    @property
    def lost_total(self) -> int:
        """Records given to `log` that never reached the server. Travels with the next batch."""
        return self._buffer.lost_total

    # Logging

    @overload
    def log(self, decision: Mapping[str, Any], *, wait: Literal[False] = False) -> str: ...

    @overload
    def log(self, decision: Mapping[str, Any], *, wait: Literal[True]) -> Logged: ...

    def log(self, decision: Mapping[str, Any], *, wait: bool = False) -> str | Logged:
        """Log one decision; an id and the time are filled in where they are missing.

        Without `wait` it only joins the buffer, and its id is returned: nothing is raised, whatever happens to the
        server. With `wait` it is durable when this returns; RefusedError if the server refuses it.
        """
        record = batches.complete(decision)
        if not wait:
            self._add(record)
            return str(record["id"])
        (logged,) = self.log_many([record])
        if not logged.ok:
            raise RefusedError(422, logged.code, f"{logged.detail} ({logged.pointer})")
        return logged

    def log_many(self, decisions: Iterable[Mapping[str, Any]]) -> list[Logged]:
        """Log decisions in as few requests as the limits allow; what became of each, in order.

        Durable when this returns. One bad record does not cost the others: look at `status`. UnreachableError if the
        server stays away; what it had taken until then is recognised as duplicate when sent again.
        """
        records = (batches.encode(batches.complete(decision)) for decision in decisions)
        logged: list[Logged] = []
        for batch in batches.cut(records, self.limits()):
            logged += self._post(batch)
        return logged

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait until the buffer is empty; whether it is."""
        return self._buffer.flush(timeout)

    def limits(self) -> Limits:
        """What one request may hold, as the server says, or modest defaults where it does not."""
        if self._limits is None:
            answer = self._transport.send("GET", "/api/v1/limits", patience=self._patience)
            stated = answer.json() if answer.status == 200 else {}
            usual = Limits()
            self._limits = Limits(
                records=min(usual.records, int(stated.get("records") or usual.records)),
                bytes=min(usual.bytes, int(stated.get("bytes") or usual.bytes)),
            )
        return self._limits

    def _add(self, record: Mapping[str, Any]) -> None:
        try:
            self._buffer.add(batches.encode(record))
        except (TypeError, ValueError, RecursionError) as problem:
            self._reject("malformed", str(problem))

    def _reject(self, code: str, detail: str, count: int = 1) -> None:
        if not self.rejected_total:
            logger.warning("a decision was rejected: %s: %s (counted in rejected_total)", code, detail)
        self.rejected_total += count

    def _deliver(self, records: list[bytes]) -> None:
        """Send what was buffered, or keep it on disk; called by the buffer's thread."""
        if self._spool is None:
            self._send(records)
            return
        try:
            self._send(records)
        except UnreachableError:
            self._spool.keep(records)
        else:
            with suppress(UnreachableError):
                self._spool.drain(self._send)

    def _send(self, records: list[bytes]) -> None:
        for batch in batches.cut(records, self.limits()):
            rejected = [item for item in self._post(batch, brief=True) if not item.ok]
            if rejected:
                self._reject(rejected[0].code, rejected[0].detail, len(rejected))

    def _post(self, batch: Sequence[bytes], *, brief: bool = False) -> list[Logged]:
        data, headers = batches.body(batch)
        headers["Edgewise-Lost-Total"] = str(self.lost_total)
        path = "/api/v1/decisions" + ("?brief=1" if brief else "")
        answer = self._transport.send("POST", path, body=data, headers=headers, patience=self._patience)
        if answer.status == 413 and len(batch) > 1:
            middle = len(batch) // 2
            return self._post(batch[:middle], brief=brief) + self._post(batch[middle:], brief=brief)
        return _read_items(answer, len(batch))

    # Policy and receipts

    def policy(self, context: Mapping[str, str] | None = None) -> Policy:
        """Policy in force for a context (`{"community": "de"}`): `weights`, `rule`, `norms`, `version`, `digest` …"""
        return self._policies.get(context or {})

    def choose(self, options: Sequence[Option], context: Mapping[str, str] | None = None) -> Choice:
        """What the policy in force picks among scored options."""
        return scoring.choose(options, self.policy(context))

    def receipt(self, decision_id: str, *, wait: float = 10.0) -> str:
        """Receipt of a logged decision (`.tlog-proof`), once a checkpoint covers it."""
        path, deadline = f"/api/v1/decisions/{decision_id}/proof", time.monotonic() + wait
        while True:
            answer = self._transport.send("GET", path, headers={"Accept": "*/*"})
            if answer.status == 200:
                return answer.body.decode()
            problem = refusal(answer)
            if problem.code != "not_yet_published" or time.monotonic() > deadline:
                raise problem
            time.sleep(0.25)

    # Ending

    def close(self, timeout: float = 30.0) -> None:
        """Send what is buffered and stop. Called at exit too."""
        atexit.unregister(self._at_exit)
        self._buffer.close(timeout)
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read_items(answer: Answer, count: int) -> list[Logged]:
    if answer.status not in ANSWERED:
        raise refusal(answer)
    stated = answer.json()
    if "items" not in stated:
        raise refusal(answer)
    items = [batches.read_item(item) for item in stated["items"]]
    if len(items) != count:
        raise UnreachableError(f"the server answered for {len(items)} of {count} records")
    return items


def _close(client: weakref.ref[Client]) -> None:
    if alive := client():
        alive.close(timeout=10.0)
