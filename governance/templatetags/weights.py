"""Two weight vectors side by side, as a table needs them. Weights are shares of 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

EDGE_SLOTS = 8
# The bar's full length: whole tenths, at least this share, so that small weights stay visible.
SMALLEST_SCALE = 0.4


@dataclass(frozen=True)
class Row:
    name: str
    slot: int
    new: float
    old: float | None
    change: float | None


def table(
    names: Mapping[str, str], new: Mapping[str, Any], old: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Rows in the order of ``names`` (edge slug → name), totals, the share moved, and the scale of the bars."""
    rows = [_row(slot, slug, name, new, old) for slot, (slug, name) in enumerate(names.items())]
    return {
        "rows": rows,
        "compared": old is not None,
        "total_new": sum(row.new for row in rows),
        "total_old": sum(row.old or 0 for row in rows),
        "moved": sum(abs(row.change or 0) for row in rows) / 2,
        "scale": _scale(rows),
        "places": 0 if all(_whole(row.new) and _whole(row.old or 0) for row in rows) else 2,
    }


def _row(slot: int, slug: str, name: str, new: Mapping[str, Any], old: Mapping[str, Any] | None) -> Row:
    now = _share(new.get(slug, 0))
    before = None if old is None else _share(old.get(slug, 0))
    return Row(name, slot % EDGE_SLOTS + 1, now, before, None if before is None else now - before)


def _share(value: Any) -> float:
    return float(Fraction(value)) if isinstance(value, str) else float(value)


def _whole(share: float) -> bool:
    return abs(share * 100 - round(share * 100)) < 1e-9


def _scale(rows: list[Row]) -> float:
    largest = max((max(row.new, row.old or 0) for row in rows), default=0)
    return max(SMALLEST_SCALE, min(1.0, -(-round(largest * 1000) // 100) / 10))
