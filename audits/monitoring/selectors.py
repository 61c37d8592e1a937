"""Questions about how a system has been deciding: the three indices, which edge decided, differences by group."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.decisions import columns, judging, shortfall, weighing
from audits.decisions import selectors as decisions
from audits.decisions.models import Feedback
from audits.decisions.table import DISPOSITIONS, Table
from audits.decisions.weighing import Floats
from audits.monitoring import discrepancy as differences
from audits.monitoring import indices as measures
from audits.monitoring.indices import Index
from governance.policies import selectors as policies
from governance.policies.models import Policy
from governance.systems.models import AISystem

INDICES = ("value_flattening", "representation_loss", "uncertainty_blindness")


@dataclass(frozen=True, slots=True)
class Family:
    """Differences along one attribute: a context key, or a group of the decisions' subjects."""

    attribute: str
    kind: str
    pairs: int
    rows: list[dict[str, Any]]
    weighted: bool


def indices(
    *, system: AISystem, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> dict[str, dict[str, Any]]:
    """The three indices of the window: each ``{"value", "interval", "n", "effective", "weighted", "detail"}``, None
    where nothing can be said; over choices, not assessments. Decisions of which a share is logged count 1/rate.

    Value flattening is that of the policy version with most decisions; every version stands in the detail.
    """
    table = decisions.choices(system=system, start=start, end=end)
    if table is None:
        return {name: _plain(Index(None, None, 0), weighted=False) for name in INDICES}
    versions = {policy.version: policy for policy in policies.history(system=system)}
    at = end or table.moment(int(np.argmax(table.occurred)))
    found = {
        "value_flattening": _flattening(table),
        "representation_loss": _representation(system, table, versions, at),
        "uncertainty_blindness": _blindness(system, table, versions),
    }
    return {name: _plain(index, weighted=table.weighted) for name, index in found.items()}


def _plain(index: Index, *, weighted: bool) -> dict[str, Any]:
    return {**asdict(index), "weighted": weighted}


def _flattening(table: Table) -> Index:
    found, weights = {}, table.weight
    for version in np.unique(table.version):
        driving = table.driving[table.version == version].astype(float)
        ties = driving.sum(axis=1)
        driven = driving[ties > 0] / ties[ties > 0, None]
        counted = weights[table.version == version][ties > 0]
        found[int(version)] = measures.value_flattening(driven, counted)
    most = max(found, key=lambda version: found[version].n)
    detail: dict[str, object] = {
        "version": most,
        "versions": {version: {**asdict(index), "detail": {}} for version, index in found.items()},
    }
    return replace(found[most], detail=detail)


def _representation(system: AISystem, table: Table, versions: Mapping[int, Policy], at: dt.datetime) -> Index:
    """Every constituency's shortfall under its own weights, over the decisions that chose."""
    rows = np.flatnonzero(table.chosen >= 0)
    chose = table.take(rows)
    part = chose.columns
    weights, shortfalls = chose.weight, {}
    for name, asked in shortfall.constituency_weights(system=system, at=at).items():
        own = np.array([asked.get(edge, 0.0) for edge in table.edges])
        found: list[tuple[Floats, Floats, Floats]] = []
        for version in np.unique(chose.version):
            at_it = chose.version == version
            norms = judging.terms_of(versions[int(version)], table.edges).norms
            found.append(shortfall.regret(part.take(at_it), own, part.chosen[at_it], weights[at_it], norms))
        regret, spread, counted = (np.concatenate(parts) for parts in zip(*found, strict=True))
        shortfalls[name] = regret, spread, counted
    return measures.representation_loss(shortfalls)


def _blindness(system: AISystem, table: Table, versions: Mapping[int, Policy]) -> Index:
    """Over the decisions whose policy states a threshold; measured as distance to it, so that versions may differ."""
    thresholds = np.array([_threshold(versions, int(version)) for version in table.version])
    asked = ~np.isnan(thresholds) & (table.options > 1)
    answered = (table.disposition == DISPOSITIONS.index("answered")) & ~table.clarified
    calibration = {"calibration": _calibration(system, table)}
    if not asked.any():
        return Index(None, None, 0, {"threshold": None, **calibration})
    shifted = table.confidence[asked] - thresholds[asked]
    index = measures.uncertainty_blindness(shifted, answered[asked], table.weight[asked], 0.0)
    latest = float(thresholds[asked][-1])
    return replace(index, detail={**index.detail, "threshold": latest, **calibration})


def _threshold(versions: Mapping[int, Policy], version: int) -> float:
    stated = versions[version].clarification_threshold if version in versions else None
    return np.nan if stated is None else float(stated)


def _calibration(system: AISystem, table: Table) -> dict[str, object] | None:
    """Stated confidence against errors reported."""
    told = Feedback.objects.filter(system=system, error__isnull=False).values_list("index", "error")
    errors = dict(told)
    rows = np.flatnonzero(np.isin(table.index, np.fromiter(errors, np.int64, len(errors))))
    right = np.array([not errors[int(table.index[row])] for row in rows], bool)
    return measures.calibration(table.confidence[rows], right, table.weight[rows])


def driving_shares(
    *, system: AISystem, start: dt.datetime | None = None, end: dt.datetime | None = None, steps: int = 12
) -> dict[str, Any]:
    """In which share of choices each edge decided, over time: ``{"moments", "edges": {slug: [share]}, "total"}``.

    ``n`` choices were logged; ``weighted`` says whether they are a share of those made.
    """
    table = decisions.choices(system=system, start=start, end=end)
    if table is None:
        return {"moments": [], "edges": {}, "total": {}, "n": 0, "weighted": False}
    driving, weights = table.driving.astype(float), table.weight
    driving /= np.maximum(driving.sum(axis=1), 1)[:, None]
    order = np.argsort(table.occurred, kind="stable")
    parts = [part for part in np.array_split(order, min(steps, len(order))) if len(part)]
    return {
        "moments": [table.moment(int(part[0])) for part in parts] + [table.moment(int(order[-1]))],
        "edges": {
            edge: [float(weighing.mean(driving[part, place], weights[part])) for part in parts]
            for place, edge in enumerate(table.edges)
        },
        "total": {
            edge: float(weighing.mean(driving[:, place], weights)) for place, edge in enumerate(table.edges)
        },
        "n": len(table),
        "weighted": table.weighted,
    }


def discrepancy(
    *,
    system: AISystem,
    attribute: str,
    kind: str = "context",
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> Family | None:
    """Differences of the chosen option's scores along ``attribute``; None where nothing was chosen.

    ``kind``: ``context`` reads the record's context, ``group`` the sealed groups of its subject.
    """
    table = decisions.choices(system=system, start=start, end=end)
    if table is None:
        return None
    chosen = columns.pick(table.columns.scores, table.chosen.astype(np.int64))
    rows = np.flatnonzero(~np.isnan(chosen).any(axis=1))
    part = table.take(rows)
    labels = _labels(system, part, attribute, kind)
    scalar = _scalar(system, part, chosen[rows])
    strata = _strata(part, attribute, kind)
    found = differences.differences(chosen[rows], scalar, labels, strata, part.edges, weights=part.weight)
    return Family(attribute, kind, len(found), [asdict(each) for each in found], part.weighted)


def _labels(system: AISystem, part: Table, attribute: str, kind: str) -> list[str | None]:
    if kind == "context":
        values = [context.get(attribute) for context in part.contexts]
        return [values[code] for code in part.context]
    groups = decisions.groups(system=system, indexes=part.index.tolist())
    return [groups.get(int(index), {}).get(attribute) for index in part.index]


def _scalar(system: AISystem, part: Table, chosen: NDArray[np.float64]) -> NDArray[np.float64]:
    """The single score: the weighted sum of the chosen option under the policy claimed."""
    total = np.zeros(len(part))
    for policy in policies.history(system=system):
        rows = part.version == policy.version
        total[rows] = chosen[rows] @ judging.terms_of(policy, part.edges).weights
    return total


def _strata(part: Table, attribute: str, kind: str) -> NDArray[np.int64]:
    """Contexts within which memberships are permuted: everything in the context but the attribute itself."""
    keys = [
        tuple(sorted(item for item in context.items() if kind != "context" or item[0] != attribute))
        for context in part.contexts
    ]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[keys[code]] for code in part.context], np.int64)


def attributes(
    *, system: AISystem, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> list[tuple[str, str]]:
    """Attributes to compare groups along: (name, kind)."""
    table = decisions.choices(system=system, start=start, end=end)
    if table is None:
        return []
    keys = sorted({key for context in table.contexts for key in context})
    varied = [key for key in keys if len({context.get(key) for context in table.contexts}) > 1]
    groups = decisions.groups(system=system, indexes=[int(table.index[0]), int(table.index[-1])])
    names = sorted({name for found in groups.values() for name in found})
    return [(key, "context") for key in varied] + [(name, "group") for name in names]


def discrepancies(
    *, system: AISystem, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> list[Family]:
    """Differences along every attribute of the window, each attribute a family."""
    found = [
        discrepancy(system=system, attribute=attribute, kind=kind, start=start, end=end)
        for attribute, kind in attributes(system=system, start=start, end=end)
    ]
    return [family for family in found if family is not None]
