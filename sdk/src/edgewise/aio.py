"""The client for asyncio: the same calls, awaited; each runs in a thread, so that the loop is never held up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from edgewise.batches import Logged
from edgewise.client import Client
from edgewise.policies import Policy
from edgewise.scoring import Choice, Option


class AsyncClient:
    """Wraps a `Client`, made with the same arguments."""

    def __init__(self, url: str, api_key: str, **options: Any) -> None:
        self.client = Client(url, api_key, **options)

    @property
    def lost_total(self) -> int:
        """Records that never reached the server."""
        return self.client.lost_total

    @property
    def rejected_total(self) -> int:
        """Buffered records that the server refused."""
        return self.client.rejected_total

    def log(self, decision: Mapping[str, Any]) -> str:
        """Put a decision into the buffer, at once; its id."""
        return self.client.log(decision)

    async def log_durably(self, decision: Mapping[str, Any]) -> Logged:
        """Log a decision; it is durable when this returns."""
        return await asyncio.to_thread(self.client.log, decision, wait=True)

    async def log_many(self, decisions: Iterable[Mapping[str, Any]]) -> list[Logged]:
        """Log many decisions; what became of each."""
        return await asyncio.to_thread(self.client.log_many, decisions)

    async def policy(self, context: Mapping[str, str] | None = None) -> Policy:
        """Policy in force for a context."""
        return await asyncio.to_thread(self.client.policy, context)

    async def choose(self, options: Sequence[Option], context: Mapping[str, str] | None = None) -> Choice:
        """What the policy in force picks."""
        return await asyncio.to_thread(self.client.choose, options, context)

    async def receipt(self, decision_id: str, *, wait: float = 10.0) -> str:
        """Receipt of a logged decision, once a checkpoint covers it."""
        return await asyncio.to_thread(self.client.receipt, decision_id, wait=wait)

    async def flush(self, timeout: float = 30.0) -> bool:
        """Wait until the buffer is empty."""
        return await asyncio.to_thread(self.client.flush, timeout)

    async def close(self) -> None:
        """Send what is buffered and stop."""
        await asyncio.to_thread(self.client.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
