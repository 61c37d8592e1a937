"""Chartering councils and seating their members."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from councils.membership import selectors
from councils.membership.models import Constituency, Council, Seat
from governance import trail
from governance.errors import DomainError
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem

SECRET_STEP = 5
SHARE = re.compile(r"[0-9]{1,4}(/[0-9]{1,4}|\.[0-9]{1,8})?")
MOST_SEATS = 10_000
LONGEST_GROUP = 80


class CouncilExists(DomainError):
    code = "council_exists"
    status = 409


class MandateMissing(DomainError):
    code = "mandate_missing"


class SystemForeign(DomainError):
    code = "system_unknown"


class NoConstituencies(DomainError):
    code = "no_constituencies"


class GroupTooLarge(DomainError):
    """More seats, or a longer name, than a group may have."""

    code = "group_too_large"


class ShareOutOfRange(DomainError):
    code = "share_out_of_range"


class PersonForeign(DomainError):
    code = "person_unknown"


class ConstituencyFull(DomainError):
    code = "constituency_full"
    status = 409


class SeatHeld(DomainError):
    code = "seat_held_already"
    status = 409


class SeatEnded(DomainError):
    code = "seat_ended"
    status = 409


@trail.act()
def charter(
    *,
    organisation: Organisation,
    slug: str,
    name: str,
    mandate: str,
    systems: Sequence[AISystem],
    constituencies: Mapping[str, int],
    deliberation_seconds: int,
    voting_seconds: int,
    timelock_seconds: int,
    by: Person | None,
    at: dt.datetime,
    secrecy: str = Council.Secrecy.SECRET,
    extension_seconds: int | None = None,
    **terms: Any,
) -> Council:
    """A new council. ``constituencies`` maps each group's name to its seats; ``terms`` are further charter fields.

    Secret ballots are cast in steps of 5 points, for an exact split could tell who cast it.
    """
    _check(organisation, slug, mandate, systems, constituencies)
    _check_shares(terms)
    step = SECRET_STEP if secrecy == Council.Secrecy.SECRET else terms.pop("point_step", 1)
    council = Council.objects.create(
        organisation=organisation,
        slug=slug,
        name=name,
        mandate=mandate,
        secrecy=secrecy,
        point_step=step,
        deliberation_seconds=deliberation_seconds,
        voting_seconds=voting_seconds,
        extension_seconds=voting_seconds if extension_seconds is None else extension_seconds,
        timelock_seconds=timelock_seconds,
        created_at=at,
        **terms,
    )
    council.systems.set(systems)
    Constituency.objects.bulk_create(
        Constituency(council=council, position=position, name=group, seats=seats)
        for position, (group, seats) in enumerate(constituencies.items())
    )
    _record_charter(council, constituencies, by, at)
    return council


def _check(
    organisation: Organisation,
    slug: str,
    mandate: str,
    systems: Sequence[AISystem],
    constituencies: Mapping[str, int],
) -> None:
    organisations.check_slug(slug)
    if Council.objects.filter(organisation=organisation, slug=slug).exists():
        raise CouncilExists(_("A council with this short name exists; choose another."), field="slug")
    if not mandate.strip():
        raise MandateMissing(
            _("State who gave the council its mandate and what it may decide."), field="mandate"
        )
    if not systems or any(system.organisation_id != organisation.pk for system in systems):
        raise SystemForeign(
            _("Name the organisation's systems that the council decides on."), field="systems"
        )
    if not constituencies or min(constituencies.values()) < 1:
        raise NoConstituencies(
            _("Name at least one group, and give each group at least one seat."), field="constituencies"
        )
    if max(constituencies.values()) > MOST_SEATS or max(map(len, constituencies)) > LONGEST_GROUP:
        raise GroupTooLarge(
            _("A group has at most %(seats)d seats, and a name of at most %(letters)d letters.")
            % {"seats": MOST_SEATS, "letters": LONGEST_GROUP},
            field="constituencies",
        )


def _check_shares(terms: Mapping[str, Any]) -> None:
    for field in ("quorum", "constituency_quorum", "majority", "constituency_majority"):
        if terms.get(field) and not _is_share(terms[field]):
            raise ShareOutOfRange(_("Write a share between 0 and 1, such as 1/2, 2/3 or 0.6."), field=field)


def _is_share(text: str) -> bool:
    """A fraction or a decimal of few digits: an exponent could ask for a number that nobody can write out."""
    if not SHARE.fullmatch(text):
        return False
    try:
        return 0 <= Fraction(text) <= 1
    except ZeroDivisionError:
        return False


def _record_charter(
    council: Council, constituencies: Mapping[str, int], by: Person | None, at: dt.datetime
) -> None:
    trail.record(
        "council.chartered",
        organisation=council.organisation,
        by=by,
        at=at,
        subject=f"council:{council.slug}",
        systems=[system.slug for system in council.systems.order_by("slug")],
        constituencies=dict(constituencies),
        context=council.context,
        counting=council.counting,
        secrecy=council.secrecy,
        quorum=council.quorum,
        constituency_quorum=council.constituency_quorum,
        majority=council.majority,
        constituency_majority=council.constituency_majority,
        abstentions_count=council.abstentions_count,
        seconds=[
            council.deliberation_seconds,
            council.voting_seconds,
            council.extension_seconds,
            council.timelock_seconds,
        ],
    )


@trail.act()
def seat(
    *,
    constituency: Constituency,
    person: Person,
    by: Person | None,
    at: dt.datetime,
    ends_at: dt.datetime | None = None,
) -> Seat:
    """Gives ``person`` a seat of ``constituency`` from ``at`` on."""
    council = Council.objects.select_for_update(no_key=True).get(pk=constituency.council_id)
    if not person.memberships.filter(organisation=council.organisation).exists():
        raise PersonForeign(_("Only people of the organisation can take a seat."), field="person")
    if selectors.seat_of(person=person, council=council, at=at) is not None:
        raise SeatHeld(_("This person has a seat on the council already."), field="person")
    taken = selectors.seated(council=council, at=at).filter(constituency=constituency).count()
    if taken >= constituency.seats:
        raise ConstituencyFull(
            _("All %d seats of this group are taken.") % constituency.seats, field="constituency"
        )
    seat = Seat.objects.create(
        council=council, constituency=constituency, person=person, begins_at=at, ends_at=ends_at
    )
    trail.record(
        "seat.taken",
        organisation=council.organisation,
        by=by,
        at=at,
        subject=f"council:{council.slug}",
        person=person.pk,
        constituency=constituency.name,
    )
    return seat


@trail.act()
def unseat(*, seat: Seat, by: Person | None, at: dt.datetime) -> Seat:
    """Ends a term. Votes that are open keep their electorate."""
    locked = (
        Seat.objects.select_for_update()
        .select_related("council__organisation", "constituency")
        .get(pk=seat.pk)
    )
    if locked.ends_at is not None and locked.ends_at <= at:
        raise SeatEnded(_("This term has ended already."))
    locked.ends_at = max(at, locked.begins_at + dt.timedelta(microseconds=1))
    locked.save(update_fields=["ends_at"])
    trail.record(
        "seat.left",
        organisation=locked.council.organisation,
        by=by,
        at=at,
        subject=f"council:{locked.council.slug}",
        person=locked.person_id,
        constituency=locked.constituency.name,
    )
    return locked
