"""What one run of the main job is about: edges, systems, people and the material the models decide on."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from demo.material import Material
from demo.world import Floats
from governance.edges.services import EdgeCard

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class SystemPlan:
    """One AI system: its first weights (set without a vote) and what it decides on."""

    slug: str
    name: str
    purpose: str
    weights: dict[str, Fraction]
    material: Material


@dataclass(frozen=True, slots=True)
class CouncilPlan:
    """A council that decides on the edge-aware system: for every context, or for one group's own."""

    slug: str
    name: str
    mandate: str
    title: str
    constituencies: tuple[str, ...]
    context: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The whole plan. ``ballots``: the members' points, by constituency; ``places``: the values of the context."""

    name: str
    organisation: str
    organisation_name: str
    context_key: str
    places: tuple[str, ...]
    options: tuple[str, ...]
    edges: tuple[EdgeCard, ...]
    norm: tuple[str, str, str]
    scalar: SystemPlan
    edge_aware: SystemPlan
    threshold: float | None
    ballots: dict[str, list[dict[str, int]]]
    reasons: tuple[tuple[str, str], ...]
    council: CouncilPlan
    own_councils: tuple[CouncilPlan, ...]
    facts: dict[str, Any]

    @property
    def systems(self) -> tuple[SystemPlan, SystemPlan]:
        """Baseline first."""
        return self.scalar, self.edge_aware

    @property
    def edge_slugs(self) -> tuple[str, ...]:
        """In the order of scores."""
        return tuple(card["slug"] for card in self.edges)


def exact(weights: Floats, edges: tuple[str, ...]) -> dict[str, Fraction]:
    """Weights in millionths that sum to exactly 1, by largest remainder."""
    scaled = np.asarray(weights, dtype=float) / float(np.sum(weights)) * MILLION
    parts = np.floor(scaled).astype(int)
    short = MILLION - int(parts.sum())
    parts[np.argsort(parts - scaled, kind="stable")[:short]] += 1
    return {edge: Fraction(int(part), MILLION) for edge, part in zip(edges, parts, strict=True)}


def points(weights: Floats, edges: tuple[str, ...], step: int = 5) -> dict[str, int]:
    """100 points in steps of ``step`` nearest to the weights, by largest remainder."""
    total = 100 // step
    scaled = np.asarray(weights, dtype=float) / float(np.sum(weights)) * total
    parts = np.floor(scaled).astype(int)
    short = total - int(parts.sum())
    parts[np.argsort(parts - scaled, kind="stable")[:short]] += 1
    return {edge: int(part) * step for edge, part in zip(edges, parts, strict=True)}
