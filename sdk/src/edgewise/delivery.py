"""Records on their way: from `log` to disk or memory, and from there to the server, by threads."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from edgewise import intake
from edgewise.background import Background, do_aside
from edgewise.backoff import Backoff
from edgewise.batches import Logged
from edgewise.buffer import Buffer, Kept, Load
from edgewise.intake import Act, Intake, Item
from edgewise.sending import Sender, unexpected
from edgewise.spool import Spool
from edgewise.spool_files import Segment
from edgewise.tally import OnRejected, Tally
from edgewise.transport import Transport

KEEP_EVERY = 0.02  # a process that is killed loses at most what it logged within this time
SYNC_EVERY = 0.9  # a machine that dies, what it logged within this one; and a disk takes its time to sync
LOOK_EVERY = 5.0  # for files that another process has left
AT_ONCE = 500
RETRY_PAUSE = 1.0
SOON = 1.0
GRACE = 1.0  # for a thread to end, once nothing keeps it from ending
RETRY_FOR = 3_600.0  # a record that the server takes "not yet" (its clock is behind) is refused after that

logger = logging.getLogger("edgewise")

CLOSED, FULL = "the client is closed", "the buffer is full"


class StoppedError(Exception):
    """The client is being closed; what has not been sent stays where it is."""


class Delivery:
    """Takes encoded records at once and brings them to the server, by way of the disk where there is a spool.

    `add` touches no lock, no disk and no connection. The keeping thread moves what was added to the spool (or, without
    one, or when the disk is full, to memory), the sending thread brings it to the server, and the syncing thread, if
    there is a spool, syncs that. `tally` counts what cannot be kept and what is refused.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        spool: Spool | None = None,
        on_rejected: OnRejected | None = None,
        buffer: Buffer | None = None,
        batch: int = AT_ONCE,
        max_age: float = 0.5,
    ) -> None:
        self.spool = spool
        self._memory = buffer or Buffer()
        self.tally = Tally(on_rejected)
        self._batch = batch
        self._max_age = max_age
        self._sender = Sender(transport, pause=self._pause, headers=self.headers)
        self._set_up()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=partial(_start_afresh, weakref.ref(self)))
        if spool and spool.size():
            self._threads.start()

    def _set_up(self) -> None:
        self._trouble = ""
        self._added = Intake()
        self._changed = threading.Condition()
        self._closing = self._ended = False
        self._all_kept = threading.Event()
        self._flushing: list[Act] = []
        works = (self._keep_what_is_added, self._send_until_closed)
        self._threads = Background(*works, self._sync_by_the_clock) if self.spool else Background(*works)

    @property
    def trouble(self) -> str:
        """Why records wait at the moment; empty when all is well."""
        return self._threads.trouble or self._trouble

    # Called by the code that logs

    def add(self, record: bytes) -> None:
        """Take a record; when too many wait or the client is closed, it is lost and counted."""
        if self._closing or self._is_full(len(record)):
            self._lose(1, CLOSED if self._closing else FULL)
            return
        self._put(record)

    def reject(self, record: bytes, why: Logged) -> None:
        """Count a record that is not fit to be sent; the hook and the warning come from another thread."""
        if self._closing or self._is_full(0):
            self.tally.count_rejected()
        else:
            self._put(partial(self.tally.reject, record, why))

    def keep_durably(self, records: Sequence[bytes]) -> None:
        """Put records on disk, synced; OSError if that is not possible."""
        if self.spool is None:
            raise OSError("there is no spool")
        now = time.time()
        self.spool.keep([Kept(record, now) for record in records], sync=True)
        self._threads.start()
        self._notify()

    def when_flushed(self, done: Act) -> bool:
        """Send without waiting for more, and call `done` when all that was added by now is sent, refused or lost.

        False if that cannot come, since no thread can be started.
        """
        if self._ended or (not self._threads.runs and not self._added.count):
            done()
            return True
        self._put(partial(self._expect, done))
        return self._threads.start()

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait until everything added has been sent, refused or lost; whether that happened in time."""
        flushed = threading.Event()
        return self.when_flushed(flushed.set) and flushed.wait(timeout)

    def close(self, timeout: float = 30.0) -> None:
        """Send what is left, then stop. What is not sent in time stays in the spool; without one it is lost."""
        if self._closing:
            return
        self.flush(min(timeout, SOON)) or self.flush(self.more_patience(timeout))
        self._closing = True
        until = time.monotonic() + GRACE
        self._added.add(None)
        self._notify()
        self._threads.wait_for(self._keep_what_is_added, GRACE)
        # The sending thread may be in the middle of a request.
        self._threads.wait_for(self._send_until_closed, min(timeout, until - time.monotonic()))
        self._ended = True
        self._rescue(until)
        if self.spool:
            self.spool.close(max(0.0, until - time.monotonic()))
            self._all_kept.set()
            if self._threads.has_started(self._sync_by_the_clock):
                self._threads.wait_for(self._sync_by_the_clock, GRACE)
            else:
                self._sync()

    def more_patience(self, timeout: float) -> float:
        """How long the end waits after `SOON`: not at all, if the server is away and a disk keeps what is left."""
        return 0.0 if self.spool and self.trouble else max(0.0, timeout - SOON)

    def start_afresh(self) -> None:
        """In a forked process: forget what the parent will send; its threads did not live through the fork."""
        self._memory.forget()
        self.tally.forget()
        self._set_up()

    def _put(self, item: Item) -> None:
        """A thread that cannot be started is tried again with the next record, and by `close`."""
        self._added.add(item)
        if self._ended:
            self._give_up()
        else:
            self._threads.start()

    def _is_full(self, more: int) -> bool:
        """Whether too much waits in memory, be it on its way to the disk."""
        if self._added.count + self._memory.count >= self._memory.capacity:
            return True
        return self._added.bytes + self._memory.bytes + more > self._memory.capacity_bytes

    # The keeping thread: from `add` to disk or memory

    def _keep_what_is_added(self) -> None:
        while None not in (items := self._added.take(AT_ONCE)):
            self._settle(items)
            if not self._added.count:
                time.sleep(KEEP_EVERY)
        self._settle(items)

    def _settle(self, items: Sequence[Item]) -> None:
        self._keep(self._added.in_hand)
        self._added.kept()
        if self._ended:  # `close` did not wait for this
            self._keep_or_lose(self._memory.left())
        intake.do(items)

    def _keep(self, records: Sequence[Kept], *, sync: bool = False) -> None:
        trouble: Exception | None = None
        try:
            if self.spool and records:
                self.spool.keep(records, sync=sync)
                records = ()
        except (OSError, MemoryError) as problem:
            trouble = problem
        if refused := self._memory.keep(records):
            self._lose(refused, FULL)
        self._notify()
        if trouble:
            why = f"the spool cannot be written, records wait in memory: {trouble}"
            intake.do([partial(self.tally.say_once, "spool", why)])

    def _expect(self, done: Act) -> None:
        with self._changed:
            self._flushing.append(done)
            self._changed.notify_all()

    # The syncing thread, if there is a spool: a disk that takes long to sync holds up nobody

    def _sync_by_the_clock(self) -> None:
        while not self._all_kept.wait(SYNC_EVERY):
            self._sync()
        self._sync()

    def _sync(self) -> None:
        try:
            if self.spool:
                self.spool.sync()
        except OSError as problem:
            why = f"the spool cannot be synced, what waits there may not outlive the machine: {problem}"
            self.tally.say_once("sync", why)

    # The sending thread: from disk or memory to the server

    def _send_until_closed(self) -> None:
        backoff = Backoff()
        while not self._closing:
            try:
                self._wait_until_due()
                self._send_what_waits()
                backoff = Backoff()
            except StoppedError:
                return
            except Exception as problem:  # noqa: BLE001 - a defect must not end the sending
                with suppress(StoppedError):
                    self._pause(backoff.pause(), unexpected(problem))

    def _send_what_waits(self) -> None:
        flushing = list(self._flushing)
        while load := self._take():
            self._deliver(load)
        with self._changed:
            self._flushing = self._flushing[len(flushing) :]
        intake.do(flushing)

    def _wait_until_due(self) -> None:
        """Until there is something to send, or it is time to look for files that others left."""
        look = time.monotonic() + LOOK_EVERY
        with self._changed:
            while not self._closing and not self._is_due() and time.monotonic() < look:
                until = self._since() + self._max_age - time.time() if self._waiting() else LOOK_EVERY
                self._changed.wait(max(0.001, min(until, LOOK_EVERY)))

    def _is_due(self) -> bool:
        waiting = self._waiting()
        if self._flushing or waiting >= self._batch or (self.spool and self.spool.ready):
            return True
        # What was kept in the future was kept before the clock was set back.
        return waiting > 0 and not 0 <= time.time() - self._since() < self._max_age

    def _waiting(self) -> int:
        return self._memory.count + (self.spool.count if self.spool else 0)

    def _since(self) -> float:
        return min(self._memory.since, self.spool.since) if self.spool else self._memory.since

    def _take(self) -> Load | None:
        """What is to be sent next. While the spool cannot be read, its records wait: nothing is called sent."""
        reads = True
        while not self._closing:
            if load := self._memory.take(self._batch):
                return load
            try:
                found = self.spool.take(seal=self._is_due()) if self.spool else None
            except OSError as problem:
                reads, why = False, f"the spool cannot be read: {problem}"
                self.tally.say_once("read", why)
                self._rest(RETRY_PAUSE, why)
                continue
            if not reads:
                self._trouble = ""
            return found
        raise StoppedError("the client is closed")

    def _deliver(self, load: Load) -> None:
        source = self.spool if isinstance(load, Segment) and self.spool else self._memory
        try:
            found = self._sender.send([record.data for record in load.records])
        except BaseException:
            source.give_back(load)
            raise
        self._trouble = ""
        again = [pair for pair in zip(load.records, found, strict=True) if not self._is_settled(*pair)]
        if again:
            # They were synced where they are removed; and the time for which they are tried is that of this clock.
            now = time.time()
            self._keep([Kept(record.data, min(record.since, now)) for record, _ in again], sync=True)
        source.done(load)
        if load.damaged:
            self._lose(load.damaged, "half a line was left in the spool")
        if again:
            self._pause(RETRY_PAUSE, f"not yet taken: {again[0][1].code}: {again[0][1].detail}")

    def _is_settled(self, record: Kept, logged: Logged) -> bool:
        if logged.ok:
            return True
        if logged.retryable and time.time() - record.since < RETRY_FOR:
            return False
        self.tally.reject(record.data, logged)
        return True

    def _pause(self, seconds: float, why: str) -> None:
        """Wait for another attempt; StoppedError once the client is closed."""
        if not self._trouble:
            logger.warning("decision records wait to be sent: %s", why)
        self._rest(seconds, why)

    def _rest(self, seconds: float, why: str) -> None:
        self._trouble = why
        with self._changed:
            if self._changed.wait_for(lambda: self._closing, seconds):
                raise StoppedError(why)

    def headers(self) -> dict[str, str]:
        """What travels with every batch."""
        return {"Edgewise-Lost-Total": str(self.tally.lost_total), "Edgewise-Process": self.tally.process}

    # Counting

    def _lose(self, count: int, why: str) -> None:
        if self.tally.lose(count):
            self._put(partial(self.tally.say_lost, why))

    def _give_up(self) -> None:
        """What was added while `close` ended: no thread will take it."""
        items = self._added.rest()
        if count := len(intake.records(items)):
            self._lose(count, CLOSED)
        if acts := [item for item in items if callable(item)]:
            do_aside(partial(intake.do, acts))

    def _rescue(self, until: float) -> None:
        """At the end: what waits in memory or is under way without an answer yet, and what no thread has taken."""
        items = self._added.rest()
        waiting = [*self._added.in_hand, *self._memory.left(), *intake.records(items)]
        left = list({id(record): record for record in waiting}.values())
        for start in range(0, len(left), AT_ONCE):
            self._keep_or_lose(left[start : start + AT_ONCE], max(0.0, until - time.monotonic()))
        intake.do(items)

    def _keep_or_lose(self, records: Sequence[Kept], patience: float = 0.0) -> None:
        if not records:
            return
        try:
            if self.spool is None:
                raise OSError(self._threads.trouble or "there was no time left to send")
            self.spool.keep(records, patience=patience)
        except OSError as problem:
            if self.tally.lose(len(records)):
                self.tally.say_lost(str(problem))

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _start_afresh(delivery: weakref.ref[Delivery]) -> None:
    if alive := delivery():
        alive.start_afresh()
