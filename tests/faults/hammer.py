"""Clients that post over real HTTP as deployed models do: what got no answer is sent again until it gets one.

Four ways of posting at once: single records, arrays, NDJSON streams longer than one commit, and the same array on two
connections at the same moment, so that two processes race for the same ids.
"""

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.faults.kept import Kept, System

ANSWER_SECONDS = 60
BATCH, STREAM = 25, 620
PAUSE_SECONDS = 0.1
PATH = "/api/v1/decisions"
DEFECT = 500


class NoAnswer(Exception):
    """The server was gone, broke off, or said that it cannot now."""


@dataclass
class Hammer:
    """`ports` may change while it runs; every request goes to one of them."""

    systems: list[System]
    ports: list[int]
    kept: Kept
    seed: int
    pace: float = 0.4
    patience: float = ANSWER_SECONDS
    stopping: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        ways: list[Callable[[random.Random], None]] = [
            self.single,
            self.single,
            self.array,
            self.twins,
            self.stream,
        ]
        for number, way in enumerate(ways):
            rng = random.Random(f"{self.seed} {number}")
            self.threads.append(threading.Thread(target=self._go_on, args=(way, rng), daemon=True))
            self.threads[-1].start()

    def stop(self) -> None:
        """Returns when every client has the answer to what it last sent."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(ANSWER_SECONDS * 3)
            assert not thread.is_alive(), "a client never got an answer"
        self.threads.clear()
        self.stopping.clear()

    def _go_on(self, way: Callable[[random.Random], None], rng: random.Random) -> None:
        while not self.stopping.is_set():
            way(rng)
            self.stopping.wait(self.pace)

    # The ways

    def single(self, rng: random.Random) -> None:
        self.insist(rng, *self._fresh(rng, 1), single=True)

    def array(self, rng: random.Random) -> None:
        self.insist(rng, *self._fresh(rng, BATCH))

    def stream(self, rng: random.Random) -> None:
        self.insist(rng, *self._fresh(rng, STREAM), lines=True)
        self.stopping.wait(2)

    def twins(self, rng: random.Random) -> None:
        """The same records from two connections at the same moment."""
        system, records = self._fresh(rng, BATCH)
        other = threading.Thread(target=self.insist, args=(random.Random(rng.random()), system, records))
        other.start()
        self.insist(rng, system, records)
        other.join()

    def _fresh(self, rng: random.Random, count: int) -> tuple[System, list[dict[str, Any]]]:
        system = rng.choice(self.systems)
        fill = {"input": {"digest": f"sha256:{rng.getrandbits(256):064x}"}}
        ids = (str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(count))
        return system, [system.record | fill | {"id": each} for each in ids]

    def insist(
        self,
        rng: random.Random,
        system: System,
        records: list[dict[str, Any]],
        *,
        single: bool = False,
        lines: bool = False,
    ) -> None:
        """Posts until each record is acknowledged. A stream that broke off was answered in part."""
        left = {record["id"]: record for record in records}
        while left:
            asked_at = time.monotonic()
            try:
                for item in self.post(rng, system, list(left.values()), single=single, lines=lines):
                    self.kept.acknowledge(system, [item], asked_at=asked_at)
                    left.pop(item["id"], None)
                if left:
                    self.kept.contradict(f"{len(left)} records were passed over in silence")
                return
            except NoAnswer as error:
                self.kept.doubt(left, str(error), together=not lines)
                time.sleep(PAUSE_SECONDS * (1 + rng.random()))

    def post(
        self, rng: random.Random, system: System, records: list[dict[str, Any]], *, single: bool, lines: bool
    ) -> Iterator[dict[str, Any]]:
        """The items as they arrive; NoAnswer when no more will come."""
        texts = [json.dumps(record) for record in records]
        body = "\n".join(texts) if lines else texts[0] if single else f"[{','.join(texts)}]"
        kind = "application/x-ndjson" if lines else "application/json"
        headers = {"Authorization": f"Bearer {system.secret}", "Content-Type": kind}
        query = "" if rng.random() < 0.3 else "?brief=1"
        connection = http.client.HTTPConnection("127.0.0.1", rng.choice(self.ports), timeout=self.patience)
        try:
            connection.request("POST", PATH + query, body.encode(), headers)
            yield from self._items(connection.getresponse(), lines=lines)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            connection.close()

    def _items(self, response: http.client.HTTPResponse, *, lines: bool) -> Iterator[dict[str, Any]]:
        if response.status in {429, DEFECT, 502, 503, 504, 507}:
            problem = response.read()
            self._judge_refusal(response, problem)
            raise NoAnswer(f"status {response.status}")
        if lines:
            yield from map(said, whole_lines(response))
        else:
            yield from json.load(response)["items"]

    def _judge_refusal(self, response: http.client.HTTPResponse, problem: bytes) -> None:
        """A refusal that is temporary says so in a form that a client can read; a crash is none, whatever died."""
        if response.status == DEFECT:
            self.kept.contradict(f"{response.status}, whatever died meanwhile: {problem[:200]!r}")
        if response.status in {429, 503} and response.getheader("Retry-After") is None:
            self.kept.contradict(f"{response.status} without Retry-After: {problem[:200]!r}")


def said(line: bytes) -> dict[str, Any]:
    """The item in a line; a last line that asks to send the rest again is no item."""
    item: dict[str, Any] = json.loads(line)
    if item["id"] is None and item["error"]["retryable"]:
        raise NoAnswer(item["error"]["code"])
    return item


def whole_lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Each line as it arrives. `for line in response` would take a body that was cut off for one that ended."""
    rest = b""
    while piece := response.read1(65_536):
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line for line in lines if line.strip())
    if rest.strip():
        raise http.client.IncompleteRead(rest)
