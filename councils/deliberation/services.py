"""Making a proposal, opening its deliberation, giving reasons. Standing aside is a voter's act (see voting)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from councils.deliberation import impact
from councils.deliberation.models import Proposal, Reason
from councils.membership.models import Council
from governance import trail
from governance.edges import selectors as edges
from governance.edges.models import EdgeSet
from governance.errors import DomainError
from governance.organisations.models import Person
from governance.policies import selectors as policies
from governance.policies.models import Policy
from governance.systems.models import AISystem

ALL = 100


class SystemNotGoverned(DomainError):
    code = "system_not_governed"


class TextMissing(DomainError):
    code = "text_missing"


class SuggestionUnknownEdge(DomainError):
    code = "unknown_edge"


class SuggestionOutOfRange(DomainError):
    code = "points_out_of_range"


class SuggestionSum(DomainError):
    code = "points_do_not_sum_to_100"


class FloorsTooHigh(DomainError):
    code = "floors_too_high"


class WrongState(DomainError):
    """The proposal is past, or before, the stage at which this can be done."""

    code = "wrong_state"
    status = 409


class EdgesUndefined(DomainError):
    code = "edges_undefined"
    status = 409


class ParentForeign(DomainError):
    code = "reason_unknown"


class ReasonHidden(DomainError):
    code = "reason_hidden_already"
    status = 409


@trail.act()
def propose(
    *,
    council: Council,
    system: AISystem,
    title: str,
    summary: str,
    suggestion: Mapping[str, int],
    by: Person | None,
    at: dt.datetime,
    floors: Mapping[str, int] | None = None,
) -> Proposal:
    """A draft. ``suggestion`` gives whole points of 100 to every edge; it suggests, the ballots decide.

    ``floors`` are points set aside for an edge before the vote: no ballot may give it less.
    """
    if not council.systems.filter(pk=system.pk).exists():
        raise SystemNotGoverned(_("The charter does not name this system."), field="system")
    for field, text in (("title", title), ("summary", summary)):
        if not text.strip():
            raise TextMissing(_("Give the proposal a title and say what it is for."), field=field)
    edge_set = edges.current_set(system=system)
    if edge_set is None:
        raise EdgesUndefined(_("The system has no edges yet; its owner defines them."), field="system")
    _check_points(edge_set, suggestion, dict(floors or {}))
    before = policy_before(council=council, system=system, at=at)
    proposal = Proposal.objects.create(
        council=council,
        system=system,
        edge_set=edge_set,
        title=title.strip(),
        summary=summary.strip(),
        suggestion=dict(suggestion),
        floors={edge: floor for edge, floor in (floors or {}).items() if floor},
        weights_before=before.weights if before else None,
        policy_before=before,
        proposed_by=by,
        created_at=at,
    )
    note("proposal.made", proposal, by=by, at=at, suggestion=proposal.suggestion, floors=proposal.floors)
    return proposal


def _check_points(edge_set: EdgeSet, suggestion: Mapping[str, int], floors: Mapping[str, int]) -> None:
    slugs = {edge.slug for edge in edges.leaves(edge_set=edge_set)}
    if set(suggestion) != slugs or not floors.keys() <= slugs:
        raise SuggestionUnknownEdge(
            _("Give points to every edge of the system, and to no other."), field="points"
        )
    every = [*suggestion.values(), *floors.values()]
    if any(type(points) is not int or not 0 <= points <= ALL for points in every):
        raise SuggestionOutOfRange(_("Points are whole numbers from 0 to 100."), field="points")
    if sum(suggestion.values()) != ALL:
        raise SuggestionSum(
            _("The points add up to %d, not to 100.") % sum(suggestion.values()), field="points"
        )
    if sum(floors.values()) > ALL or any(suggestion[edge] < floor for edge, floor in floors.items()):
        raise FloorsTooHigh(
            _("Floors leave room for the suggestion and add up to at most 100."), field="floors"
        )


def policy_before(*, council: Council, system: AISystem, at: dt.datetime) -> Policy | None:
    """The policy that a vote of this council would supersede in effect, or None before the first."""
    try:
        return policies.in_force(system=system, context=council.context, at=at)
    except policies.NoPolicy:
        return None


def note(event: str, proposal: Proposal, *, by: Person | None, at: dt.datetime, **facts: Any) -> None:
    """Writes what happened to a proposal into the organisation's log. What people wrote goes into ``sealed``."""
    trail.record(
        event,
        organisation=proposal.council.organisation,
        by=by,
        at=at,
        subject=f"proposal:{proposal.pk}",
        council=proposal.council.slug,
        affects=proposal.system.slug,
        **facts,
    )


def locked(proposal: Proposal, *states: str) -> Proposal:
    """The proposal, locked against a concurrent step; raises WrongState unless it is in one of ``states``."""
    fresh = (
        Proposal.objects.select_for_update(of=("self",), no_key=True)
        .select_related("council__organisation", "system", "edge_set")
        .get(pk=proposal.pk)
    )
    if fresh.state not in states:
        raise WrongState(
            _("This cannot be done any more, or not yet: the proposal stands at “%s”.")
            % fresh.get_state_display(),
            state=fresh.state,
        )
    return fresh


@trail.act()
def open_deliberation(*, proposal: Proposal, by: Person | None, at: dt.datetime) -> Proposal:
    """Puts a draft before the council; its deadline is the charter's."""
    current = locked(proposal, Proposal.State.DRAFT)
    current.state = Proposal.State.DELIBERATION
    current.deliberation_opened_at = at
    current.deliberation_ends_at = at + dt.timedelta(seconds=current.council.deliberation_seconds)
    current.impact = impact.statement(proposal=current, at=at)
    current.save()
    note("deliberation.opened", current, by=by, at=at, ends_at=current.deliberation_ends_at.isoformat())
    return current


@trail.act()
def add_reason(
    *,
    proposal: Proposal,
    text: str,
    by: Person,
    at: dt.datetime,
    edge: str = "",
    parent: Reason | None = None,
) -> Reason:
    """A reason under the proposal, under one ``edge``, or in answer to ``parent``. The log holds its commitment."""
    current = locked(proposal, Proposal.State.DELIBERATION, Proposal.State.VOTING, Proposal.State.EXTENDED)
    if not text.strip():
        raise TextMissing(_("Write your reason first."), field="text")
    if edge and edge not in {leaf.slug for leaf in edges.leaves(edge_set=current.edge_set)}:
        raise SuggestionUnknownEdge(_("The system has no edge called %s.") % edge, field="edge")
    if parent is not None and parent.proposal_id != current.pk:
        raise ParentForeign(_("The reason you answer belongs to another proposal."), field="parent")
    reason = Reason.objects.create(
        proposal=current,
        edge=parent.edge if parent else edge,
        parent=parent,
        author=by,
        text=text.strip(),
        created_at=at,
    )
    trail.record(
        "reason.given",
        organisation=current.council.organisation,
        by=by,
        at=at,
        subject=f"proposal:{current.pk}",
        sealed={"text": reason.text},
        reason=reason.pk,
        edge=reason.edge,
        answers=parent.pk if parent else None,
    )
    return reason


@trail.act()
def hide_reason(*, reason: Reason, because: str, by: Person, at: dt.datetime) -> Reason:
    """Moderation: the text is no longer shown, that it was hidden and why is."""
    current = (
        Reason.objects.select_for_update().select_related("proposal__council__organisation").get(pk=reason.pk)
    )
    if current.hidden_at is not None:
        raise ReasonHidden(_("This reason is hidden already."))
    if not because.strip():
        raise TextMissing(_("Say why the reason is hidden."), field="because")
    current.hidden_at, current.hidden_because = at, because.strip()
    current.save(update_fields=["hidden_at", "hidden_because"])
    sealed = {"because": current.hidden_because}
    note("reason.hidden", current.proposal, by=by, at=at, sealed=sealed, reason=current.pk)
    return current


@trail.act()
def withdraw(*, proposal: Proposal, because: str, by: Person, at: dt.datetime) -> Proposal:
    """Takes a proposal back before its votes are counted."""
    current = locked(
        proposal,
        Proposal.State.DRAFT,
        Proposal.State.DELIBERATION,
        Proposal.State.VOTING,
        Proposal.State.EXTENDED,
    )
    if not because.strip():
        raise TextMissing(_("Say why the proposal is withdrawn."), field="because")
    current.state, current.ended_at, current.end_reason = Proposal.State.WITHDRAWN, at, because.strip()
    current.save(update_fields=["state", "ended_at", "end_reason"])
    note("proposal.withdrawn", current, by=by, at=at, sealed={"because": current.end_reason})
    return current
