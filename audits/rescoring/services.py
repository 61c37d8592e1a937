"""Naming independent scorers, drawing the decisions they score again, and keeping what they say."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from audits.decisions import weighing
from audits.decisions.models import Agreement, Cursor
from audits.rescoring import agreement, routes, selectors
from audits.rescoring.models import Rescore, Rescorer
from audits.rescoring.scorer_client import Case, Scores
from governance import trail
from governance.edges import selectors as edge_cards
from governance.edges import services as edge_acts
from governance.errors import DomainError
from governance.jobs import services as jobs
from governance.jobs.models import Job
from governance.organisations.models import Person
from governance.systems.models import AISystem

SEALED_FIELDS = ("text", "labels")
RECENT = 1_000


class ShareOutOfRange(DomainError):
    code = "share_out_of_range"


class ScorerMissing(DomainError):
    code = "scorer_missing"


class ScorerNotIndependent(DomainError):
    code = "scorer_not_independent"


class EdgeUnknown(DomainError):
    code = "edge_unknown"


class DisclosureUnknown(DomainError):
    code = "disclosure_unknown"


class RescorerInForce(DomainError):
    code = "rescorer_in_force"
    status = 409


class NoRescorerInForce(DomainError):
    code = "no_rescorer_in_force"
    status = 409


class NothingFailed(DomainError):
    code = "nothing_failed"
    status = 409


@trail.act()
def appoint(
    *,
    system: AISystem,
    edge: str,
    scorer: str,
    route: str,
    share: float,
    discloses: Sequence[str],
    by: Person | None,
    at: dt.datetime,
) -> Rescorer:
    """From now on ``share`` of the system's decisions are scored again on ``edge``; the model cannot foresee which.

    Raises EdgeUnknown, ScorerMissing, ScorerNotIndependent, ShareOutOfRange, DisclosureUnknown,
    ``routes.RouteUnknown``, ``edges.services.ScorerUnversioned``, and RescorerInForce while another scores the edge.
    """
    _check(system, edge, scorer, share, discloses)
    routes.target(route)
    AISystem.objects.select_for_update(no_key=True).get(pk=system.pk)
    if selectors.in_force(system=system).filter(edge=edge).exists():
        raise RescorerInForce(_("This edge has an independent scorer; withdraw it first."), field="edge")
    start = Cursor.objects.filter(system=system).values_list("next", flat=True).first() or 0
    rescorer = Rescorer.objects.create(
        system=system, edge=edge, scorer=scorer, route=route, share=share,
        discloses=[name for name in SEALED_FIELDS if name in discloses], next=start, created_at=at,
    )  # fmt: skip
    _tell("rescorer.appointed", rescorer, by, at, route=route, share=str(share), discloses=rescorer.discloses)
    return rescorer


def _check(system: AISystem, edge: str, scorer: str, share: float, discloses: Sequence[str]) -> None:
    if edge not in edge_cards.leaf_slugs(system=system):
        raise EdgeUnknown(_("The system has no scored edge called %s.") % edge, field="edge")
    if not scorer:
        raise ScorerMissing(_("Name the scorer as id@version."), field="scorer")
    edge_acts.check_scorer(scorer)
    current = edge_cards.current_set(system=system)
    assert current is not None, "a set with that edge"
    own = {card.scorer for card in edge_cards.leaves(edge_set=current) if card.slug == edge}
    if scorer in own:
        raise ScorerNotIndependent(
            _("%s scores this edge already; it cannot check itself.") % scorer, field="scorer"
        )
    if not 0 < share <= 1:
        raise ShareOutOfRange(_("The share lies above 0 and is at most 1."), field="share")
    unknown = sorted(set(discloses) - set(SEALED_FIELDS))
    if unknown:
        raise DisclosureUnknown(
            _("%s cannot be disclosed; only text and labels can.") % unknown[0], field="discloses"
        )


@trail.act()
def withdraw(*, system: AISystem, edge: str, by: Person | None, at: dt.datetime) -> Rescorer:
    """Ends independent scoring of an edge: its conformance counts as self-reported again.

    Waits for an answer that is just being kept, so that no agreement outlasts its scorer. Raises NoRescorerInForce.
    """
    standing = selectors.in_force(system=system).select_for_update().filter(edge=edge).first()
    if standing is None:
        raise NoRescorerInForce(_("Nobody scores the edge %s again.") % edge, field="edge")
    standing.withdrawn_at = at
    standing.save(update_fields=["withdrawn_at"])
    Agreement.objects.filter(system=standing.system, edge=standing.edge).delete()
    _tell("rescorer.withdrawn", standing, by, at)
    return standing


@trail.act()
def disclose(*, rescorer: Rescorer, cases: Sequence[Case], at: dt.datetime) -> None:
    """States which decisions leave the house for a scorer, and with which sealed fields, before they are sent."""
    trail.record(
        "decisions.sent_to_scorer",
        organisation=rescorer.system.organisation,
        by=None,
        at=at,
        subject=f"scorer:{rescorer.scorer}",
        system_slug=rescorer.system.slug,
        route=rescorer.route,
        sealed_fields=rescorer.discloses,
        entries=[case.index for case in cases],
    )


@trail.act()
def keep(
    *, rescorers: Sequence[Rescorer], cases: Sequence[Case], answers: Mapping[str, Scores], at: dt.datetime
) -> int:
    """Keeps what a scorer said; what it said before about the same decision and edge stays.

    What was withdrawn while the scorer answered is not kept: its edge is self-reported by now, or a successor's.
    """
    standing = _held(rescorers)
    rows = [
        Rescore(
            system=each.system, index=case.index, edge=each.edge, scorer=each.scorer, rescored_at=at,
            rate=case.rate, reported={option: scores.get(each.edge) for option, scores in case.reported.items()},
            scores={option: scores[each.edge] for option, scores in answers[case.identity].items()},
        )
        for each in standing
        for case in cases
        if any(each.edge in scores for scores in case.reported.values())
    ]  # fmt: skip
    Rescore.objects.bulk_create(rows, ignore_conflicts=True)
    for each in standing:
        _refresh(each, at)
        _tell("decisions.scored_again", each, None, at, decisions=len(cases))
    return len(rows)


def _held(rescorers: Sequence[Rescorer]) -> list[Rescorer]:
    """Those of them that are in force; none of these can be withdrawn until the act ends."""
    found = Rescorer.objects.select_for_update(of=("self",)).select_related("system__organisation")
    return list(
        found.filter(pk__in=[each.pk for each in rescorers], withdrawn_at__isnull=True).order_by("pk")
    )


def _refresh(held: Rescorer, at: dt.datetime) -> None:
    """Computes the agreement on an edge anew, over the newest 1,000 decisions scored twice. Derived."""
    rows = selectors.recent(rescorer=held, most=RECENT)
    weights = weighing.of_rates(np.array([row.rate for row in rows], np.float64))
    found = agreement.agreement([_pairs(row) for row in rows], weights=weights, seed=held.pk)
    low, high = found.interval or (None, None)
    Agreement.objects.update_or_create(
        system=held.system,
        edge=held.edge,
        defaults={
            "scorer": held.scorer, "decisions": found.decisions, "low": low, "high": high, "computed_at": at,
            "value": found.value if found.interval else None, "difference": found.difference,
        },
    )  # fmt: skip


def _pairs(row: Rescore) -> list[tuple[float, float]]:
    """(reported, independent) of each option that both scored; what one left out is not filled in."""
    return [
        (reported, row.scores[option])
        for option, reported in row.reported.items()
        if reported is not None and row.scores.get(option) is not None
    ]


@trail.act()
def send_again(*, system: AISystem, job: Job, by: Person, at: dt.datetime) -> Job:
    """A batch that failed for good goes to its scorer once more."""
    standing = Job.objects.select_for_update().filter(pk=job.pk).first()
    if standing is None or standing.state != Job.State.FAILED:
        raise NothingFailed(_("This batch has not failed, or was sent again already."))
    again = jobs.enqueue(
        task=selectors.TASK, arguments=standing.arguments, organisation=system.organisation, at=at
    )
    standing.delete()
    trail.record(
        "rescoring.sent_again",
        organisation=system.organisation,
        system=system,
        by=by,
        at=at,
        subject=f"scorer:{standing.arguments['scorer']}",
        entries=len(standing.arguments["indexes"]),
    )
    return again


def _tell(event: str, rescorer: Rescorer, by: Person | None, at: dt.datetime, **facts: Any) -> None:
    trail.record(
        event,
        organisation=rescorer.system.organisation,
        system=rescorer.system,
        by=by,
        at=at,
        subject=f"edge:{rescorer.edge}",
        scorer=rescorer.scorer,
        **facts,
    )
