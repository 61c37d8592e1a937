"""What conformance rests on: the model's own scores, or scores that somebody else agrees with. The rule, in one place.

"Checked" needs, on every edge that counts under the policy (it weighs something, or a hard norm stands on it), an
independent scorer whose agreement is sufficient: the lower end of its 95 % interval is at least 0.667, the least at
which Krippendorff (Content Analysis, 2004, ch. 11) lets even tentative conclusions rest on a measurement.
Anything less is "self-reported".
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audits.decisions.models import Agreement
from governance.policies import selectors as policies
from governance.policies.models import Policy
from governance.systems.models import AISystem

SUFFICIENT = 0.667


@dataclass(frozen=True, slots=True)
class Basis:
    """``lacking``: the edges that count and have no sufficient agreement; None where no policy says what counts."""

    lacking: tuple[str, ...] | None

    @property
    def checked(self) -> bool:
        return self.lacking == ()

    @property
    def code(self) -> str:
        """``checked`` or ``self_reported``: the API's word."""
        return "checked" if self.checked else "self_reported"

    @property
    def followed(self) -> str | Promise:
        return (
            _("Followed the policy (checked)") if self.checked else _("Followed the policy (self-reported)")
        )

    @property
    def departed(self) -> str | Promise:
        if self.checked:
            return _("Did not follow the policy (checked)")
        return _("Did not follow the policy (self-reported)")

    @property
    def word(self) -> str | Promise:
        """What stands in brackets behind a figure."""
        return _("checked") if self.checked else _("self-reported")


def agreements(*, system: AISystem) -> dict[str, Agreement]:
    """Agreement on each edge that has an independent scorer."""
    return {found.edge: found for found in Agreement.objects.filter(system=system).order_by("edge")}


def sufficient(found: Agreement | None) -> bool:
    """Whether an edge's agreement carries conclusions."""
    return found is not None and found.low is not None and found.low >= SUFFICIENT


def of_policies(*, system: AISystem, applied: Iterable[Policy]) -> Basis:
    """What figures over decisions under these policies rest on."""
    counting = {edge for policy in applied for edge in _counting(policy)}
    if not counting:
        return Basis(None)
    known = agreements(system=system)
    return Basis(tuple(sorted(edge for edge in counting if not sufficient(known.get(edge)))))


def of_system(*, system: AISystem) -> Basis:
    """What figures over the system's decisions rest on, under the policies in force."""
    return of_policies(system=system, applied=policies.in_force_now(system=system))


def of_policy(*, system: AISystem, policy: Policy | None) -> Basis:
    """What the judgement of a decision under ``policy`` rests on."""
    return of_policies(system=system, applied=[policy] if policy is not None else [])


def _counting(policy: Policy) -> set[str]:
    weighty = {edge for edge, weight in policy.weights_exact.items() if weight > 0}
    return weighty | {norm["edge"] for norm in policy.norms}
