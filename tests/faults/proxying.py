"""A wire between a web server and PostgreSQL that can be cut, refused and held: a Unix socket before the real one."""

import contextlib
import shutil
import socket
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

NAME = ".s.PGSQL.5432"
CHUNK = 65_536


@dataclass
class Proxy:
    """`folder` is the host to connect to; `target` the folder of PostgreSQL's own socket."""

    target: Path
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="faults-", dir="/tmp")))
    pairs: list[tuple[socket.socket, socket.socket]] = field(default_factory=list)
    flowing: threading.Event = field(default_factory=threading.Event)
    refusing: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Proxy":
        self.flowing.set()
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(self.folder / NAME))
        self.door.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.door.close()
        self.flowing.set()
        self.cut()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self.door.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                if self.refusing:
                    raise ConnectionRefusedError
                far.connect(str(self.target / NAME))
            except OSError:
                near.close()
                far.close()
                continue
            with self.lock:
                self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self.flowing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Every connection is lost, on both sides; new ones are let through."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        """Nothing arrives any more, and nobody is told."""
        self.flowing.clear()

    def release(self) -> None:
        self.flowing.set()
