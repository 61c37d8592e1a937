"""The client for asyncio: the same calls, awaited.

Requests run in the event loop; no request takes a thread. What `log` buffers is kept and sent by the threads that the
synchronous client has as well (`delivery`), so that it is on its way even while the loop is busy. Checking a policy and
keeping it on disk, and the end of `close`, which waits for those threads, happen in a thread of the loop's own pool.
"""

from __future__ import annotations

import asyncio
import atexit
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Self, Unpack

from edgewise import batches, scoring
from edgewise.aio_transport import AsyncTransport
from edgewise.batches import Limits, Logged
from edgewise.client import accepted, receipt_pause, receipt_text
from edgewise.delivery import SOON
from edgewise.errors import UnreachableError
from edgewise.options import Options
from edgewise.policies import Policy
from edgewise.recording import Recorder
from edgewise.scoring import Choice, Option


class AsyncClient(Recorder):
    """An AI system's connection to Edgewise, for asyncio; made with the same as `Client`.

    Every call may be cancelled: a record that was under way is in the log or not, and may be sent again.
    """

    def __init__(self, url: str, api_key: str, **options: Unpack[Options]) -> None:
        super().__init__(url, api_key, **options)
        self._transport = AsyncTransport(url, self._headers, timeout=options.get("timeout", 30.0))

    def log(self, decision: Mapping[str, Any]) -> str:
        """Put a decision into the buffer, at once; its id. Nothing is raised, whatever happens to the server."""
        return self.record(decision)

    async def log_durably(self, decision: Mapping[str, Any]) -> Logged:
        """Log a decision; it is durable when this returns. RefusedError if the server refuses it."""
        (logged,) = await self.log_many([decision])
        return accepted(logged)

    async def log_many(self, decisions: Iterable[Mapping[str, Any]], *, brief: bool = False) -> list[Logged]:
        """Log many decisions; what became of each, in order. As `Client.log_many`."""
        records = (batches.encode(self.prepare(decision)) for decision in decisions)
        logged: list[Logged] = []
        for batch in batches.cut(records, await self.limits()):
            logged += await self._post(batch, brief)
        return logged

    async def limits(self) -> Limits:
        """What one request may hold, as the server says, or modest defaults where it does not."""
        if self._limits is None:
            answer = await self._transport.send("GET", batches.LIMITS_PATH, patience=self._patience)
            self._limits = batches.read_limits(answer)
        return self._limits

    async def _post(self, batch: Sequence[bytes], brief: bool) -> list[Logged]:
        data, headers = batches.body(batch)
        answer = await self._transport.send(
            "POST",
            batches.path(brief),
            body=data,
            headers={**headers, **self._delivery.headers()},
            patience=self._patience,
        )
        if answer.status == 413 and len(batch) > 1:
            middle = len(batch) // 2
            return await self._post(batch[:middle], brief) + await self._post(batch[middle:], brief)
        return batches.read_items(answer, len(batch))

    async def policy(self, context: Mapping[str, str] | None = None) -> Policy:
        """Policy in force for a context. As `Client.policy`."""
        where = context or {}
        if known := self._policies.fresh(where):
            return known
        asked = await asyncio.to_thread(self._policies.question, where, self._patience)
        path, headers, patience = asked
        try:
            answer = await self._transport.send("GET", path, headers=headers, patience=patience)
            return await asyncio.to_thread(self._policies.learn, where, answer)
        except UnreachableError:
            if last := self._policies.fall_back(where):
                return last
            raise

    async def choose(self, options: Sequence[Option], context: Mapping[str, str] | None = None) -> Choice:
        """What the policy in force picks."""
        return scoring.choose(options, await self.policy(context))

    async def receipt(self, decision_id: str, *, wait: float = 10.0) -> str:
        """Receipt of a logged decision, once a checkpoint covers it."""
        path, deadline = batches.receipt_path(decision_id), time.monotonic() + wait
        while True:
            answer = await self._transport.send("GET", path, headers={"Accept": "*/*"})
            if answer.status == 200:
                return receipt_text(answer)
            await asyncio.sleep(receipt_pause(answer, deadline))

    async def flush(self, timeout: float = 30.0) -> bool:
        """Wait until the buffer is empty; whether it is."""
        loop, flushed = asyncio.get_running_loop(), asyncio.Event()
        if not self._delivery.when_flushed(partial(_wake, loop, flushed)):
            return False
        try:
            async with asyncio.timeout(timeout):
                await flushed.wait()
        except TimeoutError:
            return False
        return True

    async def close(self, timeout: float = 30.0) -> None:
        """Send what is buffered and stop."""
        atexit.unregister(self._at_exit)
        if not await self.flush(min(timeout, SOON)):
            await self.flush(self._delivery.more_patience(timeout))
        await asyncio.to_thread(self._delivery.close, 0.0)
        await self._transport.close()
        self._background.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _wake(loop: asyncio.AbstractEventLoop, flushed: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(flushed.set)
