"""Bodies are decompressed while they stream, in bounded memory, and cut into lines."""

import gzip
import io
import itertools
import time
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from audits.decisions import streams


def read(data):
    return io.BytesIO(data).read


@given(st.binary(max_size=200_000))
def test_every_encoding_gives_back_the_body(body):
    for encoding, data in {
        "": body,
        "gzip": gzip.compress(body),
        "zstd": zstandard.ZstdCompressor().compress(body),
    }.items():
        assert b"".join(streams.chunks(read(data), encoding)) == body


def test_gzip_of_several_members_is_one_body():
    assert b"".join(streams.chunks(read(gzip.compress(b"a") + gzip.compress(b"b")), "gzip")) == b"ab"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_refused_after_the_cap_and_not_unpacked(encoding):
    bomb = (
        zlib.compress(b"0" * 200_000_000, wbits=31)
        if encoding == "gzip"
        else zstandard.compress(b"0" * 200_000_000)
    )
    seen = 0

    def counted():
        nonlocal seen
        for piece in streams.chunks(read(bomb), encoding):
            assert len(piece) <= streams.CHUNK
            seen += len(piece)
            yield piece

    with pytest.raises(streams.TooLong):
        streams.whole(counted(), 1_000_000)
    assert seen <= 1_000_000 + streams.CHUNK


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize(
    "damage", [lambda d: d[:-5], lambda d: d[:20] + b"\xff\xff\xff" + d[23:], lambda d: b"plain"]
)
def test_a_damaged_stream_is_undecodable_or_short_but_never_passes_as_whole(encoding, damage):
    body = bytes(range(256)) * 400
    data = gzip.compress(body) if encoding == "gzip" else zstandard.compress(body)
    try:
        got = b"".join(streams.chunks(read(damage(data)), encoding))
    except streams.Undecodable:
        return
    assert got != body


def test_an_unknown_encoding_is_refused():
    with pytest.raises(streams.UnknownEncoding):
        streams.chunks(read(b""), "br")


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)), st.integers(1, 30))
def test_lines_do_not_depend_on_how_the_body_arrives(rows, size):
    body = b"\n".join(rows)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    assert list(streams.lines(iter(pieces), 1_000, 10_000)) == [row for row in rows if row.strip()]


def test_a_line_over_the_cap_is_skipped_in_bounded_memory_and_the_next_is_read():
    pieces = iter([b"ok\n", b"x" * 50, b"x" * 50, b"x\n", b"fine\n", b"y" * 101])
    assert list(streams.lines(pieces, 100, 500)) == [b"ok", None, b"fine", None]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("left", [0, 9, 20, -1])
def test_a_packed_body_that_was_cut_is_undecodable(pack, left):
    body, encoding = pack(b"a line\n" * 9), "gzip" if pack is gzip.compress else "zstd"
    with pytest.raises(streams.Undecodable):
        list(streams.chunks(io.BytesIO(body[:left]).read, encoding))


def test_a_zstd_frame_that_never_ends_is_undecodable():
    packer = zstandard.ZstdCompressor().compressobj()
    body = packer.compress(b"a line\n") + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    with pytest.raises(streams.Undecodable):
        list(streams.chunks(io.BytesIO(body).read, "zstd"))


def test_blank_lines_cost_no_more_than_any_other_bytes():
    blank = [b"\n" * streams.CHUNK, b" \n" * (streams.CHUNK // 2)]
    began = time.process_time()
    assert list(streams.lines(iter([b"a\n", *blank * 400, b"b"]), 100, 1 << 30)) == [b"a", b"b"]
    assert time.process_time() - began < 3


@pytest.mark.parametrize("piece", [b"\n" * 100, b" " * 100, b"x" * 100])
def test_what_never_becomes_a_line_is_not_read_without_end(piece):
    """Nor does it matter how many lines came before."""
    read = []

    def endless():
        while True:
            yield piece
            read.append(piece)

    pieces = itertools.chain([b"a\n" * 600, b"b" * 400, b"\n"], endless())
    found = streams.lines(pieces, 50, 1_200)
    assert list(itertools.islice(found, 601)) == [b"a"] * 600 + [None]
    with pytest.raises(streams.TooLong):
        next(found)
    assert 11 <= len(read) <= 12


@pytest.mark.parametrize(
    ("encoding", "nothing"),
    [
        ("gzip", gzip.compress(b"", mtime=0)),
        ("zstd", zstandard.compress(b"")),
        ("zstd", b"\x50\x2a\x4d\x18" + (100).to_bytes(4, "little") + bytes(100)),
    ],
)
def test_members_and_frames_that_hold_nothing_are_not_read_without_end(monkeypatch, encoding, nothing):
    """No limit on what comes out ends them."""
    monkeypatch.setattr(streams, "PACKING", 100_000)
    read = []

    def endless(size):
        read.append(size)
        assert len(read) < 10, "read without end"
        return nothing * (size // len(nothing))

    with pytest.raises(streams.Undecodable):
        list(streams.chunks(endless, encoding))
