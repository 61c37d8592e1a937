"""Tables of a document: evidence rows to the texts that are typeset, capped. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from audits.decisions.sentences import VERDICTS

CAP = 500
WEIGHTED = "weighted: the model logs a share of its decisions"
Json = dict[str, Any]


def figure(value: Any) -> str:
    """A value as a reader sees it: thousands separated, three decimals, and never a blank."""
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3f}".replace("-", "\u2212")
    return str(value) or "not stated"


def change(share: float | None) -> str:
    """A change of a weight in points of 100, signed with a true minus; nothing before is "new"."""
    if share is None:
        return "new"
    text = f"{100 * share:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "\u2212")


def percent(share: float | None) -> str:
    """A share as percent with a no-break space."""
    return "not stated" if share is None else f"{100 * share:.1f}\u00a0%"


def estimated(total: Mapping[str, Any]) -> str:
    """What share of all decisions a count stands for, where only a part of them is logged; empty otherwise."""
    if not total.get("weighted"):
        return ""
    interval = f"{percent(total['low'])} to {percent(total['high'])}"
    return f", an estimated {percent(total['share'])} of all ({interval}; {WEIGHTED})"


def followed(total: Mapping[str, Any]) -> str:
    """What stands before the number of decisions that followed the policy: never without what that rests on."""
    return f"Followed the policy ({total['basis']}){estimated(total)}"


def verdict(code: str) -> str:
    """How a decision did not follow the policy, in the words of the pages."""
    return str(VERDICTS[code])


def day(moment: datetime | date | str) -> str:
    """A day as "20 Nov 2026"."""
    value = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{value.day} {value:%b %Y}"


def minute(moment: datetime | str) -> str:
    """A moment as "20 Nov 2026, 18:00 UTC"."""
    value = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{day(value)}, {value:%H:%M} UTC"


def short(digest: str) -> str:
    """The first eight hexadecimal digits in groups of four."""
    return f"{digest[:4]} {digest[4:8]}"


@dataclass(frozen=True)
class Column:
    """A column: which member of the row, under which heading, how wide, and how it is written."""

    key: str
    label: str
    num: bool = False
    width: str = ""
    text: Callable[[Any], str] = figure
    mono: bool = False

    @property
    def align(self) -> str:
        return "num" if self.num else "hash" if self.mono else ""

    def head(self) -> Json:
        return {"label": self.label, "align": "num" if self.num else "", "width": self.width}

    def cell(self, row: Mapping[str, Any]) -> list[str]:
        return [self.text(row.get(self.key)), self.align]


def table(
    caption: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], *, cap: int = CAP
) -> Json:
    """A table for the manifest's body; says how many of all rows it shows."""
    typeset = [
        {"head": columns[0].cell(row)[0], "cells": [column.cell(row) for column in columns[1:]]}
        for row in rows[:cap]
    ]
    heads = [column.head() for column in columns]
    return {"caption": caption, "columns": heads, "rows": typeset, "shown": len(typeset), "total": len(rows)}
