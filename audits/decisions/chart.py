"""The contribution chart as SVG attributes: a wide drawing and one of its own for phones. Pure geometry."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One contribution: where its rectangle and its texts stand. ``kind`` is pos, neg or empty for 0."""

    label: str
    text: str
    kind: str
    x: float
    width: float
    y: float
    text_x: float
    anchor: str
    bold: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Bars around a zero line at ``zero``, in a view box of ``width`` × ``height``."""

    width: int
    height: int
    zero: float
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Value:
    """A contribution as it is labelled and written."""

    label: str
    text: str
    value: float


WIDE, WIDE_ZERO, WIDE_REACH, WIDE_ROW = 640, 352.0, 219.0, 38
NARROW, NARROW_ZERO, NARROW_REACH, NARROW_ROW = 340, 170.0, 150.0, 54


def wide(values: Sequence[Value]) -> Drawing:
    """Labels at the left, bars around the middle, figures at the bars' ends."""
    scale = _scale(values, WIDE_REACH)
    bars = [_wide_bar(value, row, scale) for row, value in enumerate(values)]
    return Drawing(WIDE, 30 + WIDE_ROW * len(values), WIDE_ZERO, bars)


def narrow(values: Sequence[Value]) -> Drawing:
    """Label and figure above each bar."""
    scale = _scale(values, NARROW_REACH)
    bars = []
    for row, value in enumerate(values):
        width = abs(value.value) * scale
        x = NARROW_ZERO if value.value >= 0 else NARROW_ZERO - width
        bars.append(
            Bar(
                value.label,
                value.text,
                _kind(value),
                x,
                width,
                56 + NARROW_ROW * row,
                NARROW,
                "end",
                row == 0,
            )
        )
    return Drawing(NARROW, 38 + NARROW_ROW * len(values), NARROW_ZERO, bars)


def _wide_bar(value: Value, row: int, scale: float) -> Bar:
    width = abs(value.value) * scale
    right = value.value >= 0
    x = WIDE_ZERO if right else WIDE_ZERO - width
    text_x = x + width + 8 if right else x - 8
    return Bar(
        value.label,
        value.text,
        _kind(value),
        x,
        width,
        30 + WIDE_ROW * row,
        text_x,
        "start" if right else "end",
        row == 0,
    )


def _scale(values: Sequence[Value], reach: float) -> float:
    largest = max((abs(value.value) for value in values), default=0.0)
    return reach / largest if largest > 0 else 0.0


def _kind(value: Value) -> str:
    return "pos" if value.value > 0 else "neg" if value.value < 0 else ""
