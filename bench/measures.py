"""What one benchmark found, and how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """``bar`` as a text such as "≥ 0.3"; ``yardstick`` what the value was compared with, where there is one."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    yardstick: float | None = None
    note: str = ""

    @property
    def bar(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else ""

    @property
    def ok(self) -> bool:
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.at_most is None or self.value <= self.at_most

    def as_json(self) -> dict[str, Any]:
        """An element of ``bench.json``."""
        found = {"name": self.name, "value": self.value, "unit": self.unit, "bar": self.bar, "ok": self.ok}
        extra = {"yardstick": self.yardstick, "note": self.note or None}
        return found | {name: value for name, value in extra.items() if value is not None}


def lines(measures: Sequence[Measure]) -> list[str]:
    """A table in plain text."""
    head = f"{'benchmark':28s} {'value':>12s} {'unit':16s} {'bar':>9s}        {'yardstick':>12s}  note"
    return [head, "-" * len(head), *(_line(measure) for measure in measures)]


def _line(measure: Measure) -> str:
    yardstick = _figure(measure.yardstick) if measure.yardstick is not None else ""
    verdict = "ok" if measure.ok else "not ok"
    return (
        f"{measure.name:28s} {_figure(measure.value):>12s} {measure.unit:16s} {measure.bar:>9s} {verdict:6s} "
        f"{yardstick:>12s}  {measure.note}"
    ).rstrip()


def _figure(value: float) -> str:
    return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
