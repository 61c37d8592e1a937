"""JSON that the API does not read: what decoders disagree about, and what nothing behind them takes."""

import io

import pytest
from rest_framework.exceptions import ParseError

from governance.access.parsing import MAX_NESTING, StrictJSONParser


def parse(body):
    return StrictJSONParser().parse(io.BytesIO(body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (rb'{"kind": "\ud800"}', "surrogate pair"),
        (rb'{"points": {"\udc00": 1}}', "surrogate pair"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b"[" * 8_000, "nested"),
        (b"[" * (MAX_NESTING + 1) + b"]" * (MAX_NESTING + 1), "nested more than 32 deep"),
        (rb'{"a\u0000": "x"}', "NUL"),
        (rb'["\\\u0000"]', "NUL"),
        (b"[NaN]", "not JSON"),
        (b"[1e999]", "too large"),
        (b"[" + b"9" * 5_000 + b"]", "too large"),
        (b'["\xff"]', "UTF-8"),
        (b"", "not JSON"),
    ],
)
def test_what_is_ambiguous_or_breaks_what_reads_it_is_refused(body, reason):
    with pytest.raises(ParseError, match=reason):
        parse(body)


def test_everything_else_is_read():
    assert parse(rb'{"a": ["\\u0000", "\ud83d\ude00", 1.5, null]}') == {"a": [r"\u0000", "😀", 1.5, None]}
    assert parse(b"[" * MAX_NESTING + b"]" * MAX_NESTING)
