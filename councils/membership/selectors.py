"""Questions about councils and who sits on them."""

import datetime as dt

from django.db.models import Count, Q, QuerySet

from councils.membership.models import Constituency, Council, Seat
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem


def visible_to(*, organisation: Organisation) -> QuerySet[Council]:
    """The organisation's councils, by name."""
    return (
        Council.objects.filter(organisation=organisation).prefetch_related("systems").order_by("name", "pk")
    )


def get(*, organisation: Organisation, slug: str) -> Council | None:
    return visible_to(organisation=organisation).filter(slug=slug).first()


def of_system(*, system: AISystem) -> QuerySet[Council]:
    """Councils whose charter names the system."""
    return Council.objects.filter(systems=system).order_by("name", "pk")


def constituencies(*, council: Council, at: dt.datetime) -> QuerySet[Constituency]:
    """The groups with seats, in the charter's order, each with ``filled``: how many seats are taken at ``at``."""
    taken = Q(taken__begins_at__lte=at) & (Q(taken__ends_at__isnull=True) | Q(taken__ends_at__gt=at))
    return (
        Constituency.objects.filter(council=council)
        .annotate(filled=Count("taken", filter=taken))
        .order_by("position")
    )


def seated(*, council: Council, at: dt.datetime) -> QuerySet[Seat]:
    """The seats taken at ``at``, by constituency."""
    return (
        Seat.objects.filter(council=council, begins_at__lte=at)
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))
        .select_related("person", "constituency")
        .order_by("constituency__position", "pk")
    )


def seat_of(*, person: Person, council: Council, at: dt.datetime) -> Seat | None:
    """The seat the person holds on the council at ``at``, or None."""
    return seated(council=council, at=at).filter(person=person).first()


def seats_of(*, person: Person, at: dt.datetime) -> QuerySet[Seat]:
    """Every seat the person holds at ``at``."""
    return (
        Seat.objects.filter(person=person, begins_at__lte=at)
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))
        .select_related("council__organisation", "constituency")
        .order_by("council__name", "pk")
    )
