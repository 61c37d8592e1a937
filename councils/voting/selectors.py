"""Questions about votes, and what upper and lower floors ask of them through ports."""

import datetime as dt
from fractions import Fraction
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from councils.deliberation.models import Proposal
from councils.membership import selectors as membership
from councils.voting import links
from councils.voting.models import Ballot, BallotDraft, Elector, MinorityReport, Tally
from governance.edges import selectors as edges
from governance.edges.models import Edge
from governance.organisations import inbox
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem


def elector(*, proposal: Proposal, person: Person) -> Elector | None:
    """The person's line in the electorate, or None."""
    return Elector.objects.filter(proposal=proposal, person=person).select_related("constituency").first()


def ballot_of(*, elector: Elector) -> Ballot | None:
    """The ballot cast by ``elector``; for a secret one only while voting is open."""
    if elector.link is not None:
        return Ballot.objects.get(pk=links.unseal(link=bytes(elector.link), elector=elector.pk))
    return Ballot.objects.filter(elector=elector).first()


def draft_of(*, proposal: Proposal, person: Person) -> BallotDraft | None:
    return BallotDraft.objects.filter(proposal=proposal, person=person).first()


def tally_of(*, proposal: Proposal) -> Tally | None:
    return Tally.objects.filter(proposal=proposal).first()


def may_dissent(*, tally: Tally) -> set[str]:
    """Constituencies that may file a minority report: the result moved away from them, or it may not be told."""
    hidden = {row["name"] for row in tally.result["asked"] if row["hidden"]}
    return hidden | set(tally.result["moved_away"])


def edges_of(*, proposal: Proposal) -> list[Edge]:
    """The edges that are voted on, in their order."""
    return edges.leaves(edge_set=proposal.edge_set)


def participation(*, proposal: Proposal) -> list[dict[str, Any]]:
    """Who has voted, by constituency: ``name``, ``voted`` and ``electors`` (without those who stand aside)."""
    entitled = Count("pk", filter=Q(stood_aside=False))
    rows = (
        Elector.objects.filter(proposal=proposal)
        .values("constituency__name")
        .annotate(electors=entitled, voted=Count("pk", filter=Q(voted=True)))
        .order_by("constituency__position")
    )
    return [
        {"name": row["constituency__name"], "voted": row["voted"], "electors": row["electors"]}
        for row in rows
    ]


def waiting_for(*, person: Person, organisation: Organisation, at: dt.datetime) -> list[inbox.Item]:
    """What the councils want of a person: votes first to cast, deliberations to take part in."""
    to_vote = Elector.objects.filter(
        person=person,
        voted=False,
        stood_aside=False,
        proposal__state__in=Proposal.OPEN_FOR_VOTES,
        proposal__voting_ends_at__gt=at,
        proposal__council__organisation=organisation,
    ).select_related("proposal")
    to_discuss = Proposal.objects.filter(
        state=Proposal.State.DELIBERATION,
        council__organisation=organisation,
        council__seats__in=membership.seats_of(person=person, at=at),
    )
    return [_vote(line.proposal) for line in to_vote] + [_discuss(proposal) for proposal in to_discuss]


def _vote(proposal: Proposal) -> inbox.Item:
    return inbox.Item(
        title=_("Vote on proposal %d") % proposal.pk,
        detail=proposal.title,
        url=reverse("ballot", args=[proposal.pk]),
        action=_("Fill in ballot"),
        due_at=proposal.voting_ends_at,
    )


def _discuss(proposal: Proposal) -> inbox.Item:
    return inbox.Item(
        title=_("Give your reasons on proposal %d") % proposal.pk,
        detail=proposal.title,
        url=reverse("deliberation", args=[proposal.pk]),
        action=_("Read and answer"),
        due_at=proposal.deliberation_ends_at,
    )


def constituency_weights(*, system: AISystem, at: dt.datetime) -> dict[str, dict[str, float]]:
    """For each constituency what it asked for in the last vote of its own counted at ``at``: weights that sum to 1.

    Constituencies that publish no tally of their own are left out. The port ``AUDITS_CONSTITUENCY_WEIGHTS``.
    """
    tallies = Tally.objects.filter(proposal__system=system, counted_at__lte=at).order_by("counted_at", "pk")
    return {
        row["name"]: {edge: points / 100 for edge, points in row["points"].items()}
        for tally in tallies
        for row in tally.result["asked"]
        if row["points"]
    }


def tally_evidence(
    *, system: AISystem, start: dt.datetime, end: dt.datetime
) -> dict[str, list[dict[str, Any]]]:
    """The votes counted from ``start`` until before ``end``, for reports. The port ``AUDITS_EVIDENCE_SOURCES``."""
    tallies = Tally.objects.filter(proposal__system=system, counted_at__gte=start, counted_at__lt=end)
    found = tallies.select_related("proposal__council", "proposal__policy", "proposal__policy_before")
    return {"tallies": [_evidence(tally) for tally in found.order_by("counted_at", "pk")]}


def _evidence(tally: Tally) -> dict[str, Any]:
    """One count as a row of evidence: inputs, quorum, dissent, and the difference to the weights before."""
    proposal, result = tally.proposal, tally.result
    before = proposal.weights_before or {}
    after = result["enacted"] or {}
    return {
        "proposal": proposal.pk,
        "title": proposal.title,
        "council": proposal.council.slug,
        "state": proposal.state,
        "counted_at": tally.counted_at.isoformat(),
        "counting": result["rule"],
        "policy_version": proposal.policy.version if proposal.policy else None,
        "policy_before": proposal.policy_before.version if proposal.policy_before else None,
        "electors": result["total"]["electors"],
        "voted": result["total"]["voted"],
        "agree": result["total"]["agree"],
        "abstain": result["total"]["abstain"],
        "against": result["total"]["disagree"] + result["total"]["object"],
        "passed": result["verdict"]["passed"],
        "quorum_reached": result["verdict"]["quorum"],
        "tests": result["verdict"]["tests"],
        "constituencies": result["votes"],
        "dissent": result["moved_away"],
        "objections": len(result["objections"]),
        "minority_reports": proposal.minority_reports.count(),
        "weights_before": before,
        "weights_after": after,
        "difference": {
            edge: float(Fraction(weight) - Fraction(before.get(edge, 0))) for edge, weight in after.items()
        },
        "bundle_root": tally.root,
    }


def moments(*, proposal: Proposal) -> list[tuple[str, dt.datetime]]:
    """What happened to the proposal and when, as far as it has."""
    every = (
        (_("Proposed"), proposal.created_at),
        (_("Deliberation opened"), proposal.deliberation_opened_at),
        (_("Voting opened"), proposal.voting_opened_at),
        (_("Voting extended"), proposal.extended_at),
        (_("Voting closed and counted"), proposal.closed_at),
        (_("Waiting period ends"), proposal.takes_effect_at),
        (str(proposal.get_state_display()), proposal.ended_at),
    )
    return [(what, at) for what, at in every if at is not None]


def minutes(*, proposal: Proposal) -> dict[str, Any]:
    """Everything the minutes say, JSON; reports ask for it through ``minutes.of_proposal``."""
    tally = tally_of(proposal=proposal)
    return {
        "proposal": proposal.pk,
        "title": proposal.title,
        "summary": proposal.summary,
        "council": proposal.council.name,
        "mandate": proposal.council.mandate,
        "secrecy": proposal.council.secrecy,
        "system": proposal.system.name,
        "organisation": proposal.council.organisation.name,
        "state": str(proposal.get_state_display()),
        "end_reason": proposal.end_reason,
        "moments": [{"what": what, "at": at.isoformat()} for what, at in moments(proposal=proposal)],
        "edges": [{"slug": edge.slug, "name": edge.name} for edge in edges_of(proposal=proposal)],
        "suggestion": proposal.suggestion,
        "weights_before": proposal.weights_before,
        "policy_before": proposal.policy_before.version if proposal.policy_before else None,
        "policy": proposal.policy.version if proposal.policy else None,
        "impact": proposal.impact,
        "result": tally.result if tally else None,
        "bundle_root": tally.root if tally else None,
        "minority_reports": [
            {
                "constituency": report.constituency.name,
                "text": report.text,
                "at": report.created_at.isoformat(),
            }
            for report in reports_of(proposal=proposal)
        ],
        "reasons": proposal.reasons.filter(hidden_at__isnull=True).count(),
        "stood_aside": proposal.recusals.count(),
    }


def reports_of(*, proposal: Proposal) -> QuerySet[MinorityReport]:
    """The minority reports, in the order they were filed."""
    return MinorityReport.objects.filter(proposal=proposal).select_related("constituency").order_by("pk")
