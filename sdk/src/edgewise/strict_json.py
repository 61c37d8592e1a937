"""JSON read strictly and written in one way.

Reading refuses what decoders disagree about: duplicate keys, NaN and Infinity, numbers too large for a
double, text that is not UTF-8. Writing sorts keys by code point and leaves out spaces.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MAX_DIGITS = 309  # of a whole number; more do not fit a double


class MalformedJSONError(ValueError):
    """Not JSON, or JSON that decoders disagree about; `byte` is where, when that is known."""

    def __init__(self, message: str, byte: int | None = None) -> None:
        super().__init__(message)
        self.byte = byte


def loads(data: bytes | str) -> Any:
    """Read one JSON value; MalformedJSONError if it is not one, or is ambiguous."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
        return _DECODER.decode(text)
    except UnicodeDecodeError as problem:
        raise MalformedJSONError("not UTF-8", problem.start) from None
    except json.JSONDecodeError as problem:
        raise MalformedJSONError(
            problem.msg, len(problem.doc[: problem.pos].encode(errors="replace"))
        ) from None
    except RecursionError:
        raise MalformedJSONError("nested too deeply") from None


def canonical(value: Any) -> bytes:
    """The one way in which a value is written: sorted keys, no spaces, UTF-8, no escapes that are not needed."""
    return _ENCODER.encode(value).encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise MalformedJSONError(
            f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice"
        )
    return found


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise MalformedJSONError("a number is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise MalformedJSONError("a number is too large")
    return int(text)


def _constant(name: str) -> NoReturn:
    raise MalformedJSONError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_integer, parse_constant=_constant
)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
