"""How long payloads are kept, and destroying them when their time is over.

A payload is what lies beside the log: sealed values and salts, fingerprint, groups, personal weights and what was
computed with them. Entries and hashes are kept for ever.
"""

import datetime as dt

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils.translation import gettext as _

from audits.decisions import erasing, isolation
from audits.decisions.models import Decision
from audits.protection import selectors
from audits.protection.models import Retention
from audits.reports import erasing as documents
from governance import trail
from governance.errors import DomainError
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem

CHUNK = 2_000


class RetentionTooShort(DomainError):
    code = "retention_too_short"


@trail.act()
def set_days(*, system: AISystem, days: int | None, by: Person | None, at: dt.datetime) -> Retention | None:
    """Payloads of the system expire that many days after they were logged; None keeps them until they are erased."""
    minimum = selectors.minimum_days()
    if days is not None and days < minimum:
        raise RetentionTooShort(
            _("The law, as configured here, asks for %d days at least.") % minimum,
            field="days",
            minimum=minimum,
        )
    Retention.objects.filter(system=system).delete()
    row = None if days is None else Retention.objects.create(system=system, days=days, set_at=at)
    for log in (None, system):
        trail.record(
            "retention.set",
            organisation=system.organisation,
            system=log,
            by=by,
            at=at,
            subject=f"system:{system.slug}",
            days=days,
        )
    return row


def expire_all(*, at: dt.datetime) -> int:
    """Destroys every payload whose time is over, a transaction per chunk; how many."""
    total = 0
    for row in Retention.objects.select_related("system__organisation").order_by("pk"):
        with isolation.apart(row.system, "Expiry"):
            while (done := expire_some(system=row.system, at=at)) is not None:
                total += done
    documents.remove_files()
    return total


@trail.act()
def expire_some(*, system: AISystem, at: dt.datetime) -> int | None:
    """Destroys the next payloads whose time is over; None when there are none, or another worker is at it."""
    # Placing a hold takes the same turn: none comes between this look and the commit.
    Organisation.objects.select_for_update(no_key=True).get(pk=system.organisation_id)
    row = Retention.objects.select_for_update(skip_locked=True).filter(system=system).first()
    chunk = [] if row is None else _over(row, system, at)
    if row is None or not chunk:
        return None
    held = set(selectors.held_keys(organisation=system.organisation))
    indexes = [index for index, key, kept in chunk if kept and key not in held]
    if indexes:
        erasing.settle(system=system, last=indexes[-1], at=at)
        identities = erasing.empty(system=system, indexes=indexes)
        documents.erase(organisation=system.organisation, decisions=identities, at=at)
        trail.record(
            "retention.expired",
            organisation=system.organisation,
            system=system,
            by=None,
            at=at,
            first_entry=indexes[0],
            last_entry=indexes[-1],
            records=len(indexes),
        )
    row.expired_to = chunk[-1][0] + 1
    row.save(update_fields=["expired_to"])
    return len(indexes)


def _over(row: Retention, system: AISystem, at: dt.datetime) -> list[tuple[int, int | None, bool]]:
    """Index, data key and whether there is a payload, of the next records in the log's order whose time is over."""
    rows = Decision.objects.filter(system=system, index__gte=row.expired_to).order_by("index")
    last = _last_over(rows, at, at - dt.timedelta(days=row.days))
    if last is None:
        return []
    is_kept = ExpressionWrapper(Q(sealed__isnull=False), BooleanField())
    found = rows.filter(index__lte=last).annotate(is_kept=is_kept)
    return list(found.values_list("index", "data_key_id", "is_kept")[:CHUNK])


def _last_over(rows: QuerySet[Decision], at: dt.datetime, before: dt.datetime) -> int | None:
    """The last record up to the first that was not logged ``before``; None if that is the first of all.

    What is said to be logged later than ``at`` was stamped by a clock that was ahead. It is no younger than the next
    record that can be right: its time is over with that one's, and it holds up no other.
    """
    last = None
    for index, logged_at in rows.filter(logged_at__lte=at).values_list("index", "logged_at")[:CHUNK]:
        if logged_at >= before:
            break
        last = index
    return last
