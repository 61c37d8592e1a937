"""What would have changed? Replays over the decisions logged."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from django.urls import reverse

from audits.decisions import columns, shortfall, weighing
from audits.decisions import selectors as decisions
from audits.decisions.columns import Norm, Terms
from audits.decisions.models import Decision
from audits.decisions.table import Table
from audits.replay import flips
from audits.replay.flips import Replay
from governance.policies import selectors as policies
from governance.systems.models import AISystem

GROUPS_WITH_AT_MOST = 40
_TINY = 1e-300


def impact(
    *,
    system: AISystem,
    weights: Mapping[str, float],
    rule: str = "weighted_sum",
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    norms: list[dict[str, Any]] | None = None,
    tiers: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The impact statement of ``weights`` on all choices logged in [start, end), JSON-serialisable.

    ``flips`` of ``decisions`` were counted. ``share`` estimates how many of all choices flip; where the model logs a
    part of them only (``weighted``), means and shares count each 1/rate, and ``interval`` is the share's at 95 %.
    Further: ``groups`` by context key; ``edges`` with mean score before, after and
    change; ``violations`` of hard norms that the logged choice kept; ``near_ties``; ``regret`` per constituency before
    and after; up to 20 ``examples``. Without ``norms`` those of the policy in force for everybody apply.
    """
    table = decisions.in_window(system=system, start=start, end=end)
    if table is None or not ((table.chosen >= 0) & ~table.assessment).any():
        return {"decisions": 0, "flips": 0, "share": None, "interval": None, "weighted": False,
                "groups": [], "edges": [], "violations": 0, "infeasible": 0, "near_ties": 0, "regret": [],
                "examples": []}  # fmt: skip
    in_force = _norms(system) if norms is None else norms
    terms = _terms(table, weights, rule, in_force, tiers or [])
    found = flips.replay(table, terms)
    weighted = weighing.is_weighted(table.rate[found.rows])
    return {
        "decisions": len(found.rows),
        "flips": int(found.flipped.sum()),
        "share": flips.share(found),
        "interval": weighing.share_interval(found.flipped, found.weight) if weighted else None,
        "weighted": weighted,
        "groups": _groups(table, found),
        "edges": _edges(table, found),
        "violations": flips.violations(table, found, terms_norms(table, _norms(system))),
        "infeasible": int((found.winner < 0).sum()),
        "near_ties": flips.near_ties(table, found, terms),
        "regret": _regret(system, table, found, terms.norms, end),
        "examples": _examples(system, table, found),
    }


def _norms(system: AISystem) -> list[dict[str, Any]]:
    general = policies.general(system=system)
    return list(general.norms) if general is not None else []


def terms_norms(table: Table, norms: list[dict[str, Any]]) -> tuple[Norm, ...]:
    """Norms over the edges of ``table``."""
    return tuple(
        Norm(table.edges.index(norm["edge"]), float(norm["minimum"]), float(norm.get("z") or 0))
        for norm in norms
        if norm["edge"] in table.edges
    )


def _terms(
    table: Table,
    weights: Mapping[str, float],
    rule: str,
    norms: list[dict[str, Any]],
    tiers: list[dict[str, Any]],
) -> Terms:
    return Terms(
        np.array([float(weights.get(edge, 0.0)) for edge in table.edges]),
        str(rule),
        terms_norms(table, norms),
        tuple(
            (tuple(table.edges.index(edge) for edge in tier["edges"]), float(tier.get("tolerance") or 0))
            for tier in tiers
        ),
    )


def _groups(table: Table, found: Replay) -> list[dict[str, Any]]:
    groups = []
    for key, counts in sorted(flips.by_context(table, found).items()):
        rows = flips.shares(counts)
        if 1 < len(rows) <= GROUPS_WITH_AT_MOST:
            groups.append(
                {"key": key, "rows": rows, "most": rows[0], "scale": max(float(str(rows[0]["share"])), 0.01)}
            )
    return groups


def _edges(table: Table, found: Replay) -> list[dict[str, Any]]:
    part = table.take(found.rows).columns
    scores = columns.pick(part.scores, found.before)
    weight = np.where(np.isnan(scores), 0.0, found.weight[:, None])
    before = (np.nan_to_num(scores) * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), _TINY)
    return [
        {"edge": edge, "before": float(b), "after": float(b + change), "delta": float(change)}
        for edge, b, change in zip(table.edges, before, flips.edge_deltas(found), strict=True)
    ]


def _regret(
    system: AISystem, table: Table, found: Replay, norms: tuple[Norm, ...], end: dt.datetime | None
) -> list[dict[str, Any]]:
    """Shortfall of each constituency under its own weights, as a share of what was at stake, before and after."""
    at = end or table.moment(int(np.argmax(table.occurred)))
    part, rows = table.take(found.rows).columns, []
    for name, asked in shortfall.constituency_weights(system=system, at=at).items():
        weights = np.array([asked.get(edge, 0.0) for edge in table.edges])
        shares = []
        for option in (found.before, np.where(found.winner < 0, found.before, found.winner)):
            fallen, spread, count = shortfall.regret(part, weights, option, found.weight, norms)
            stake = float((spread * count).sum())
            shares.append(float((fallen * count).sum()) / stake if stake > 0 else None)
        rows.append({"constituency": name, "before": shares[0], "after": shares[1]})
    return rows


def _examples(system: AISystem, table: Table, found: Replay) -> list[dict[str, Any]]:
    places = flips.examples(found)
    rows = found.rows[places]
    indexes = [int(table.index[row]) for row in rows]
    ids = dict(Decision.objects.filter(system=system, index__in=indexes).values_list("index", "uuid"))
    return [
        {
            "id": str(ids[index]),
            "url": reverse("decision", args=[ids[index]]),
            "when": table.moment(int(row)).isoformat(timespec="seconds"),
            "context": table.contexts[table.context[row]],
            "before": table.option_name(int(row), int(found.before[place])),
            "after": table.option_name(int(row), int(found.winner[place])),
            "lead": float(found.lead[place]),
        }
        for place, row, index in zip(places, rows, indexes, strict=True)
        if index in ids
    ]
