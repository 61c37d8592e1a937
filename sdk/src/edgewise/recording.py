"""What the client and the asyncio client have in common: recording decisions, and the state they show."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from edgewise import batches
from edgewise.batches import Logged
from edgewise.delivery import Delivery
from edgewise.masking import Mask, masked
from edgewise.policies import PolicyCache
from edgewise.shelf import Shelf
from edgewise.spool import LIMIT_BYTES, Spool
from edgewise.strict_json import loads
from edgewise.transport import Transport, bearer
from edgewise.version import VERSION

OnRejected = Callable[[Mapping[str, Any], Logged], None]


class Recorder:
    """An AI system's connection to Edgewise.

    `url` is the server's address, `api_key` the system's key; ValueError if they cannot be that.

    `spool`: a folder where decisions wait until the server has them, at most `spool_limit_bytes` of them. They
    survive the death of the process; several processes may share the folder. Without it they wait in memory.
    `mask`: gets a copy of each decision and returns what may leave the process; what it changed is named in `masked`.
    `on_rejected`: called, in a thread of the client, with each decision that the server refuses, and why.
    `policy_vkey`: only policies signed by that key, one of those keys, or a successor that such a key announced are
    believed. `policy_system`: only policies for the system of that name are, else those for the first one seen.
    `policy_fresh_for`: seconds without asking again.
    `policy_cache`: a folder that keeps the last policies for a start without the server.
    `timeout`: seconds until a request counts as unanswered; `patience`: seconds for which a call that waits is tried.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        spool: str | Path | None = None,
        spool_limit_bytes: int = LIMIT_BYTES,
        mask: Mask | None = None,
        on_rejected: OnRejected | None = None,
        policy_vkey: str | Sequence[str] | None = None,
        policy_system: str = "",
        policy_fresh_for: float = 5.0,
        policy_cache: str | Path | None = None,
        timeout: float = 30.0,
        patience: float = 60.0,
    ) -> None:
        self._patience = patience
        self._mask = mask
        self._limits: batches.Limits | None = None
        self._headers = {
            **bearer(api_key, "api_key"), "Accept": "application/json", "User-Agent": f"edgewise/{VERSION}",
        }  # fmt: skip
        self._background = Transport(url, self._headers, timeout=timeout)
        self._delivery = Delivery(
            self._background,
            spool=Spool(Path(spool), limit_bytes=spool_limit_bytes) if spool else None,
            on_rejected=partial(_tell, on_rejected) if on_rejected else None,
        )
        owner = sha256(f"{url}\n{api_key}".encode()).hexdigest()
        shelf = Shelf(Path(policy_cache), owner) if policy_cache else None
        vkeys = [policy_vkey] if isinstance(policy_vkey, str) else policy_vkey or ()
        self._policies = PolicyCache(
            vkeys=vkeys, fresh_for=policy_fresh_for, system=policy_system, shelf=shelf
        )
        self._at_exit = partial(_end, self._delivery, self._background)
        atexit.register(self._at_exit)

    @property
    def lost_total(self) -> int:
        """Decisions that never reached the server and never will. Travels with the next batch."""
        return self._delivery.tally.lost_total

    @property
    def rejected_total(self) -> int:
        """Decisions given to `log` without waiting that the server refused."""
        return self._delivery.tally.rejected_total

    @property
    def trouble(self) -> str:
        """Why decisions wait to be sent at the moment; empty when all is well."""
        return self._delivery.trouble

    @property
    def spool_bytes(self) -> int:
        """Bytes that wait on disk."""
        return self._delivery.spool.size() if self._delivery.spool else 0

    def policy_etag(self, context: Mapping[str, str] | None = None) -> str:
        """The tag of the policy last given for a context; empty if there is none."""
        return self._policies.etag(context or {})

    def policy_age(self, context: Mapping[str, str] | None = None) -> float | None:
        """Seconds since the server last confirmed the policy for a context; None if none is known."""
        return self._policies.age(context or {})

    def record(self, decision: Mapping[str, Any]) -> str:
        """Put a decision into the buffer and return its id, at once; nothing is raised, whatever is wrong.

        A decision that cannot be written as JSON is counted in `rejected_total`; its id is empty if it has none.
        """
        given = decision if isinstance(decision, Mapping) else {}
        name = str(given.get("id") or "")
        try:
            prepared = self.prepare(decision)
            name = str(prepared["id"])
            self._delivery.add(batches.encode(prepared))
        except Exception as problem:  # noqa: BLE001 - a mask may raise anything; the request path must not see it
            why = Logged(
                name or None, "rejected", code="malformed", detail=f"{type(problem).__name__}: {problem}"
            )
            self._delivery.reject(b"{}", why)
        return name

    def keep(self, decisions: Sequence[Mapping[str, Any]]) -> None:
        """Put decisions into the spool, synced: they survive the death of the machine. OSError if that fails."""
        self._delivery.keep_durably([batches.encode(self.prepare(decision)) for decision in decisions])

    def prepare(self, decision: Mapping[str, Any]) -> dict[str, Any]:
        """The decision as it is sent: with an id and the time, and masked."""
        completed = batches.complete(decision)
        return masked(completed, self._mask) if self._mask else completed


def _end(delivery: Delivery, transport: Transport) -> None:
    """At the end of the interpreter."""
    delivery.close(timeout=10.0)
    transport.close()


def _tell(on_rejected: OnRejected, record: bytes, why: Logged) -> None:
    on_rejected(loads(record), why)
