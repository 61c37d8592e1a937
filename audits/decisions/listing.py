"""Rows of a list of decisions, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from audits.decisions import pages
from audits.decisions.models import Assessment, Decision
from audits.decisions.selectors import Found
from audits.decisions.sentences import VERDICTS


@dataclass(frozen=True, slots=True)
class Row:
    """``title`` says what was chosen or assessed; ``departures`` how it did not follow the policy."""

    decision: Decision
    assessment: Assessment | None
    title: str
    is_assessment: bool
    driving: str
    departures: list[str | Promise]
    unscored: list[str]


def rows(found: Sequence[Found]) -> list[Row]:
    """One row for each decision, with the names of its own system's edges."""
    systems = {each.decision.system for each in found}
    names = {system.pk: pages.system_edge_names(system) for system in systems}
    return [_row(each, names[each.decision.system_id]) for each in found]


def _row(found: Found, names: dict[str, str]) -> Row:
    decision, assessed = found.decision, found.assessment
    edges = [assessed.driving_edge, *assessed.tied_edges] if assessed is not None else []
    return Row(
        decision=decision,
        assessment=assessed,
        title=_title(found),
        is_assessment=found.told.is_assessment,
        driving=", ".join(names.get(edge, edge) for edge in edges if edge is not None),
        departures=[VERDICTS[each] for each in assessed.verdicts] if assessed is not None else [],
        unscored=[
            _("%(option)s, %(edge)s: %(reason)s")
            % {"option": option, "edge": names.get(edge, edge), "reason": reason}
            for option, edge, reason in found.told.unscored
        ],
    )


def _title(found: Found) -> str:
    decision = found.decision
    if found.told.is_assessment:
        return _("%s, assessed") % found.told.options[0].id
    return decision.chosen or str(Decision.Disposition(decision.disposition).label)
