"""What the pages of a proposal show: quorum, votes, and in words why it passed or did not. Reads, never writes."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audits.ledger import selectors as ledger
from councils.deliberation import selectors as deliberation
from councils.deliberation import stages
from councils.deliberation.models import Proposal
from councils.membership import rules
from councils.membership.models import Council
from councils.voting import count, passing, selectors
from councils.voting.models import Ballot, Elector, Tally
from governance.edges import selectors as edges
from governance.organisations.models import Person
from governance.templatetags import formats


@dataclass(frozen=True)
class Vote:
    """Where the reader stands: their line in the electorate, whether they may vote now, what they cast."""

    elector: Elector | None
    may_vote: bool
    ballot: Ballot | None
    stands_aside: bool
    has_draft: bool


def vote_of(*, proposal: Proposal, person: Person, at: dt.datetime) -> Vote:
    """The reader's own vote."""
    elector = selectors.elector(proposal=proposal, person=person)
    aside = deliberation.has_stood_aside(proposal=proposal, person=person)
    return Vote(
        elector=elector,
        may_vote=elector is not None and not elector.stood_aside and proposal.accepts_votes(at=at),
        ballot=selectors.ballot_of(elector=elector) if elector else None,
        stands_aside=aside,
        has_draft=selectors.draft_of(proposal=proposal, person=person) is not None,
    )


def common(*, proposal: Proposal) -> dict[str, Any]:
    """What every page of a proposal needs."""
    return {
        "proposal": proposal,
        "council": proposal.council,
        "system": proposal.system,
        "stages": stages.of(proposal),
        "state_kind": stages.KINDS[Proposal.State(proposal.state)],
        "names": {edge.slug: edge.name for edge in selectors.edges_of(proposal=proposal)},
    }


def suggestion(*, proposal: Proposal) -> dict[str, Any]:
    """The suggested weights beside those in force, and the hard norms that are not up for vote."""
    names = {edge.slug: edge.name for edge in selectors.edges_of(proposal=proposal)}
    norms = edges.hard_norms(system=proposal.system)
    return {
        "suggested": {edge: Fraction(points, 100) for edge, points in proposal.suggestion.items()},
        "in_force": proposal.before_exact or None,
        "norms": [{"name": names.get(norm.edge, norm.edge), "minimum": norm.minimum} for norm in norms],
        "floors": [{"name": names[edge], "points": points} for edge, points in proposal.floors.items()],
    }


@dataclass(frozen=True)
class Quorum:
    """``count`` is None while the charter hides the running count."""

    needed: int
    electors: int
    count: int | None
    voted: int

    @property
    def short(self) -> int:
        return max(0, self.needed - (self.count or 0))


def quorum(*, proposal: Proposal) -> Quorum:
    """How many votes the quorum asks for, and how many there are where that may be shown."""
    groups = selectors.participation(proposal=proposal)
    electors, voted = sum(g["electors"] for g in groups), sum(g["voted"] for g in groups)
    charter = proposal.council.rules
    shown = None
    if not proposal.council.hide_until_close:
        shown = passing.total(count.votes_of(proposal=proposal)).consent(charter)
    return Quorum(charter.quorum.needed(electors), electors, shown, voted)


def missed(council: Council) -> str:
    """What happens when the quorum is missed."""
    if not council.extension_seconds:
        return _("If they are not reached, the weights in force stay.")
    return _(
        "If they are not reached, voting is extended once by %s; after that the weights in force stay."
    ) % rules.lasting(council.extension_seconds)


def reasons_why(result: Mapping[str, Any], council: Council) -> list[dict[str, Any]]:
    """Each test of the charter as a sentence."""
    return [
        {"met": test["met"], "name": _test_name(test), "sentence": _sentence(test, result, council)}
        for test in result["verdict"]["tests"]
    ]


def _test_name(test: Mapping[str, Any]) -> str:
    names: dict[str, str] = {
        "quorum": _("Quorum"),
        "constituency_quorum": _("Quorum of %s") % test["where"],
        "majority": _("Majority of votes"),
        "constituency_majority": _("Majority of groups with seats"),
    }
    return names[str(test["name"])]


def _sentence(test: Mapping[str, Any], result: Mapping[str, Any], council: Council) -> str:
    if test["name"] in ("quorum", "constituency_quorum"):
        return _quorum_sentence(test, council)
    if test["name"] == "majority":
        return _majority_sentence(test, result["total"]["abstain"])
    if test["count"] is None:
        return (
            _(
                "%(needed)d of %(of)d were needed; how many is not published, for it could reveal small groups."
            )
            % test
        )
    return _("%(count)d of %(of)d in favour; %(needed)d were needed.") % test


def _quorum_sentence(test: Mapping[str, Any], council: Council) -> str:
    if test["count"] is None:
        return _("%(needed)d of %(of)d were needed; the count of so small a group is not published.") % test
    words = _("%(count)d agree votes; %(needed)d of %(of)d were needed.")
    if council.abstentions_count:
        words = _("%(count)d votes agree or abstain; %(needed)d of %(of)d were needed.")
    return words % test


def _majority_sentence(test: Mapping[str, Any], abstain: int) -> str:
    share = formats.percent(Fraction(test["count"], test["of"])) if test["of"] else formats.NOTHING
    sentence = _("%(count)d of %(of)d agree (%(share)s); %(needed)d were needed.") % {**test, "share": share}
    if abstain:
        sentence += " " + _("Abstentions are left out: %d.") % abstain
    return sentence


def headline(proposal: Proposal) -> str:
    """What came of it, as the page's heading says it."""
    match proposal.state:
        case Proposal.State.PASSED:
            return _("Passed: new weights after the waiting period")
        case Proposal.State.ENACTED:
            return _("Passed: new weights are in force")
        case Proposal.State.VETOED:
            return _("Passed, then vetoed: the weights in force stay")
        case Proposal.State.EXPIRED:
            return _("Passed, but could not take effect")
        case _:
            return _("Not passed: the weights in force stay")


RULES = {
    "independent_markets": gettext_lazy("Proportional"),
    "utilitarian": gettext_lazy("Nearest together"),
    "mean": gettext_lazy("Mean"),
    "median": gettext_lazy("Median per edge"),
}


def comparison(*, tally: Tally, names: Mapping[str, str]) -> dict[str, Any] | None:
    """The result under every rule, the charter's first, as rows of one table; None without ballots."""
    found = tally.result["comparison"]
    if not found:
        return None
    charter = tally.result["rule"]
    order = [charter, *(rule for rule in RULES if rule != charter)]
    rows = [
        {"name": name, "slot": place % 8 + 1, "points": [found[rule]["weights"][place] for rule in order]}
        for place, name in enumerate(names.values())
    ]
    return {
        "rules": [{"name": RULES[rule], "charter": rule == charter} for rule in order],
        "rows": rows,
        "sums": [found[rule]["sum"] for rule in order],
        "mean_distances": [found[rule]["mean_distance"] for rule in order],
        "largest_distances": [found[rule]["largest_distance"] for rule in order],
        "median_sum": found["median"]["sum"],
    }


def impact(*, proposal: Proposal) -> dict[str, Any] | None:
    """The impact statement with names of edges and moments to show; None before there is one."""
    found = proposal.impact
    if found is None:
        return None
    names = {edge.slug: edge.name for edge in selectors.edges_of(proposal=proposal)}
    rows = [{**row, "name": names.get(row["edge"], row["edge"])} for row in found["edges"]]
    examples = [{**row, "when": dt.datetime.fromisoformat(row["when"])} for row in found["examples"]]
    start, end = (dt.datetime.fromisoformat(found[moment]) for moment in ("start", "end"))
    return {**found, "edges": rows, "examples": examples, "start": start, "end": end}


def logged(*, proposal: Proposal, kind: str) -> dict[str, Any] | None:
    """The entry of the organisation's log about one step: ``index`` and ``url``; None before it happened."""
    organisation = proposal.council.organisation
    found = ledger.events(organisation=organisation, type=kind, subject=f"proposal:{proposal.pk}").first()
    if found is None:
        return None
    return {"index": found.index, "url": reverse("log_entry", args=[organisation.slug, "_org", found.index])}
