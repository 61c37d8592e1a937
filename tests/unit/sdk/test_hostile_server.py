"""A verifier against a server that means harm: it ends soon, in little memory, with its own error alone."""

import asyncio
import contextlib
import gzip
import itertools
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from edgewise import aio_transport, bounded, cli, merkle, notes, trust, verifier
from edgewise.aio_transport import AsyncTransport
from edgewise.checkpoints import Checkpoint
from edgewise.errors import UnreachableError, VerificationError
from edgewise.transport import Transport

ORIGIN = "log.example/x"
SIGNER = notes.NoteSigner(ORIGIN, bytes([7]) * 32)
POLICY = trust.for_log([SIGNER.vkey])
OK = b"HTTP/1.1 200 OK\r\n"
MIB = b"x" * (1 << 20)
TIMEOUT = 0.15

Script = Callable[[str], Iterator[bytes]]


class Hostile:
    """Writes to every connection what `script` makes for the path asked for, until it ends or nobody takes it."""

    def __init__(self, script: Script) -> None:
        self._script, self.asked = script, list[bytes]()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/log"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _address = self._listening.accept()
                threading.Thread(target=self._answer, args=(wire,), daemon=True).start()

    def _answer(self, wire: socket.socket) -> None:
        with wire, contextlib.suppress(OSError):
            self.asked.append(wire.recv(65_536))
            path = self.asked[-1].split()[1].decode().removeprefix("/log/")
            for piece in self._script(path):
                wire.sendall(piece)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def hostile() -> Iterator[Callable[[Script], Hostile]]:
    with contextlib.ExitStack() as stack:

        def started(script: Script) -> Hostile:
            server = Hostile(script)
            stack.callback(server.close)
            return server

        yield started


def site_of(server: Hostile, token: str = "") -> contextlib.closing[verifier.Site]:
    return contextlib.closing(verifier.Site(server.url, token, timeout=TIMEOUT))


def slowly(*pieces: bytes) -> Iterator[bytes]:
    for byte in b"".join(pieces):
        time.sleep(0.02)
        yield bytes([byte])


def silent() -> Iterator[bytes]:
    time.sleep(3 * TIMEOUT)
    yield b""


def sized(body: bytes, head: bytes = b"") -> bytes:
    return OK + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*chunks: bytes) -> Iterator[bytes]:
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from chunks


def endless(head: bytes, piece: bytes) -> Iterator[bytes]:
    return itertools.chain([OK, head, b"\r\n"], itertools.repeat(piece))


def note(size: int, root: bytes = bytes(32)) -> str:
    return notes.sign(Checkpoint(ORIGIN, size, root).text(), [SIGNER])


def known(index: int, signature: bytes) -> str:
    """Many lines in the name of a key that is known."""
    return notes.Signature(ORIGIN, SIGNER.key.id, signature).line() * index


BOMB = gzip.compress(MIB * 64)
LINES = "".join(f"— log.example/{number} AAAAAAAA\n" for number in range(10_000))
ATTACKS: dict[str, Callable[[], Iterator[bytes]]] = {
    "a slow head": lambda: slowly(OK, b"A: b\r\n" * 1_000),
    "a slow body": lambda: slowly(OK, b"Content-Length: 5000\r\n\r\n", b"x" * 5_000),
    "a slow chunk": lambda: itertools.chain(chunked(b"1388\r\n"), slowly(b"x" * 5_000)),
    "nothing at all": lambda: iter(()),
    "silence": silent,
    "an endless body": lambda: endless(b"", MIB),
    "endless interim answers": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
    "endless headers": lambda: endless(b"A: b", b"A: b\r\n" * 1_000),
    "one endless header": lambda: endless(b"A: ", MIB),
    "endless chunks": lambda: itertools.chain(chunked(), itertools.repeat(b"100000\r\n" + MIB + b"\r\n")),
    "endless trailers": lambda: itertools.chain(
        chunked(b"0\r\n"), itertools.repeat(b"A: " + MIB[:60_000] + b"\r\n")
    ),
    "a chunk of size -1": lambda: itertools.chain(chunked(b"-1\r\n"), itertools.repeat(MIB)),
    "a chunk of size -5": lambda: chunked(b"-5\r\nabcde"),
    "a chunk of no size": lambda: chunked(b"zz\r\n"),
    "a chunk of a size beyond numbers": lambda: chunked(b"f" * 5_000 + b"\r\n"),
    "a length beyond numbers": lambda: iter([OK + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\nx"]),
    "a negative length": lambda: iter([OK + b"Content-Length: -5\r\n\r\nabcde"]),
    "a length that does not come": lambda: iter([OK + b"Content-Length: 1000000\r\n\r\nx"]),
    "no HTTP": lambda: iter([b"SSH-2.0-OpenSSH\r\n"]),
    "a bomb": lambda: iter([sized(BOMB, b"Content-Encoding: gzip\r\n")]),
    "a page": lambda: iter([sized(b"<html>", b"Content-Type: text/html\r\n")]),
    "a time to come back that is none": lambda: iter(
        [b"HTTP/1.1 503 No\r\nRetry-After: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n\r\n"]
    ),
    "many signature lines": lambda: iter([sized((note(1) + LINES).encode())]),
    "many wrong signatures": lambda: iter([sized((note(1) + known(99, bytes(64))).encode())]),
    "a signature of a megabyte": lambda: iter([sized((note(1) + known(1, MIB[:700_000])).encode())]),
    "a negative number of entries": lambda: iter([sized(note(-1).encode())]),
    "more entries than numbers": lambda: iter([sized(note(1 << 63).encode())]),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_soon_in_little_memory_and_is_not_verified(
    hostile: Callable[[Script], Hostile], name: str
) -> None:
    """As checkpoint, policy and entries alike. A file has at most 16 MiB; what is read twice is read piece by piece."""
    tracemalloc.start()
    began = time.monotonic()
    try:
        with site_of(hostile(lambda _path: ATTACKS[name]())) as site:
            with pytest.raises(VerificationError):
                verifier.verify_log(site, POLICY)
            with pytest.raises(VerificationError):
                verifier.stated_policy(site)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 20
    assert peak < 4 * verifier.MAX_FILE_BYTES


@pytest.mark.parametrize("name", ["a slow body", "an endless body", "a bomb", "a chunk of size -1"])
def test_an_attack_in_the_middle_of_a_log_is_located(hostile: Callable[[Script], Hostile], name: str) -> None:
    """Under a good checkpoint of as many entries as there can be."""
    signed = sized(note((1 << 63) - 1).encode())
    server = hostile(lambda path: iter([signed]) if path == "checkpoint" else ATTACKS[name]())
    with site_of(server) as site, pytest.raises(VerificationError) as raised:
        verifier.verify_log(site, POLICY)
    assert raised.value.index == 0


def test_a_sound_log_is_verified_at_that_address(hostile: Callable[[Script], Hostile]) -> None:
    """So that the tests above do not pass because nothing is ever read."""
    server = hostile(lambda _path: iter([sized(note(0, merkle.EMPTY_ROOT).encode())]))
    with site_of(server) as site:
        assert verifier.verify_log(site, POLICY).checkpoint.size == 0


def test_a_slow_answer_that_keeps_its_pace_is_read(
    hostile: Callable[[Script], Hostile],
) -> None:
    """Each 16 KiB buy a second: it takes four times the timeout."""
    pieces = [b"x" * 40_000] * 6

    def paced(_path: str) -> Iterator[bytes]:
        yield OK + b"Content-Length: 240000\r\n\r\n"
        for piece in pieces:
            time.sleep(0.1)
            yield piece

    with contextlib.closing(Transport(hostile(paced).url, {}, timeout=TIMEOUT)) as client:
        assert len(client.send("GET", "/x", patience=0).body) == 240_000


class Wire:
    """Stands for a TLS socket whose peer takes a piece every `seconds`: each of its limits is for one piece alone."""

    def __init__(self, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self._seconds, self.now, self.limit = seconds, 0.0, 0.0
        monkeypatch.setattr(bounded, "time", SimpleNamespace(monotonic=lambda: self.now))

    def settimeout(self, seconds: float) -> None:
        self.limit = seconds

    def sendall(self, _piece: bytes) -> None:
        self.now += min(self._seconds, self.limit)
        if self._seconds > self.limit:
            raise TimeoutError

    @property
    def sock(self) -> "Wire":
        return self


@pytest.mark.parametrize(("pace", "taken"), [(0.5, True), (1.0, True), (1.5, False), (40.0, False)])
def test_a_server_that_takes_a_request_too_slowly_is_given_up(
    pace: float, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the timeout, and one second more for each 16 KiB, however often it takes a little."""
    wire, body, got = Wire(pace, monkeypatch), bytes(range(256)) * 8_192, b""
    with contextlib.nullcontext() if taken else pytest.raises(TimeoutError):
        for piece in bounded.pieces(body, wire, seconds=20):
            wire.sendall(piece)
            got += piece
    assert (got == body) is taken
    assert wire.now <= 20 + len(got) / (16 << 10)


def test_the_token_goes_to_nobody_else(hostile: Callable[[Script], Hostile]) -> None:
    other = hostile(lambda _path: iter([sized(b"")]))
    away = b"HTTP/1.1 302 Found\r\nLocation: %s/checkpoint\r\nContent-Length: 0\r\n\r\n" % other.url.encode()
    first = hostile(lambda _path: iter([away]))
    with site_of(first, "secret") as site, pytest.raises(VerificationError, match="answers 302"):
        verifier.verify_log(site, POLICY)
    assert b"Bearer secret" in first.asked[0]
    assert other.asked == []


def test_a_kept_connection_has_its_whole_time_again(hostile: Callable[[Script], Hostile]) -> None:
    """Whatever the last read of the answer before has set the socket to."""
    given = threading.Event()

    def twice(_path: str) -> Iterator[bytes]:
        yield sized(b"x")
        given.wait(5)
        time.sleep(0.1)
        yield sized(b"y")

    with contextlib.closing(Transport(hostile(twice).url, {}, timeout=TIMEOUT)) as client:
        client.send("GET", "/x")
        (kept,) = client._idle
        kept.sock.settimeout(0.0)
        given.set()
        assert client.once("GET", "/x").body == b"y"


REWRITING = b"\x1b[2K\x1b]0;\x07\rVERIFIED"


@pytest.mark.parametrize(
    ("answer", "code", "start"),
    [
        (sized(b"x", b"Content-Encoding: " + REWRITING + b"\r\n"), 1, "NOT VERIFIED: "),
        (b"HTTP/9" + REWRITING + b" 200 OK\r\n\r\n", 3, "edgewise: nothing is verified: "),
        (sized(REWRITING.replace(b"\r", b"") * 10_000 + b" log\n"), 1, "NOT VERIFIED: "),
    ],
)
def test_no_server_writes_to_the_terminal(
    hostile: Callable[[Script], Hostile], capsys: pytest.CaptureFixture[str], answer: bytes,
    code: int, start: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """An escape sequence in a header, a version or a policy would turn NOT VERIFIED into anything."""
    monkeypatch.setattr(verifier.Site.__init__, "__kwdefaults__", {"timeout": TIMEOUT})
    assert cli.main(["verify", hostile(lambda _path: iter([answer])).url]) == code
    told = capsys.readouterr().err.partition("\n")[2]
    assert told.startswith(start)
    assert told.rstrip("\n").isprintable()
    assert len(told) < 1_500


@pytest.mark.parametrize(
    "name", [name for name in ATTACKS if "slow" in name or "endless" in name or "chunk" in name]
)
def test_the_async_client_is_not_held_up_either(
    hostile: Callable[[Script], Hostile], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aio_transport, "MAX_BODY_BYTES", 1 << 24)

    async def ask() -> None:
        client = AsyncTransport(hostile(lambda _path: ATTACKS[name]()).url, {}, timeout=TIMEOUT)
        with pytest.raises(UnreachableError):
            await client.send("GET", "/x", patience=0.0)
        await client.close()

    began = time.monotonic()
    asyncio.run(ask())
    assert time.monotonic() - began < 10


def test_the_async_client_reads_to_the_end_of_the_connection(
    hostile: Callable[[Script], Hostile],
) -> None:
    """An answer of no stated length comes in many pieces."""

    def in_pieces(_path: str) -> Iterator[bytes]:
        yield OK + b"\r\n"
        for _ in range(5):
            time.sleep(0.02)
            yield b"x" * 100_000

    async def ask() -> int:
        client = AsyncTransport(hostile(in_pieces).url, {}, timeout=5)
        return len((await client.send("GET", "/x", patience=0.0)).body)

    assert asyncio.run(ask()) == 500_000
