"""Request bodies as they arrive: decompressed while streaming, capped, cut into lines, in bounded memory."""

import re
import zlib
from collections.abc import Callable, Iterator

import zstandard

CHUNK = 65_536
SIP = 128
ENCODINGS = ("gzip", "zstd")
# By so much may a packed body be longer than what it unpacks to. Members and frames of nothing would have no end.
PACKING = 1_048_576
_BLANK = re.compile(rb"\n[ \t\r\n]*\n")


class TooLong(Exception):
    """The decompressed body, or what comes between two of its lines, exceeds the cap."""


class Undecodable(Exception):
    """The body is not what its Content-Encoding says."""


class UnknownEncoding(Exception):
    """A Content-Encoding other than identity, gzip and zstd."""


def chunks(read: Callable[[int], bytes], encoding: str) -> Iterator[bytes]:
    """The decompressed body in pieces of at most 64 KiB, whatever the ratio of compression."""
    name = encoding.strip().lower() or "identity"
    if name == "identity":
        return iter(lambda: read(CHUNK), b"")
    if name == "gzip":
        return _worth_reading(read, _gunzip)
    if name == "zstd":
        return _worth_reading(read, _unzstd)
    raise UnknownEncoding(name)


def _worth_reading(
    read: Callable[[int], bytes], unpack: Callable[[Callable[[int], bytes]], Iterator[bytes]]
) -> Iterator[bytes]:
    """What is unpacked; Undecodable as soon as far more was read than came out."""
    taken = given = 0

    def counted(size: int) -> bytes:
        nonlocal taken
        data = read(size)
        taken += len(data)
        if taken - given > PACKING:
            raise Undecodable(f"{taken} bytes unpack to {given}")
        return data

    for piece in unpack(counted):
        given += len(piece)
        yield piece


def _gunzip(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """gzip, several members allowed; a cut or damaged stream is undecodable."""
    inflate = zlib.decompressobj(wbits=31)
    fed = False
    while data := read(CHUNK):
        while data:
            if inflate.eof:
                inflate = zlib.decompressobj(wbits=31)
            fed = True
            try:
                piece = inflate.decompress(data, CHUNK)
            except zlib.error as error:
                raise Undecodable(str(error)) from None
            if piece:
                yield piece
            data = inflate.unconsumed_tail or inflate.unused_data
    if not (fed and inflate.eof):
        raise Undecodable("the gzip stream ends early")


def _unzstd(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """zstd, several frames allowed; a cut or damaged stream is undecodable. A sip unpacks to 4 MiB at the worst."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024)
    inflate, fed = decompressor.decompressobj(), False
    while chunk := read(CHUNK):
        for start in range(0, len(chunk), SIP):
            data = chunk[start : start + SIP]
            while data:
                if inflate.eof:
                    inflate = decompressor.decompressobj()
                fed = True
                try:
                    piece = inflate.decompress(data)
                except zstandard.ZstdError as error:
                    raise Undecodable(str(error)) from None
                yield from (piece[at : at + CHUNK] for at in range(0, len(piece), CHUNK))
                data = inflate.unused_data
    if not (fed and inflate.eof):
        raise Undecodable("the zstd stream ends early")


def whole(pieces: Iterator[bytes], cap: int) -> bytes:
    """The body in one piece; TooLong as soon as it exceeds ``cap`` bytes."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > cap:
            raise TooLong
    return bytes(body)


def lines(pieces: Iterator[bytes], cap: int, most: int) -> Iterator[bytes | None]:
    """Each line without its end, blank lines left out; None in place of a line over ``cap``, which is skipped.

    TooLong when there are more than ``most`` bytes and no line ends among them.
    """
    pending, skipping, since = bytearray(), False, 0
    for piece in pieces:
        since += len(piece)
        if since > most:
            raise TooLong
        first, *rest = _BLANK.sub(b"\n", piece).split(b"\n")
        pending += b"" if skipping else first
        for following in rest:
            if skipping or len(pending) > cap:
                since = 0
                yield None
            elif pending.strip():
                since = 0
                yield bytes(pending)
            pending, skipping = bytearray(following), False
        if len(pending) > cap:
            pending, skipping = bytearray(), True
    if skipping or len(pending) > cap:
        yield None
    elif pending.strip():
        yield bytes(pending)
