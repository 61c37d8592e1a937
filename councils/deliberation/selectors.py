"""Questions about proposals and the reasons given."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from councils.deliberation.models import Proposal, Reason, Recusal
from governance.organisations.models import Organisation, Person


@dataclass
class Thread:
    """A reason with the answers to it, oldest first."""

    reason: Reason
    answers: "list[Thread]" = field(default_factory=list)


def visible_to(*, organisation: Organisation) -> QuerySet[Proposal]:
    """The organisation's proposals, newest first."""
    return (
        Proposal.objects.filter(council__organisation=organisation)
        .select_related(
            "council__organisation", "system", "edge_set", "proposed_by", "policy", "policy_before"
        )
        .order_by("-pk")
    )


def get(*, organisation: Organisation, id: int) -> Proposal | None:  # noqa: A002  (the word of the URL)
    return visible_to(organisation=organisation).filter(pk=id).first()


def search(
    *,
    organisation: Organisation,
    states: Sequence[str] = (),
    council: str = "",
    system: str = "",
    text: str = "",
) -> QuerySet[Proposal]:
    """The proposals that match every filter given."""
    found = visible_to(organisation=organisation)
    if states:
        found = found.filter(state__in=states)
    if council:
        found = found.filter(council__slug=council)
    if system:
        found = found.filter(system__slug=system)
    if text:
        found = found.filter(Q(title__icontains=text) | Q(summary__icontains=text))
    return found


def threads(*, proposal: Proposal) -> list[Thread]:
    """The reasons as threads, oldest first."""
    made: dict[int, Thread] = {}
    top: list[Thread] = []
    for reason in Reason.objects.filter(proposal=proposal).select_related("author").order_by("pk"):
        made[reason.pk] = thread = Thread(reason)
        if reason.parent_id is None:
            top.append(thread)
        else:
            made[reason.parent_id].answers.append(thread)
    return top


def threads_by_edge(*, proposal: Proposal) -> dict[str, list[Thread]]:
    """The threads under each edge that has any; "" is the proposal itself."""
    found: dict[str, list[Thread]] = {}
    for thread in threads(proposal=proposal):
        found.setdefault(thread.reason.edge, []).append(thread)
    return found


def reason(*, organisation: Organisation, id: int) -> Reason | None:  # noqa: A002
    return Reason.objects.filter(proposal__council__organisation=organisation, pk=id).first()


def has_stood_aside(*, proposal: Proposal, person: Person) -> bool:
    return Recusal.objects.filter(proposal=proposal, person=person).exists()
