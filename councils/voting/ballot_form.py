"""What a member filled in on the ballot page: read, prefilled, and checked as the service will check it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from councils.deliberation.models import Proposal
from councils.voting import aggregation, allocation
from councils.voting.models import Ballot
from governance.edges.models import Edge
from governance.errors import DomainError

ALL = 100
# int() reads more than what a person means by a whole number: 1_0, and the digits of every script.
WHOLE = re.compile(r"[+-]?[0-9]{1,12}")


@dataclass
class BallotForm:
    """The texts of the fields as typed, and what is wrong with them by field name."""

    edges: Sequence[Edge]
    floors: Mapping[str, int]
    step: int
    points: dict[str, str] = field(default_factory=dict)
    stance: str = ""
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """The points as numbers; an empty field is 0, and what is no whole number stays text to be refused."""
        return {edge.slug: _number(self.points.get(edge.slug, "")) for edge in self.edges}

    @property
    def placed(self) -> int | None:
        """The sum, or None while a field holds no number."""
        values = self.values.values()
        return sum(values) if all(isinstance(value, int) for value in values) else None

    @property
    def remainder(self) -> str:
        if self.placed is None:
            return _("Points are whole numbers that add up to 100")
        return allocation.remainder(self.placed)

    @property
    def remainder_state(self) -> str:
        if self.placed == ALL:
            return "exact"
        return "over" if self.placed is not None and self.placed > ALL else "under"

    def content(self) -> dict[str, Any]:
        """What a draft keeps."""
        return {"points": self.points, "stance": self.stance, "reason": self.reason}

    def refuse(self, refusal: DomainError) -> None:
        self.errors[refusal.field or "points"] = refusal.detail

    def check(self) -> bool:
        """Whether the ballot could be cast as it is; fills ``errors`` otherwise."""
        try:
            allocation.checked(
                self.values, edges=[edge.slug for edge in self.edges], floors=self.floors, step=self.step
            )
        except DomainError as refusal:
            self.refuse(refusal)
        if self.stance not in Ballot.Stance.values:
            self.errors["stance"] = _("Choose agree, abstain, disagree or object.")
        elif self.stance == Ballot.Stance.OBJECT and not self.reason.strip():
            self.errors["reason"] = _("An objection needs its reason; it is published with the outcome.")
        return not self.errors


def _number(text: str) -> int | str:
    cleaned = text.strip()
    if not cleaned:
        return 0
    return int(cleaned) if WHOLE.fullmatch(cleaned) else cleaned


def blank(proposal: Proposal, edges: Sequence[Edge]) -> BallotForm:
    """Nothing placed: no split is suggested by default."""
    return BallotForm(edges, proposal.floors, proposal.council.point_step)


def posted(proposal: Proposal, edges: Sequence[Edge], data: Mapping[str, str]) -> BallotForm:
    """The form as sent."""
    form = blank(proposal, edges)
    form.points = {edge.slug: data.get(f"points-{edge.slug}", "")[:40] for edge in edges}
    form.stance, form.reason = data.get("stance", ""), data.get("reason", "")[:10_000]
    return form


def kept(proposal: Proposal, edges: Sequence[Edge], content: Mapping[str, Any]) -> BallotForm:
    """The form as a draft keeps it."""
    form = blank(proposal, edges)
    form.points = {str(edge): str(points) for edge, points in content.get("points", {}).items()}
    form.stance, form.reason = content.get("stance", ""), content.get("reason", "")
    return form


def started(proposal: Proposal, edges: Sequence[Edge], start: str, last: Ballot | None) -> BallotForm | None:
    """The form filled from what the member chose to start from; None for an unknown choice."""
    form = blank(proposal, edges)
    if start == "zero":
        form.points = {edge.slug: str(proposal.floors.get(edge.slug, 0)) for edge in edges}
    elif start == "suggestion":
        shares = {edge: Fraction(points, 100) for edge, points in proposal.suggestion.items()}
        form.points = _in_steps(shares, edges, form.step)
    elif start == "in-force" and proposal.weights_before:
        form.points = _in_steps(proposal.before_exact, edges, form.step)
    elif start == "last" and last is not None:
        form.points = {edge: str(points) for edge, points in last.points.items()}
        form.stance, form.reason = last.stance, last.reason
    else:
        return None
    return form


def _in_steps(weights: Mapping[str, Fraction], edges: Sequence[Edge], step: int) -> dict[str, str]:
    """The nearest split in whole steps that adds up to 100."""
    exact = [weights.get(edge.slug, Fraction(0)) for edge in edges]
    if sum(exact) != 1:
        return {}
    rounded = aggregation.largest_remainder(exact, steps=ALL // step)
    return {edge.slug: str(int(share * ALL)) for edge, share in zip(edges, rounded, strict=True)}
