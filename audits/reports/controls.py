"""Controls of laws and standards: data files, and the pass rule each of them states.

A framework is one TOML file in ``frameworks/``; adding a framework is adding a file. Pure: imports no Django.
A status says what evidence there is. It never says "compliant": a person concludes that.
"""

import operator
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "frameworks"
PRESENT, PARTIAL, NONE, NOT_APPLICABLE = "evidence present", "partial", "no evidence", "not applicable"
WORST_FIRST = (NONE, PARTIAL, PRESENT, NOT_APPLICABLE)

_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True)
class Control:
    """One control: what it asks in own words, where it stands, which query answers it, and how that is read."""

    id: str
    label: str
    citation: str
    applies_from: date
    query: str
    none_when: tuple[str, ...]
    present_when: tuple[str, ...]
    present: str
    partial: str
    none: str
    method: str
    positions: tuple[str, ...]
    risk_classes: tuple[str, ...]


@dataclass(frozen=True)
class Framework:
    """One law or standard in one version."""

    id: str
    title: str
    citation: str
    version: str
    note: str
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class Judgement:
    """A status with the sentence that states the fact behind it."""

    status: str
    finding: str


def _control(data: dict[str, Any]) -> Control:
    lists = {name: tuple(data[name]) for name in ("none_when", "present_when", "positions", "risk_classes")}
    return Control(**{**data, **lists})


def load(path: Path) -> Framework:
    """The framework in one TOML file; raises TypeError or KeyError when a member is missing or unknown."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    controls = tuple(_control(each) for each in data.pop("controls"))
    return Framework(controls=controls, **data)


@cache
def frameworks() -> dict[str, Framework]:
    """Every framework delivered, by id."""
    loaded = (load(path) for path in sorted(FOLDER.glob("*.toml")))
    return {framework.id: framework for framework in loaded}


def holds(condition: str, figures: Mapping[str, Any]) -> bool:
    """Whether ``"figure == 0"`` or ``"figure > other"`` holds; a figure without a value never holds."""
    name, sign, wanted = condition.split()
    left = figures[name]
    right = figures[wanted] if wanted in figures else float(wanted)
    return left is not None and right is not None and bool(_COMPARE[sign](left, right))


def judge(control: Control, figures: Mapping[str, Any]) -> Judgement:
    """Read a control's figures by its own pass rule."""
    if any(holds(condition, figures) for condition in control.none_when):
        return Judgement(NONE, control.none.format_map(figures))
    if all(holds(condition, figures) for condition in control.present_when):
        return Judgement(PRESENT, control.present.format_map(figures))
    return Judgement(PARTIAL, control.partial.format_map(figures))


def inapplicable(control: Control, *, position: str, risk_class: str, reasoning: str) -> str:
    """Why a control does not apply, derived from the system record; empty when it applies."""
    held = {"provider", "deployer"} if position == "both" else {position}
    if not held & set(control.positions):
        return f"The organisation is registered as {position}; this control binds {' and '.join(control.positions)}."
    if risk_class not in control.risk_classes:
        return f"The system is registered as {risk_class} risk: {reasoning}"
    return ""
