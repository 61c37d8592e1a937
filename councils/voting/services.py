"""What a voter does: keeps a draft, casts a ballot, stands aside, files a minority report."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from councils.deliberation import services as deliberation
from councils.deliberation.models import Proposal, Recusal
from councils.membership import selectors as membership
from councils.voting import allocation, bundle, links, selectors, trackers
from councils.voting.models import Ballot, BallotDraft, Elector, MinorityReport
from governance import trail
from governance.errors import DomainError
from governance.organisations.models import Person


class NotAMember(DomainError):
    code = "not_a_member"
    status = 403


class NotTheVoter(DomainError):
    code = "not_the_voter"
    status = 403


class StoodAside(DomainError):
    code = "stood_aside"
    status = 409


class NotInVoting(DomainError):
    code = "not_in_voting"
    status = 409


class VotingClosed(DomainError):
    code = "voting_closed"
    status = 409


class StanceUnknown(DomainError):
    code = "stance_unknown"


class ReasonMissing(DomainError):
    code = "reason_missing"


class StoodAsideAlready(DomainError):
    code = "stood_aside_already"
    status = 409


class NoGroundForReport(DomainError):
    code = "no_ground_for_minority_report"
    status = 409


class ReportFiled(DomainError):
    code = "minority_report_filed"
    status = 409


@dataclass(frozen=True)
class Receipt:
    """What a voter gets: the tracker, and whether this replaced an earlier ballot."""

    tracker: str
    replaced: bool


@trail.act()
def cast(
    *,
    proposal: Proposal,
    person: Person,
    points: Mapping[str, Any],
    stance: str,
    by: Person,
    at: dt.datetime,
    reason: str = "",
) -> Receipt:
    """Casts the ballot of ``person``, or replaces the one cast before; the last one before the close counts.

    The elector's row is the lock: of two posts at once, the later replaces the earlier. A secret ballot leaves no
    entry in the log before the close.
    """
    if by.pk != person.pk:
        raise NotTheVoter(_("Everyone casts their own ballot."))
    elector, current = _elector(proposal, person, at)
    content = {
        "points": allocation.checked(
            points,
            edges=[edge.slug for edge in selectors.edges_of(proposal=current)],
            floors=current.floors,
            step=current.council.point_step,
        ),
        "stance": _checked_stance(stance, reason),
        "reason": reason.strip(),
    }
    receipt = _replace(elector, content) or _first(elector, content, secret=current.council.is_secret)
    BallotDraft.objects.filter(proposal=current, person=person).delete()
    if not current.council.is_secret:
        trail.record(
            "ballot.cast",
            organisation=current.council.organisation,
            by=by,
            at=at,
            subject=f"proposal:{current.pk}",
            sealed={"ballot": bundle.line(content)},
            replaced=receipt.replaced,
        )
    return receipt


def _elector(proposal: Proposal, person: Person, at: dt.datetime) -> tuple[Elector, Proposal]:
    """The voter's line, locked, and the proposal as it stands after the lock; refuses whoever may not vote now."""
    elector = Elector.objects.select_for_update().filter(proposal=proposal, person=person).first()
    current = Proposal.objects.select_related("council__organisation", "edge_set").get(pk=proposal.pk)
    check_open(current, at)
    if elector is None:
        raise NotAMember(_("Only members who had a seat when voting opened can vote on this proposal."))
    if elector.stood_aside:
        raise StoodAside(_("You stood aside from this proposal, so no ballot of yours counts."))
    return elector, current


def check_open(proposal: Proposal, at: dt.datetime) -> None:
    """Refuses what needs an open vote."""
    if proposal.is_counted or (proposal.is_open_for_votes and not proposal.accepts_votes(at=at)):
        raise VotingClosed(_("Voting has closed. Nothing was counted or changed."))
    if not proposal.is_open_for_votes:
        raise NotInVoting(_("This proposal is not open for votes. Nothing was counted."))


def _checked_stance(stance: str, reason: str) -> str:
    if stance not in Ballot.Stance.values:
        raise StanceUnknown(_("Choose agree, abstain, disagree or object."), field="stance")
    if stance == Ballot.Stance.OBJECT and not reason.strip():
        raise ReasonMissing(
            _("An objection needs its reason; it is published with the outcome."), field="reason"
        )
    return stance


def _replace(elector: Elector, content: Mapping[str, Any]) -> Receipt | None:
    ballot = selectors.ballot_of(elector=elector)
    if ballot is None:
        return None
    ballot.points, ballot.stance, ballot.reason = content["points"], content["stance"], content["reason"]
    ballot.save(update_fields=["points", "stance", "reason"])
    return Receipt(ballot.tracker, replaced=True)


def _first(elector: Elector, content: Mapping[str, Any], *, secret: bool) -> Receipt:
    ballot = Ballot.objects.create(
        proposal_id=elector.proposal_id,
        constituency_id=elector.constituency_id,
        elector=None if secret else elector,
        tracker=trackers.new(),
        **content,
    )
    elector.voted = True
    elector.link = links.seal(ballot=ballot.pk, elector=elector.pk) if secret else None
    elector.save(update_fields=["voted", "link"])
    return Receipt(ballot.tracker, replaced=False)


def keep_draft(
    *, proposal: Proposal, person: Person, content: Mapping[str, Any], at: dt.datetime
) -> BallotDraft:
    """Keeps what was filled in. It counts for nothing, so the log does not hear of it."""
    draft, _made = BallotDraft.objects.update_or_create(
        proposal=proposal, person=person, defaults={"content": dict(content), "kept_at": at}
    )
    return draft


@trail.act()
def stand_aside(*, proposal: Proposal, person: Person, why: str, by: Person, at: dt.datetime) -> Recusal:
    """A conflict of interest: out of the count and out of the quorum; a ballot already cast is void."""
    if by.pk != person.pk:
        raise NotTheVoter(_("Everyone stands aside for themselves."))
    current = deliberation.locked(proposal, *Proposal.State.values)
    if current.is_open_for_votes:
        check_open(current, at)
    elif current.state not in (Proposal.State.DRAFT, Proposal.State.DELIBERATION):
        raise VotingClosed(_("Voting has closed. Nothing was counted or changed."))
    if not why.strip():
        raise ReasonMissing(_("Say what the conflict of interest is."), field="why")
    if membership.seat_of(person=person, council=current.council, at=at) is None:
        raise NotAMember(_("You have no seat on this council."))
    if Recusal.objects.filter(proposal=current, person=person).exists():
        raise StoodAsideAlready(_("You stand aside already."))
    recusal = Recusal.objects.create(proposal=current, person=person, why=why.strip(), declared_at=at)
    voided = _void(current, person)
    deliberation.note("member.stood_aside", current, by=by, at=at, person=person.pk, ballot_voided=voided)
    return recusal


def _void(proposal: Proposal, person: Person) -> bool:
    """Takes the person's ballot, if there is one, out of the vote."""
    elector = Elector.objects.select_for_update().filter(proposal=proposal, person=person).first()
    if elector is None:
        return False
    ballot = selectors.ballot_of(elector=elector)
    if ballot is not None:
        ballot.delete()
    elector.stood_aside, elector.voted, elector.link = True, False, None
    elector.save(update_fields=["stood_aside", "voted", "link"])
    return ballot is not None


@trail.act()
def file_minority_report(*, proposal: Proposal, text: str, by: Person, at: dt.datetime) -> MinorityReport:
    """The word of a constituency from whose ballots the result moved away; one member files it, once."""
    current = deliberation.locked(
        proposal, Proposal.State.PASSED, Proposal.State.ENACTED, Proposal.State.VETOED
    )
    elector = selectors.elector(proposal=current, person=by)
    if elector is None:
        raise NotAMember(_("Only members who could vote can file a minority report."))
    if not text.strip():
        raise ReasonMissing(_("Write the report first."), field="text")
    tally = selectors.tally_of(proposal=current)
    if tally is None or elector.constituency.name not in selectors.may_dissent(tally=tally):
        raise NoGroundForReport(_("The result did not move away from what your group asked for."))
    if MinorityReport.objects.filter(proposal=current, constituency=elector.constituency).exists():
        raise ReportFiled(_("Your group has filed its report."))
    report = MinorityReport.objects.create(
        proposal=current, constituency=elector.constituency, author=by, text=text.strip(), created_at=at
    )
    trail.record(
        "minority_report.filed",
        organisation=current.council.organisation,
        by=by,
        at=at,
        subject=f"proposal:{current.pk}",
        sealed={"text": report.text},
        constituency=elector.constituency.name,
    )
    return report
