"""Bringing buffered records to the server: cut by its limits, tried again until each is taken or refused."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence

from edgewise import batches
from edgewise.backoff import Backoff
from edgewise.batches import Limits, Logged
from edgewise.errors import UnreachableError
from edgewise.transport import BROKEN, Answer, Transport, refusal

BLAMING = frozenset({"malformed", "too_large"})
"""Codes by which the server blames what was sent: halved until the record to blame stands alone."""

TOO_LARGE = 413

Pause = Callable[[float, str], None]
"""Waits for so many seconds, for that reason; raises if the waiting is to end."""


class Sender:
    """Sends records until the server has taken or refused each of them.

    A server that is away, busy, or refuses the key is asked again, with growing pauses: a refusal of the request
    costs no record, be it the server's or a page of somebody on the way. `pause` ends the trying by raising;
    `headers` go with every batch.
    """

    def __init__(
        self, transport: Transport, *, pause: Pause, headers: Callable[[], Mapping[str, str]]
    ) -> None:
        self._transport = transport
        self._pause = pause
        self._headers = headers
        self._limits: Limits | None = None

    def send(self, records: Sequence[bytes]) -> list[Logged]:
        """What became of each record, in order."""
        found: list[Logged] = []
        for batch in batches.cut(records, self._limits or self._learn_limits()):
            found += self._settle(batch)
        return found

    def _learn_limits(self) -> Limits:
        """The server's limits; modest ones as long as it does not tell."""
        try:
            answer = self._transport.once("GET", batches.LIMITS_PATH)
            if answer.status == 200:
                self._limits = batches.read_limits(answer)
        except (*BROKEN, UnreachableError):
            pass
        return self._limits or Limits()

    def _settle(self, batch: Sequence[bytes]) -> list[Logged]:
        backoff, answer = Backoff(), None
        body, headers = batches.body(batch)
        while True:
            try:
                sent = {**headers, **self._headers()}
                answer = self._transport.once("POST", batches.path(brief=True), body=body, headers=sent)
                if answer.status in batches.ANSWERED and batches.has_items(answer):
                    return batches.read_items(answer, len(batch), brief=True)
                reason, seconds = str(refusal(answer)), backoff.pause(answer.headers)
            except (*BROKEN, UnreachableError) as problem:
                answer, reason, seconds = None, f"the server cannot be reached: {problem}", backoff.pause()
            except Exception as problem:  # noqa: BLE001 - whatever is wrong, the records wait
                answer, reason, seconds = None, unexpected(problem), backoff.pause()
            if answer and is_unfit(answer, len(batch)):
                return self._divide(batch, answer)
            self._pause(seconds, reason)

    def _divide(self, batch: Sequence[bytes], answer: Answer) -> list[Logged]:
        """One record that the server cannot read costs no other."""
        self._limits = None
        if len(batch) == 1:
            problem = refusal(answer)
            return [Logged(None, "rejected", code=problem.code, detail=problem.detail)]
        middle = len(batch) // 2
        return self._settle(batch[:middle]) + self._settle(batch[middle:])


def is_unfit(answer: Answer, count: int) -> bool:
    """Whether an answer refuses what `count` records together were sent as.

    What somebody on the way answers blames no record: they bound a request's size at most, and fewer records may pass.
    """
    return refusal(answer).code in BLAMING or (answer.status == TOO_LARGE and count > 1)


def unexpected(problem: Exception) -> str:
    """What a defect is called in the log: where it is, and not its text, which may hold the request's headers."""
    *_, last = traceback.extract_tb(problem.__traceback__)
    return f"{type(problem).__name__} in {last.filename}, line {last.lineno}"
