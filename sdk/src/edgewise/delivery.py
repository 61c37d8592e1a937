"""Records on their way: from `log` to disk or memory, and from there to the server, by two threads."""

from __future__ import annotations

import _thread
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue

from edgewise.batches import Logged
from edgewise.buffer import Buffer, Kept, Load
from edgewise.sending import Sender
from edgewise.spool import Segment, Spool
from edgewise.tally import OnRejected, Tally
from edgewise.transport import Transport

KEEP_EVERY = 0.02  # a process that is killed loses at most what it logged within this time
SYNC_EVERY = 1.0  # a machine that dies, what it logged within this one
LOOK_EVERY = 5.0  # for files that another process has left
AT_ONCE = 500
RETRY_PAUSE = 1.0
RETRY_FOR = 3_600.0  # a record that the server takes "not yet" (its clock is behind) is refused after that

logger = logging.getLogger("edgewise")

Added = bytes | Callable[[], None] | None
"""A record; an act for the first thread, done once what was added before it is kept; or the end."""


class StoppedError(Exception):
    """The client is being closed; what has not been sent stays where it is."""


class Delivery:
    """Takes encoded records at once and brings them to the server, by way of the disk where there is a spool.

    `add` touches no lock, no disk and no connection. One thread moves what was added to the spool (or, without one,
    or when the disk is full, to memory), another sends it. `tally` counts what cannot be kept and what is refused;
    `trouble` says why records wait at the moment.
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
            self._start()

    def _set_up(self) -> None:
        self.trouble = ""
        self._added: SimpleQueue[Added] = SimpleQueue()
        self._starting = threading.Lock()
        self._changed = threading.Condition()
        self._counting = threading.Lock()
        self._process = 0
        self._closing = False
        self._flushing: list[Callable[[], None]] = []
        self._keeper_done, self._sender_done = threading.Event(), threading.Event()

    # Called by the code that logs

    def add(self, record: bytes) -> None:
        """Take a record; when too many wait or the client is closed, it is lost and counted."""
        if self._closing or self._added.qsize() >= self._memory.capacity:
            self._lose(1, "the client is closed" if self._closing else "the buffer is full")
            return
        self._added.put(record)
        if self._process != os.getpid():
            self._start()

    def reject(self, record: bytes, why: Logged) -> None:
        """Count a record that is not fit to be sent; the hook and the warning come from another thread."""
        self._added.put(partial(self.tally.reject, record, why))
        if self._process != os.getpid():
            self._start()

    def keep_durably(self, records: Sequence[bytes]) -> None:
        """Put records on disk, synced; OSError if that is not possible."""
        if self.spool is None:
            raise OSError("there is no spool")
        now = time.time()
        self.spool.keep([Kept(record, now) for record in records], sync=True)
        self._start()
        self._notify()

    def when_flushed(self, done: Callable[[], None]) -> None:
        """Send without waiting for more, and call `done` when all that was added by now is sent, refused or lost."""
        if self._process != os.getpid() and self._added.empty():
            done()
            return
        self._added.put(partial(self._expect, done))
        self._start()

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait until everything added has been sent, refused or lost; whether that happened in time."""
        flushed = threading.Event()
        self.when_flushed(flushed.set)
        return flushed.wait(timeout)

    def close(self, timeout: float = 30.0) -> None:
        """Send what is left, then stop. What is not sent in time stays in the spool; without one it is lost."""
        if self._closing:
            return
        self.flush(self.patience_at_end(timeout))
        self._closing = True
        if self._process == os.getpid():
            self._added.put(None)
            self._keeper_done.wait(5.0)
            self._notify()
            self._sender_done.wait(min(timeout, 1.0))  # or it is in the middle of a request
        self._rescue(self._memory.left())
        if self.spool:
            self.spool.close()

    def patience_at_end(self, timeout: float) -> float:
        """How long sending is waited for at the end: not at all long, if the server is away and the disk keeps it."""
        return min(timeout, 1.0) if self.spool and self.trouble else timeout

    def start_afresh(self) -> None:
        """In a forked process: forget what the parent will send; its threads did not live through the fork."""
        self._memory.forget()
        self.tally.forget()
        if self.spool:
            self.spool.forget()
        self._set_up()

    def _start(self) -> None:
        """Start the threads, without waiting for them as `Thread.start` does: this may be inside `log`."""
        if self._process != os.getpid() and self._starting.acquire(blocking=False):
            self._process = os.getpid()
            _thread.start_new_thread(self._start_threads, ())

    def _start_threads(self) -> None:
        for run in (self._run_keeper, self._run_sender):
            threading.Thread(target=run, name="edgewise", daemon=True).start()

    # The first thread: from `add` to disk or memory

    def _run_keeper(self) -> None:
        ended = False
        while not ended:
            items = self._gather()
            now = time.time()
            self._keep([Kept(item, now) for item in items if isinstance(item, bytes)])
            for item in items:
                if callable(item):
                    item()
            ended = None in items
            if not ended and self._added.empty():
                time.sleep(KEEP_EVERY)
        self._keeper_done.set()

    def _gather(self) -> list[Added]:
        """What was added; nothing when it is time to sync what waits on disk."""
        items: list[Added] = []
        with suppress(Empty):
            items.append(self._added.get(timeout=SYNC_EVERY if self.spool else None))
            while len(items) < AT_ONCE and items[-1] is not None:
                items.append(self._added.get_nowait())
        return items

    def _keep(self, records: Sequence[Kept]) -> None:
        try:
            if self.spool and records:
                self.spool.keep(records)
                records = ()
            elif self.spool:
                self.spool.sync()
        except OSError as problem:
            self.tally.say_once("spool", f"the spool cannot be written, records wait in memory: {problem}")
        if refused := self._memory.keep(records):
            self._lose(refused, "the buffer is full")
        self._notify()

    def _expect(self, done: Callable[[], None]) -> None:
        with self._changed:
            self._flushing.append(done)
            self._changed.notify_all()

    # The second thread: from disk or memory to the server

    def _run_sender(self) -> None:
        self._send_until_closed()
        self._sender_done.set()

    def _send_until_closed(self) -> None:
        while not self._closing:
            try:
                self._wait_until_due()
                flushing = list(self._flushing)
                while load := self._take():
                    self._deliver(load)
                with self._changed:
                    self._flushing = self._flushing[len(flushing) :]
                for done in flushing:
                    done()
            except StoppedError:
                return
            except Exception:
                logger.exception("sending decision records failed; trying again")
                time.sleep(RETRY_PAUSE)

    def _wait_until_due(self) -> None:
        """Until there is something to send, or it is time to look for files that others left."""
        look = time.monotonic() + LOOK_EVERY
        with self._changed:
            while not self._closing and not self._is_due() and time.monotonic() < look:
                until = self._since() + self._max_age - time.time() if self._waiting() else LOOK_EVERY
                self._changed.wait(max(0.001, until))

    def _is_due(self) -> bool:
        waiting = self._waiting()
        if self._flushing or waiting >= self._batch or (self.spool and self.spool.ready):
            return True
        return waiting > 0 and time.time() - self._since() >= self._max_age

    def _waiting(self) -> int:
        return self._memory.count + (self.spool.count if self.spool else 0)

    def _since(self) -> float:
        return min(self._memory.since, self.spool.since) if self.spool else self._memory.since

    def _take(self) -> Load | None:
        if self._closing:
            return None
        if load := self._memory.take(self._batch):
            return load
        try:
            return self.spool.take(seal=self._is_due()) if self.spool else None
        except OSError as problem:
            self.tally.say_once("read", f"the spool cannot be read: {problem}")
            return None

    def _deliver(self, load: Load) -> None:
        source = self.spool if isinstance(load, Segment) and self.spool else self._memory
        try:
            found = self._sender.send([record.data for record in load.records])
        except BaseException:
            source.give_back(load)
            raise
        self.trouble = ""
        again = [pair for pair in zip(load.records, found, strict=True) if not self._is_settled(*pair)]
        self._keep([record for record, _ in again])
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
        if not self.trouble:
            logger.warning("decision records wait to be sent: %s", why)
        self.trouble = why
        with self._changed:
            if self._changed.wait_for(lambda: self._closing, seconds):
                raise StoppedError(why)

    def headers(self) -> dict[str, str]:
        """What travels with every batch."""
        return {"Edgewise-Lost-Total": str(self.tally.lost_total), "Edgewise-Process": self.tally.process}

    # Counting

    def _lose(self, count: int, why: str) -> None:
        self.tally.lose(count)
        if self.tally.lost_unsaid:
            self._added.put(partial(self.tally.say_lost, why))

    def _rescue(self, left: Sequence[Kept]) -> None:
        """At the end: what waits in memory, and what is under way without an answer yet."""
        if not left:
            return
        try:
            if self.spool is None:
                raise OSError("there was no time left to send")
            self.spool.keep(left)
        except OSError as problem:
            self.tally.lose(len(left))
            self.tally.say_lost(str(problem))

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _start_afresh(delivery: weakref.ref[Delivery]) -> None:
    if alive := delivery():
        alive.start_afresh()
