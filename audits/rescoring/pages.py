"""What pages show of independent scoring, ready for their templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.decisions import basis
from audits.decisions.models import Agreement, Decision
from audits.rescoring import selectors
from audits.rescoring.agreement import LEAST_DECISIONS
from audits.rescoring.models import Rescorer
from governance.edges import selectors as edges
from governance.systems.models import AISystem
from governance.templatetags import formats


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """One scored edge: its independent scorer, if it has one, and how far the two agree."""

    slug: str
    name: str
    slot: int
    rescorer: Rescorer | None
    agreement: Agreement | None
    kind: str
    word: str
    figure: str


@dataclass(frozen=True, slots=True)
class Again:
    """One option and edge of a decision, scored twice."""

    edge: str
    option: str
    reported: str
    independent: str
    scorer: str


def lines(*, system: AISystem) -> list[EdgeLine]:
    """Every scored edge of the system, in order."""
    current = edges.current_set(system=system)
    rescorers = {each.edge: each for each in selectors.in_force(system=system)}
    known = basis.agreements(system=system)
    leaves = edges.leaves(edge_set=current) if current is not None else []
    return [
        _line(edge.slug, edge.name, slot, rescorers.get(edge.slug), known.get(edge.slug))
        for slot, edge in enumerate(leaves, 1)
    ]


def _line(slug: str, name: str, slot: int, rescorer: Rescorer | None, found: Agreement | None) -> EdgeLine:
    kind, word = _standing(rescorer, found)
    return EdgeLine(slug, name, slot, rescorer, found, kind, word, figure(found))


def _standing(rescorer: Rescorer | None, found: Agreement | None) -> tuple[str, str]:
    if rescorer is None:
        return "", _("Nobody checks it")
    if found is None or found.value is None:
        return "live", _("Too few to say")
    return ("good", _("They agree")) if basis.sufficient(found) else ("warn", _("They do not agree enough"))


def figure(found: Agreement | None) -> str:
    """Agreement with its interval and number, in words where there is too little."""
    if found is None:
        return _("No decision scored again yet")
    n = ngettext("%s decision", "%s decisions", found.decisions) % formats.number(found.decisions)
    if found.value is None and found.decisions >= LEAST_DECISIONS:
        return _("%s scored again; they count for too few, or vary too little, to state agreement") % n
    if found.value is None:
        return _("%(n)s scored again; agreement is stated from %(least)d on") % {
            "n": n,
            "least": LEAST_DECISIONS,
        }
    return _("%(value)s (95 %% interval %(low)s to %(high)s), typically %(difference)s apart, %(n)s") % {
        "value": formats.number(found.value, 2),
        "low": formats.number(found.low, 2),
        "high": formats.number(found.high, 2),
        "difference": formats.number(found.difference, 2),
        "n": n,
    }


def again(*, decision: Decision, options: Sequence[Mapping[str, Any]]) -> list[Again]:
    """What independent scorers said about a decision, beside what it reported; ``options`` are its record's."""
    why = {each["id"]: each.get("unscored") or {} for each in options}
    return [
        Again(
            row.edge,
            option,
            _score(reported, why.get(option, {}).get(row.edge)),
            _score(row.scores.get(option), None),
            row.scorer,
        )
        for row in selectors.rescores_of(decision=decision)
        for option, reported in row.reported.items()
    ]


def _score(score: float | None, why: str | None) -> str:
    if score is not None:
        return formats.number(score, 2)
    return _("not scored: %s") % why if why else _("not scored")
