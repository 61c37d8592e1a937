"""What a hostile PDF cannot do to its reader: fill its memory, or keep it for ever."""

import time
import tracemalloc
import zlib

import pytest
from edgewise import documents
from edgewise.errors import VerificationError


def pdf(*packed: bytes) -> bytes:
    """As many attached files as a reader of attachments needs of a PDF."""
    return b"".join(
        b"1 0 obj\n<< /Type /EmbeddedFile /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream\nendobj\n"
        % (len(each), each)
        for each in packed
    )


def test_attached_files_are_read_in_their_order() -> None:
    assert documents.attachments(pdf(zlib.compress(b"one"), zlib.compress(b"two"))) == [b"one", b"two"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_bomb_is_refused_in_bounded_memory(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, or in parts of which each is small enough."""
    monkeypatch.setattr(documents, "MAX_ATTACHED_BYTES", 4 << 20)
    bomb = pdf(*[zlib.compress(bytes((32 << 20) // count**2))] * count)
    tracemalloc.start()
    with pytest.raises(VerificationError, match="more than 4,194,304 bytes"):
        documents.attachments(bomb)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.parametrize(
    ("packed", "said"), [(b"no zlib", "damaged"), (zlib.compress(b"x" * 99)[:-5], "cut off")]
)
def test_a_file_that_is_not_whole_is_refused(packed: bytes, said: str) -> None:
    with pytest.raises(VerificationError, match=said):
        documents.attachments(pdf(packed))


def test_a_document_of_beginnings_takes_time_by_its_length() -> None:
    """Each could be a file's dictionary; ten times as many take some ten times as long, not a hundred times."""
    began = time.process_time()
    assert documents.attachments(b"1 0 obj <<" * 1_000) == []
    short = time.process_time() - began
    began = time.process_time()
    assert documents.attachments(b"1 0 obj <<" * 10_000) == []
    assert time.process_time() - began < 40 * short + 1
