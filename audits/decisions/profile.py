"""Reading an assessment: one option, nothing chosen, against the policy's reference profile. Pure.

The reference profile is a score for every edge. An assessment is read as a choice between its option and a second one
with those scores, certain and always allowed: the margin is how far the option lies above it (below: negative), the
deciding edge is the one that speaks most for the side it lies on.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from edgewise import scoring

from audits.decisions import attribution, columns
from audits.decisions.attribution import Attribution, Policy
from audits.decisions.columns import Columns, Floats, Terms

REFERENCE = "\0reference"  # no option of a record has this id: NUL is refused


def option(reference: Mapping[str, float]) -> dict[str, Any]:
    """The reference profile as an option."""
    return {"id": REFERENCE, "edges": dict(reference), "uncertainty": dict.fromkeys(reference, 0.0)}


def attribute(assessed: Mapping[str, Any], reference: Mapping[str, float], policy: Policy) -> Attribution:
    """The assessed option beside the reference; margin and contributions are signed as the option sees them."""
    both, free = [assessed, option(reference)], replace(policy, norms=())
    falls_short = free.choose(both).option_id == REFERENCE
    found = attribution.attribute(both, REFERENCE if falls_short else assessed["id"], free)
    allowed = scoring.feasible([assessed], policy.norms)
    found = replace(found, chosen=assessed["id"], runner_up=REFERENCE, feasible=allowed, pivotal={})
    if not falls_short or found.margin is None:
        return found
    shares = {edge: -share for edge, share in found.contributions.items()}
    return replace(found, margin=-found.margin, contributions=shares)


def beside(part: Columns, reference: Floats, terms: Terms) -> tuple[Columns, Terms]:
    """Assessments as choices between their option (0) and the reference (1); "chosen" is what the rule prefers."""
    n, given = len(part), np.broadcast_to(reference, part.scores[:, 0].shape)
    both = Columns(
        np.stack([part.scores[:, 0], given], axis=1),
        np.stack([part.sd[:, 0], np.zeros_like(given)], axis=1),
        np.ones((n, 2), bool),
        np.zeros(n, np.int64),
    )
    free = replace(terms, norms=())
    return replace(both, chosen=np.maximum(columns.winners(both, free, both.present), 0)), free
