"""JSON read strictly and written in one way.

Reading refuses what decoders disagree about: duplicate keys, NaN and Infinity, numbers too large for a
double, text that is not UTF-8 or has half of a surrogate pair. Writing sorts keys by code point and leaves out spaces.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

MAX_DIGITS = 309  # of a whole number; more do not fit a double
_ESCAPED_SURROGATES = ("\\ud", "\\uD")


class MalformedJSONError(ValueError):
    """Not JSON, or JSON that decoders disagree about; `byte` is where, when that is known."""

    def __init__(self, message: str, byte: int | None = None) -> None:
        super().__init__(message)
        self.byte = byte


def loads(data: bytes | str) -> Any:
    """Read one JSON value; MalformedJSONError if it is not one, or is ambiguous."""
    try:
        text = data.decode() if isinstance(data, bytes) else data.encode().decode()
        value = _DECODER.decode(text)
        if any(escape in text for escape in _ESCAPED_SURROGATES):
            canonical(value)  # only whole pairs can be written
        return value
    except UnicodeDecodeError as problem:
        raise MalformedJSONError("not UTF-8", problem.start) from None
    except UnicodeEncodeError:
        raise MalformedJSONError("a text has half of a surrogate pair") from None
    except json.JSONDecodeError as problem:
        raise MalformedJSONError(
            problem.msg, len(problem.doc[: problem.pos].encode(errors="replace"))
        ) from None
    except RecursionError:
        raise MalformedJSONError("nested too deeply") from None


def canonical(value: Any) -> bytes:
    """The one way in which a value is written: sorted keys, no spaces, UTF-8, no escapes that are not needed."""
    return _ENCODER.encode(value).encode()


def is_deeper(value: Any, most: int) -> bool:
    """Whether more than `most` objects and lists stand in one another; found level by level, not by recursion."""
    level = _holders([value])
    for _ in range(most):
        level = _holders(
            inner
            for each in level.values()
            for inner in (each.values() if isinstance(each, Mapping) else each)
        )
    return bool(level)


def _holders(values: Iterable[Any]) -> dict[int, Any]:
    """The objects and lists among some values, each once: what holds itself has no end otherwise."""
    return {id(each): each for each in values if isinstance(each, dict | list | tuple | Mapping)}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise MalformedJSONError(f"the key {name!r} stands twice")
            seen.add(name)
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
