"""Counting one proposal's ballots: votes, weights, verdict, and the bundle to publish. Reads, never writes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from councils.deliberation.models import Proposal
from councils.membership.models import Constituency
from councils.voting import aggregation, bundle, comparison, passing, selectors, suppression
from councils.voting.aggregation import Block
from councils.voting.models import Ballot, Elector

Group = tuple[Constituency, list[Ballot]]


@dataclass(frozen=True)
class Counted:
    """``weights`` is None when nobody voted; ``result`` and ``bundle`` are what is published."""

    verdict: passing.Verdict
    weights: dict[str, Fraction] | None
    result: dict[str, Any]
    bundle: str


class Miscount(RuntimeError):
    """The ballots found are not the ballots cast; nothing is counted before somebody has looked."""


def votes_of(*, proposal: Proposal) -> dict[str, passing.Count]:
    """The votes on the final text, by constituency in the charter's order."""
    return _counts(groups_of(proposal=proposal), _electors(proposal))


def groups_of(*, proposal: Proposal) -> list[Group]:
    """The constituencies of the electorate with their ballots, ballots in the order of the trackers."""
    groups = list(proposal.council.constituencies.order_by("position"))
    ballots = list(Ballot.objects.filter(proposal=proposal).select_related("elector").order_by("tracker"))
    return [(group, [ballot for ballot in ballots if ballot.constituency_id == group.pk]) for group in groups]


def _electors(proposal: Proposal) -> dict[int, int]:
    """How many may vote, by constituency."""
    entitled = Elector.objects.filter(proposal=proposal, stood_aside=False)
    found: dict[int, int] = {}
    for constituency in entitled.values_list("constituency_id", flat=True):
        found[constituency] = found.get(constituency, 0) + 1
    return found


def _counts(groups: Sequence[Group], electors: Mapping[int, int]) -> dict[str, passing.Count]:
    def of(ballots: Sequence[Ballot], stance: str) -> int:
        return sum(ballot.stance == stance for ballot in ballots)

    return {
        group.name: passing.Count(
            electors=electors.get(group.pk, 0),
            **{stance: of(ballots, stance) for stance in ("agree", "abstain", "disagree", "object")},
        )
        for group, ballots in groups
    }


def count(*, proposal: Proposal) -> Counted:
    """Counts what was cast; raises Miscount when ballots and electors do not agree."""
    groups = groups_of(proposal=proposal)
    _check(proposal, groups)
    counts = _counts(groups, _electors(proposal))
    verdict = passing.judge(counts, proposal.council.rules)
    edges = [edge.slug for edge in selectors.edges_of(proposal=proposal)]
    floors = [proposal.floors.get(edge, 0) for edge in edges]
    blocks = _blocks(groups, edges, floors)
    weights = _weights(proposal, blocks, edges, floors)
    hidden = suppression.hidden({group.name: len(ballots) for group, ballots in groups})
    asked = _asked(groups, edges, weights, proposal, hidden)
    result: dict[str, Any] = {
        "rule": proposal.council.counting,
        "edges": edges,
        "floors": dict(zip(edges, floors, strict=True)),
        "weights": None if weights is None else {edge: str(weights[edge]) for edge in edges},
        "enacted": None if weights is None else _rounded(weights),
        "comparison": comparison.all_rules(blocks=blocks, floors=floors) if sum(floors) < 100 else {},
        "votes": _votes(groups, counts, verdict, hidden),
        "total": _numbers(passing.total(counts)),
        "verdict": _published(verdict, hidden),
        "asked": asked,
        "moved_away": [row["name"] for row in asked if row.get("moved_away")],
        "objections": _objections(groups, hidden),
    }
    published = bundle.text(
        inputs=_inputs(proposal, groups, edges, floors, hidden),
        ballots=_ballots(groups, hidden),
        result={key: result[key] for key in ("weights", "enacted", "total", "verdict")},
    )
    return Counted(verdict, weights, result, published)


def _check(proposal: Proposal, groups: Sequence[Group]) -> None:
    voted = Elector.objects.filter(proposal=proposal, voted=True).count()
    found = sum(len(ballots) for _group, ballots in groups)
    if voted != found:
        raise Miscount(f"Proposal {proposal.pk}: {voted} members voted, {found} ballots found.")


def _blocks(groups: Sequence[Group], edges: Sequence[str], floors: Sequence[int]) -> list[Block]:
    """The ballots as rows of points above the floors."""
    return [
        Block(
            group.seats,
            [
                [ballot.points[edge] - floor for edge, floor in zip(edges, floors, strict=True)]
                for ballot in ballots
            ],
        )
        for group, ballots in groups
    ]


def _weights(
    proposal: Proposal, blocks: Sequence[Block], edges: Sequence[str], floors: Sequence[int]
) -> dict[str, Fraction] | None:
    free = 100 - sum(floors)
    if free == 0:
        return {edge: Fraction(floor, 100) for edge, floor in zip(edges, floors, strict=True)}
    votes = aggregation.profile(blocks, edges=len(edges), total=free)
    shares = aggregation.RULES[proposal.council.counting](votes)
    if shares is None:
        return None
    return dict(zip(edges, aggregation.above_floors(shares, floors), strict=True))


def _rounded(weights: Mapping[str, Fraction]) -> dict[str, str]:
    """The weights as enacted: millionths that sum to exactly 1."""
    rounded = aggregation.largest_remainder(list(weights.values()))
    return {edge: str(weight) for edge, weight in zip(weights, rounded, strict=True)}


def _numbers(count: passing.Count) -> dict[str, int]:
    return {**asdict(count), "voted": count.voted}


def _votes(
    groups: Sequence[Group],
    counts: Mapping[str, passing.Count],
    verdict: passing.Verdict,
    hidden: frozenset[str],
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for group, _ballots_cast in groups:
        count = counts[group.name]
        row = {"name": group.name, "seats": group.seats, "electors": count.electors, "voted": count.voted}
        if group.name in hidden:
            rows.append({**row, "hidden": True})
        else:
            rows.append(
                {**row, **_numbers(count), "hidden": False, "in_favour": verdict.in_favour[group.name]}
            )
    return rows


def _published(verdict: passing.Verdict, hidden: frozenset[str]) -> dict[str, Any]:
    """The verdict without what would tell how hidden constituencies voted."""
    tests = [asdict(test) for test in verdict.tests]
    for test in tests:
        if test["where"] in hidden or (hidden and test["name"] == "constituency_majority"):
            test["count"] = None
    return {"passed": verdict.passed, "quorum": verdict.quorum, "tests": tests}


def _asked(
    groups: Sequence[Group],
    edges: Sequence[str],
    weights: Mapping[str, Fraction] | None,
    proposal: Proposal,
    hidden: frozenset[str],
) -> list[dict[str, Any]]:
    """What each constituency asked for on average, and how far from it the weights were before and are after."""
    rows: list[dict[str, Any]] = []
    for group, ballots in groups:
        if not ballots or group.name in hidden or weights is None:
            rows.append({"name": group.name, "hidden": group.name in hidden, "points": None})
            continue
        asked = comparison.mean_points([ballot.points for ballot in ballots], edges)
        after = comparison.points_apart(asked, weights)
        before = comparison.points_apart(asked, proposal.before_exact) if proposal.weights_before else None
        rows.append(
            {
                "name": group.name,
                "hidden": False,
                "points": asked,
                "before": before,
                "after": after,
                "moved_away": before is not None and after > before + 1e-9,
            }
        )
    return rows


def _objections(groups: Sequence[Group], hidden: frozenset[str]) -> list[dict[str, str]]:
    return [
        {"constituency": "" if group.name in hidden else group.name, "reason": ballot.reason}
        for group, ballots in groups
        for ballot in ballots
        if ballot.stance == Ballot.Stance.OBJECT
    ]


def _inputs(
    proposal: Proposal,
    groups: Sequence[Group],
    edges: Sequence[str],
    floors: Sequence[int],
    hidden: frozenset[str],
) -> dict[str, Any]:
    council = proposal.council
    return {
        "proposal": proposal.pk,
        "council": council.slug,
        "system": proposal.system.slug,
        "rule": council.counting,
        "edges": list(edges),
        "floors": list(floors),
        "quorum": council.quorum,
        "majority": council.majority,
        "constituency_majority": council.constituency_majority,
        "constituencies": [
            {
                "name": group.name,
                "seats": group.seats,
                "ballots": len(ballots),
                "pooled": group.name in hidden,
            }
            for group, ballots in groups
        ],
        "pooled": _pooled(groups, edges, floors, hidden),
    }


def _pooled(
    groups: Sequence[Group], edges: Sequence[str], floors: Sequence[int], hidden: frozenset[str]
) -> dict[str, Any] | None:
    """What the hidden constituencies weigh together: per edge, points and the weight that asks for at least these."""
    if not hidden:
        return None
    blocks = _blocks([(group, ballots) for group, ballots in groups if group.name in hidden], edges, floors)
    votes = aggregation.profile(blocks, edges=len(edges), total=100 - sum(floors))
    return {
        "weight": votes.weight,
        "support": [
            {"points": list(support.levels), "weight": list(support.weight)} for support in votes.edges
        ],
    }


def _ballots(groups: Sequence[Group], hidden: frozenset[str]) -> list[dict[str, Any]]:
    """The ballots as published; an open one names its seat, unless its constituency is hidden."""
    return [
        {
            "tracker": ballot.tracker,
            "constituency": bundle.POOLED if group.name in hidden else group.name,
            "points": ballot.points,
            "stance": ballot.stance,
            **({"seat": ballot.elector.seat_id} if ballot.elector and group.name not in hidden else {}),
        }
        for group, ballots in groups
        for ballot in ballots
    ]
