"""A TCP wire between a client and a server that can be dropped, held, refused, and cut in the middle of an answer."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

CHUNK = 65_536


class Wire:
    """Listens at `port` and carries to the server's port, until told otherwise."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._door = socket.create_server(("127.0.0.1", 0))
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._refusing = False
        self._cuts_left = 0
        self.port = int(self._door.getsockname()[1])
        self.faults: dict[str, int] = {}

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()
        self.mend()
        self.drop()

    def mend(self) -> None:
        """Carry everything again."""
        self._refusing, self._cuts_left = False, 0
        self._flowing.set()

    def drop(self) -> None:
        """Every connection is lost at once."""
        self._note("dropped")
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            _end(end)

    def hold(self) -> None:
        """Nothing arrives any more, and nobody is told."""
        self._note("held")
        self._flowing.clear()

    def refuse(self) -> None:
        """Connections are closed as soon as they are made."""
        self._note("refused")
        self._refusing = True
        self.drop()

    def cut_answers(self, count: int) -> None:
        """The next answers end after their first bytes: the server has done what the client does not hear of."""
        self._cuts_left = count

    def happened(self, fault: str) -> int:
        """How often a fault has hit somebody so far."""
        return self.faults.get(fault, 0)

    def _note(self, fault: str) -> None:
        self.faults[fault] = self.happened(fault) + 1

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._door.accept()
            except OSError:
                return
            try:
                if self._refusing:
                    raise ConnectionRefusedError
                far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._ends |= {near, far}
            for carry in (self._requests, self._answers):
                threading.Thread(target=self._run, args=(carry, near, far), daemon=True).start()

    def _run(self, carry: Callable[[socket.socket, socket.socket], None], *pair: socket.socket) -> None:
        with contextlib.suppress(OSError):
            carry(*pair)
        for end in pair:
            _end(end)
            end.close()

    def _requests(self, near: socket.socket, far: socket.socket) -> None:
        while data := near.recv(CHUNK):
            self._flowing.wait()
            far.sendall(data)

    def _answers(self, near: socket.socket, far: socket.socket) -> None:
        while data := far.recv(CHUNK):
            self._flowing.wait()
            if self._cuts_left > 0:
                self._cuts_left -= 1
                self._note("cut")
                near.sendall(data[:60])
                return
            near.sendall(data)


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
