"""The client: logs decisions, fetches the policy, fetches receipts."""

from __future__ import annotations

import atexit
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Self, overload

from edgewise import batches, scoring
from edgewise.backoff import named_pause
from edgewise.batches import Limits, Logged
from edgewise.errors import UnreachableError
from edgewise.policies import Policy
from edgewise.recording import Recorder
from edgewise.scoring import Choice, Option
from edgewise.transport import Answer, RefusedError, refusal

RECEIPT_PAUSE = 0.25


class Client(Recorder):
    """An AI system's connection to Edgewise; see `Recorder` for what it is made with.

    Threads may share a client; a forked process starts with an empty buffer.
    """

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
        if not wait:
            return self.record(decision)
        (logged,) = self.log_many([decision])
        return accepted(logged)

    def log_many(self, decisions: Iterable[Mapping[str, Any]], *, brief: bool = False) -> list[Logged]:
        """Log decisions in as few requests as the limits allow; what became of each, in order.

        Durable when this returns. One bad record does not cost the others: look at `status`. UnreachableError if the
        server stays away; what it had taken until then is recognised as duplicate when sent again. With `brief` the
        server leaves out entries and salts.
        """
        records = (batches.encode(self.prepare(decision)) for decision in decisions)
        logged: list[Logged] = []
        for batch in batches.cut(records, self.limits()):
            logged += self._post(batch, brief)
        return logged

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait until the buffer is empty; whether it is."""
        return self._delivery.flush(timeout)

    def limits(self) -> Limits:
        """What one request may hold, as the server says, or modest defaults where it does not."""
        if self._limits is None:
            answer = self._background.send("GET", batches.LIMITS_PATH, patience=self._patience)
            self._limits = batches.read_limits(answer)
        return self._limits

    def _post(self, batch: Sequence[bytes], brief: bool) -> list[Logged]:
        data, headers = batches.body(batch)
        answer = self._background.send(
            "POST",
            batches.path(brief),
            body=data,
            headers={**headers, **self._delivery.headers()},
            patience=self._patience,
        )
        if answer.status == 413 and len(batch) > 1:
            middle = len(batch) // 2
            return self._post(batch[:middle], brief) + self._post(batch[middle:], brief)
        return batches.read_items(answer, len(batch))

    # Policy and receipts

    def policy(self, context: Mapping[str, str] | None = None) -> Policy:
        """Policy in force for a context (`{"community": "de"}`): `weights`, `rule`, `norms`, `version`, `digest` …

        When the server is away, the last one goes on being given, with a warning; `policy_age` says how old it is.
        RefusedError if the server refuses it, VerificationError if what it answers is not believed: to every caller,
        until an answer holds again. UnreachableError if the server is away and there is no last one.
        """
        where = context or {}
        if known := self._policies.fresh(where):
            return known
        path, headers, patience = self._policies.question(where, self._patience)
        try:
            answer = self._background.send("GET", path, headers=headers, patience=patience)
            return self._policies.learn(where, answer)
        except UnreachableError:
            if last := self._policies.fall_back(where):
                return last
            raise

    def choose(self, options: Sequence[Option], context: Mapping[str, str] | None = None) -> Choice:
        """What the policy in force picks among scored options. Raises what `policy` raises."""
        return scoring.choose(options, self.policy(context))

    def receipt(self, decision_id: str, *, wait: float = 10.0) -> str:
        """Receipt of a logged decision (`.tlog-proof`), once a checkpoint covers it: usually within a second.

        RefusedError if the server refuses it: `not_yet_published` if `wait` seconds were too few, `not_found` if it
        knows no such decision. UnreachableError if it stays away.
        """
        path, deadline = batches.receipt_path(decision_id), time.monotonic() + wait
        while True:
            answer = self._background.send("GET", path, headers={"Accept": "*/*"})
            if answer.status == 200:
                return receipt_text(answer)
            time.sleep(receipt_pause(answer, deadline))

    # Ending

    def close(self, timeout: float = 30.0) -> None:
        """Send what is buffered and stop. Called at exit too."""
        atexit.unregister(self._at_exit)
        self._delivery.close(timeout)
        self._background.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def receipt_text(answer: Answer) -> str:
    """The receipt in an answer; UnreachableError if it is none (a proxy's page in another encoding)."""
    try:
        return answer.body.decode()
    except UnicodeDecodeError:
        raise UnreachableError("the server's answer is no receipt") from None


def receipt_pause(answer: Answer, deadline: float) -> float:
    """Seconds until a receipt is asked for again; RefusedError if it will not come, or not in time."""
    problem, left = refusal(answer), deadline - time.monotonic()
    if problem.code != "not_yet_published" or left < 0:
        raise problem
    named = named_pause(answer.headers)
    return min(RECEIPT_PAUSE if named is None else named, left)


def accepted(logged: Logged) -> Logged:
    """What the server says about one record; RefusedError if it is not in the log."""
    if not logged.ok:
        raise RefusedError(
            422, logged.code, logged.detail, pointer=logged.pointer, retryable=logged.retryable
        )
    return logged
