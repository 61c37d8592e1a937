"""The steps of a proposal that deadlines bring: voting opens, closes, is counted; what passed takes effect.

Each step is one transaction that takes the proposal's lock and looks again, so that any number of schedulers, late or
restarted, take it once.
"""

import datetime as dt
import logging
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from councils.deliberation import impact
from councils.deliberation import services as deliberation
from councils.deliberation.models import Proposal, Recusal
from councils.membership import selectors as membership
from councils.voting import bundle, count, selectors
from councils.voting.models import Ballot, BallotDraft, Elector, Tally
from governance import trail
from governance.edges import selectors as edges
from governance.errors import DomainError
from governance.organisations.models import Person
from governance.policies import services as policies
from governance.policies.models import Policy

logger = logging.getLogger(__name__)
State = Proposal.State


class TooEarly(DomainError):
    code = "too_early"
    status = 409


class NobodySeated(DomainError):
    code = "nobody_seated"
    status = 409


class NotTheGuardian(DomainError):
    code = "not_the_guardian"
    status = 403


class VetoReasonMissing(DomainError):
    code = "reason_missing"


def keep_deadlines(*, at: dt.datetime) -> int:
    """Takes every step that is due at ``at``; returns how many. A step that fails stops no other."""
    taken = 0
    for due, step in (
        (Q(state=State.DELIBERATION, deliberation_ends_at__lte=at), open_voting),
        (Q(state__in=Proposal.OPEN_FOR_VOTES, voting_ends_at__lte=at), close),
        (Q(state=State.PASSED, takes_effect_at__lte=at), enact),
    ):
        for proposal in Proposal.objects.filter(due).order_by("pk"):
            taken += _taken(step, proposal, at)
    return taken


def _taken(step: Callable[..., Proposal], proposal: Proposal, at: dt.datetime) -> bool:
    try:
        step(proposal=proposal, at=at)
    except DomainError as refusal:
        logger.info("proposal %s: %s", proposal.pk, refusal.detail)
        return False
    except Exception:
        logger.exception("proposal %s could not be moved on", proposal.pk)
        return False
    return True


@trail.act()
def open_voting(*, proposal: Proposal, at: dt.datetime, by: Person | None = None) -> Proposal:
    """Ends deliberation: takes the electorate down as it is, and freezes the impact statement."""
    current = deliberation.locked(proposal, State.DELIBERATION)
    if current.deliberation_ends_at is not None and at < current.deliberation_ends_at:
        raise TooEarly(_("Deliberation lasts until its deadline; the charter sets it."))
    electors = _take_down_electors(current, at)
    before = deliberation.policy_before(council=current.council, system=current.system, at=at)
    current.policy_before = before
    current.weights_before = before.weights if before else None
    current.impact = impact.statement(proposal=current, at=at)
    current.state, current.voting_opened_at = State.VOTING, at
    current.voting_ends_at = at + dt.timedelta(seconds=current.council.voting_seconds)
    current.save()
    deliberation.note(
        "voting.opened",
        current,
        by=by,
        at=at,
        ends_at=current.voting_ends_at.isoformat(),
        electors=electors,
        policy=before.version if before else None,
        impact=impact.digest(current.impact),
    )
    return current


def _take_down_electors(proposal: Proposal, at: dt.datetime) -> dict[str, int]:
    """One line per seat taken; who stood aside is marked. Returns how many may vote, by constituency."""
    aside = set(Recusal.objects.filter(proposal=proposal).values_list("person_id", flat=True))
    seats = list(membership.seated(council=proposal.council, at=at))
    if not seats:
        raise NobodySeated(_("Voting can open when the council has members."))
    Elector.objects.bulk_create(
        Elector(
            proposal=proposal,
            seat=seat,
            person_id=seat.person_id,
            constituency_id=seat.constituency_id,
            stood_aside=seat.person_id in aside,
        )
        for seat in seats
    )
    groups = proposal.council.constituencies.order_by("position").values_list("name", flat=True)
    entitled = [seat.constituency.name for seat in seats if seat.person_id not in aside]
    return {name: entitled.count(name) for name in groups}


@trail.act()
def close(*, proposal: Proposal, at: dt.datetime, by: Person | None = None) -> Proposal:
    """Ends voting at its deadline: counts and publishes, or extends once when the quorum was missed."""
    current = deliberation.locked(proposal, *Proposal.OPEN_FOR_VOTES)
    if current.accepts_votes(at=at):
        raise TooEarly(_("Voting lasts until its deadline; the charter sets it."))
    electors = list(Elector.objects.select_for_update().filter(proposal=current).order_by("pk"))
    counted = count.count(proposal=current)
    extension = dt.timedelta(seconds=current.council.extension_seconds)
    if not counted.verdict.quorum and current.state == State.VOTING and extension:
        return _extend(current, extension, by, at)
    if current.council.is_secret:
        _forget_who_voted_how(current, electors)
    BallotDraft.objects.filter(proposal=current).delete()
    root = bundle.root(counted.bundle)
    Tally.objects.create(
        proposal=current, result=counted.result, bundle=counted.bundle, root=root, counted_at=at
    )
    deliberation.note(
        "ballot.root", current, by=by, at=at, root=root, ballots=counted.result["total"]["voted"]
    )
    return _conclude(current, counted, by, at)


def _extend(proposal: Proposal, extension: dt.timedelta, by: Person | None, at: dt.datetime) -> Proposal:
    proposal.state, proposal.extended_at = State.EXTENDED, at
    proposal.voting_ends_at = at + extension
    proposal.save(update_fields=["state", "extended_at", "voting_ends_at"])
    deliberation.note("voting.extended", proposal, by=by, at=at, ends_at=proposal.voting_ends_at.isoformat())
    return proposal


def _forget_who_voted_how(proposal: Proposal, electors: list[Elector]) -> None:
    """Destroys the links, and writes the ballots anew in the order of their trackers, not of their casting."""
    for elector in electors:
        elector.link = None
    Elector.objects.bulk_update(electors, ["link"])
    ballots = list(Ballot.objects.filter(proposal=proposal).order_by("tracker"))
    Ballot.objects.filter(proposal=proposal).delete()
    Ballot.objects.bulk_create(ballots)


def _conclude(proposal: Proposal, counted: count.Counted, by: Person | None, at: dt.datetime) -> Proposal:
    passed = counted.verdict.passed and counted.weights is not None
    proposal.state = State.PASSED if passed else State.REJECTED
    proposal.closed_at = at
    if passed:
        proposal.takes_effect_at = at + dt.timedelta(seconds=proposal.council.timelock_seconds)
    else:
        proposal.ended_at = at
    proposal.save()
    deliberation.note(
        "proposal.passed" if passed else "proposal.rejected",
        proposal,
        by=by,
        at=at,
        total=counted.result["total"],
        weights=counted.result["weights"],
        takes_effect_at=proposal.takes_effect_at.isoformat() if proposal.takes_effect_at else None,
    )
    return proposal


@trail.act()
def veto(*, proposal: Proposal, because: str, by: Person, at: dt.datetime) -> Proposal:
    """The guardian stops what passed, with a public reason, before it takes effect. It sets no weights."""
    current = deliberation.locked(proposal, State.PASSED)
    if current.council.guardian_id != by.pk:
        raise NotTheGuardian(_("Only the person named in the charter may veto."))
    if not because.strip():
        raise VetoReasonMissing(_("A veto needs its reason; it is published."), field="because")
    current.state, current.ended_at, current.end_reason = State.VETOED, at, because.strip()
    current.save(update_fields=["state", "ended_at", "end_reason"])
    deliberation.note("proposal.vetoed", current, by=by, at=at, sealed={"because": current.end_reason})
    return current


def enact(*, proposal: Proposal, at: dt.datetime, by: Person | None = None) -> Proposal:
    """Puts what passed into force after its waiting period. What governance refuses expires, with the reason."""
    try:
        return _enact(proposal=proposal, by=by, at=at)
    except (deliberation.WrongState, TooEarly):
        raise
    except DomainError as refusal:
        return _expire(proposal=proposal, because=refusal.detail, by=by, at=at)


@trail.act()
def _enact(*, proposal: Proposal, by: Person | None, at: dt.datetime) -> Proposal:
    current = deliberation.locked(proposal, State.PASSED)
    if current.takes_effect_at is not None and at < current.takes_effect_at:
        raise TooEarly(_("The waiting period has not ended."))
    tally = selectors.tally_of(proposal=current)
    if tally is None:
        raise count.Miscount(f"Proposal {current.pk} passed without a tally.")
    policy = policies.enact(
        system=current.system,
        context=current.council.context,
        weights={edge: Fraction(text) for edge, text in tally.result["enacted"].items()},
        source={
            "kind": "council",
            "council": current.council.slug,
            "proposal": current.pk,
            "tally": tally.result["weights"],
            "ballots": tally.root,
        },
        by=by,
        at=at,
        key=f"proposal:{current.pk}",
        **_kept(current.policy_before),
    )
    current.state, current.policy, current.ended_at = State.ENACTED, policy, at
    current.save(update_fields=["state", "policy", "ended_at"])
    deliberation.note("proposal.enacted", current, by=by, at=at, policy=policy.version, digest=policy.digest)
    return current


def _kept(before: Policy | None) -> dict[str, Any]:
    """What the vote was not about stays as it is. Hard norms are those in force."""
    if before is None:
        return {}
    scored = edges.leaf_slugs(system=before.system)
    return {
        "rule": before.rule,
        "bounds": before.bounds,
        "tiers": before.tiers,
        "clarification_threshold": before.clarification_threshold,
        "rationale_required": before.rationale_required,
        "reference": {edge: before.reference[edge] for edge in scored if edge in before.reference},
        "adapter": before.adapter,
    }


@trail.act()
def _expire(*, proposal: Proposal, because: str, by: Person | None, at: dt.datetime) -> Proposal:
    current = deliberation.locked(proposal, State.PASSED)
    current.state, current.ended_at, current.end_reason = State.EXPIRED, at, because
    current.save(update_fields=["state", "ended_at", "end_reason"])
    deliberation.note("proposal.expired", current, by=by, at=at, because=because)
    return current
