"""The stages of a proposal as its pages show them."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from councils.deliberation.models import Proposal
from councils.membership import rules
from governance.templatetags import kit

State = Proposal.State
KINDS = {
    State.DRAFT: "",
    State.DELIBERATION: "live",
    State.VOTING: "live",
    State.EXTENDED: "live",
    State.PASSED: "live",
    State.ENACTED: "good",
    State.REJECTED: "bad",
    State.VETOED: "bad",
    State.EXPIRED: "bad",
    State.WITHDRAWN: "",
}


@dataclass(frozen=True)
class Stage:
    """One step of the timeline."""

    name: str | Promise
    when: str | SafeString
    done: bool = False
    current: bool = False


def of(proposal: Proposal) -> list[Stage]:
    """Draft, deliberation, voting, waiting period, in force; or where it ended before."""
    reached = _reached(proposal)
    stages = [
        (_("Draft"), kit.moment(proposal.created_at, "date")),
        (_("Deliberation"), _deliberation(proposal)),
        (_("Voting"), _voting(proposal)),
        *_rest(proposal),
    ]
    return [
        Stage(name, when, done=place < reached, current=place == reached)
        for place, (name, when) in enumerate(stages)
    ]


def _reached(proposal: Proposal) -> int:
    """The place of the current stage in the timeline."""
    places = {State.DRAFT: 0, State.DELIBERATION: 1, State.VOTING: 2, State.EXTENDED: 2, State.PASSED: 3}
    if proposal.state in places:
        return places[State(proposal.state)]
    return 4 if proposal.state in (State.ENACTED, State.EXPIRED, State.VETOED) else 3


def _deliberation(proposal: Proposal) -> str | SafeString:
    if proposal.state == State.DELIBERATION and proposal.deliberation_ends_at:
        return _until(kit.moment(proposal.deliberation_ends_at))
    if proposal.voting_opened_at:
        return _until(kit.moment(proposal.voting_opened_at, "date"))
    return rules.lasting(proposal.council.deliberation_seconds)


def _voting(proposal: Proposal) -> str | SafeString:
    if proposal.closed_at:
        return SafeString(_("closed %s") % kit.moment(proposal.closed_at, "date"))
    if proposal.is_open_for_votes and proposal.voting_ends_at:
        return _until(kit.moment(proposal.voting_ends_at))
    return rules.lasting(proposal.council.voting_seconds)


def _rest(proposal: Proposal) -> list[tuple[str | Promise, str | SafeString]]:
    """What follows the vote, or what ended the proposal instead."""
    waiting = rules.lasting(proposal.council.timelock_seconds)
    in_force = (_("In force"), _("after the waiting period"))
    if proposal.ended_at is None:
        if proposal.takes_effect_at:
            return [(_("Waiting period"), _until(kit.moment(proposal.takes_effect_at))), (_("In force"), "")]
        return [(_("Waiting period"), waiting), in_force]
    ended = (State(proposal.state).label, kit.moment(proposal.ended_at))
    if proposal.state in (State.REJECTED, State.WITHDRAWN):
        return [ended]
    return [(_("Waiting period"), waiting), ended]


def _until(moment: SafeString) -> SafeString:
    return SafeString(_("until %s") % moment)
