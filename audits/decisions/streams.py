"""Request bodies as they arrive: decompressed while streaming, capped, cut into lines, in bounded memory."""

import re
import zlib
from collections.abc import Callable, Iterator

import zstandard

CHUNK = 65_536
SIP = 128
ENCODINGS = ("gzip", "zstd")
_BLANK = re.compile(rb"\n[ \t\r\n]*\n")


class TooLong(Exception):
    """The decompressed body exceeds the cap."""


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
        return _gunzip(read)
    if name == "zstd":
        return _unzstd(read)
    raise UnknownEncoding(name)


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


def lines(pieces: Iterator[bytes], cap: int) -> Iterator[bytes | None]:
    """Each line without its end, blank lines left out; None in place of a line over ``cap``, which is skipped."""
    pending, skipping = bytearray(), False
    for piece in pieces:
        first, *rest = _BLANK.sub(b"\n", piece).split(b"\n")
        pending += b"" if skipping else first
        for following in rest:
            if skipping or len(pending) > cap:
                yield None
            elif pending.strip():
                yield bytes(pending)
            pending, skipping = bytearray(following), False
        if len(pending) > cap:
            pending, skipping = bytearray(), True
    if skipping or len(pending) > cap:
        yield None
    elif pending.strip():
        yield bytes(pending)
