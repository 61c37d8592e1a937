"""The table of results: what was measured, with its interval, beside what the brief hopes for."""

from collections.abc import Sequence
from dataclasses import dataclass

from demo.measuring import Estimate

NONE = "—"
WIDTHS = (78, 10, 20, 20)


@dataclass(frozen=True, slots=True)
class Row:
    """One line; all texts."""

    what: str
    measured: str
    interval: str = NONE
    target: str = NONE


def percent(value: float) -> str:
    """Signed, one decimal; two where one would say 0.0."""
    return f"{100 * value:+.1f} %" if abs(value) >= 0.001 else f"{100 * value:+.2f} %"


def row(what: str, found: Estimate, target: str = NONE) -> Row:
    """A relative figure with its interval."""
    low, high = found.interval
    return Row(what, percent(found.value), f"{percent(low)} to {percent(high)}", target)


def share(what: str, found: Estimate, target: str = NONE) -> Row:
    """A figure between 0 and 1 with its interval."""
    low, high = found.interval
    return Row(what, f"{found.value:.3f}", f"{low:.3f} to {high:.3f}", target)


def lines(title: str, rows: Sequence[Row]) -> list[str]:
    """Plain text, one line for each row."""
    head = Row(title, "measured", "95 % interval", "the brief's target")
    rule = Row(*("-" * width for width in WIDTHS))
    return [_line(each) for each in (head, rule, *rows)]


def _line(each: Row) -> str:
    cells = (each.what, each.measured, each.interval, each.target)
    padded = [
        cell.ljust(width) if number in (0, 3) else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    ]
    return "  ".join(padded).rstrip()
