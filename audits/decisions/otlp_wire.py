"""The protobuf encoding of ExportLogsServiceRequest, taken apart one log record at a time.

Parsed as a whole, eight megabytes of empty records become half a gigabyte of messages. So the way to the records is
walked on the bytes, with a limit of steps; each record and each resource is then parsed by itself.
Source: https://protobuf.dev/programming-guides/encoding/; field numbers from OTLP's logs.proto.
"""

from collections.abc import Iterator

from google.protobuf.message import DecodeError

RESOURCE_LOGS, RESOURCE, SCOPE_LOGS, LOG_RECORDS = 1, 1, 2, 2
MAX_STEPS = 100_000
_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5


class Steps:
    """How many fields may still be walked past."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def take(self) -> None:
        """DecodeError when there were too many."""
        self.left -= 1
        if self.left < 0:
            raise DecodeError(f"more than {MAX_STEPS} fields around the log records")


def split(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Resource and log record of each, in order, still encoded; DecodeError where it is no such message."""
    steps = Steps()
    for resource_logs in _inner(memoryview(body), RESOURCE_LOGS, steps):
        # What stands twice is merged, and merging is appending.
        resource = b"".join(_inner(resource_logs, RESOURCE, steps))
        for scope_logs in _inner(resource_logs, SCOPE_LOGS, steps):
            for record in _inner(scope_logs, LOG_RECORDS, steps):
                yield resource, bytes(record)


def _inner(message: memoryview, wanted: int, steps: Steps) -> Iterator[memoryview]:
    """The contents of the embedded messages with that field number."""
    at = 0
    while at < len(message):
        steps.take()
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        end = _end(message, at, kind)
        if end > len(message) or not number:
            raise DecodeError(f"the message ends early, or is none, at byte {at}")
        if kind == _LENGTH:
            _size, at = _varint(message, at)
            if number == wanted:
                yield message[at:end]
        elif number == wanted:
            raise DecodeError(f"field {number} is no message")
        at = end


def _end(message: memoryview, at: int, kind: int) -> int:
    """Where a field's value ends, which begins at ``at``."""
    if kind == _LENGTH:
        size, at = _varint(message, at)
        return at + size
    if kind == _VARINT:
        return _varint(message, at)[1]
    if kind in (_EIGHT, _FOUR):
        return at + (8 if kind == _EIGHT else 4)
    raise DecodeError(f"wire type {kind} at byte {at}")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    found = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return found, at
    raise DecodeError(f"no number ends at byte {at}")
