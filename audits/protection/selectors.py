"""Questions about erasures, holds and retention."""

import datetime as dt

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from audits.ledger import selectors as ledger
from audits.ledger.models import DataKey
from audits.protection.models import Erasure, Hold, Retention
from governance.jobs.models import Job
from governance.organisations.models import Organisation
from governance.systems.models import AISystem

RESUME_AFTER = dt.timedelta(seconds=60)


def erasures(*, organisation: Organisation) -> QuerySet[Erasure]:
    """Every erasure asked for, newest first."""
    return Erasure.objects.filter(organisation=organisation).select_related("requested_by").order_by("-pk")


def erasure(*, organisation: Organisation, pk: int) -> Erasure | None:
    return erasures(organisation=organisation).filter(pk=pk).first()


def holds(*, organisation: Organisation) -> QuerySet[Hold]:
    """Holds, those in force first, then the latest lifted."""
    found = Hold.objects.filter(organisation=organisation).select_related("placed_by", "lifted_by")
    return found.order_by("-lifted_at", "-pk")


def hold(*, organisation: Organisation, pk: int) -> Hold | None:
    return holds(organisation=organisation).filter(pk=pk).first()


def is_held(*, organisation: Organisation, pseudonym: bytes) -> bool:
    """Whether a legal hold stands on this subject's data."""
    standing = Hold.objects.filter(organisation=organisation, lifted_at__isnull=True)
    return standing.filter(pseudonym=pseudonym).exists()


def held_keys(*, organisation: Organisation) -> list[int]:
    """The data keys of all subjects under a hold."""
    standing = Hold.objects.filter(organisation=organisation, lifted_at__isnull=True)
    names = [bytes(name) for name in standing.values_list("pseudonym", flat=True)]
    found = DataKey.objects.filter(organisation=organisation, pseudonym__in=names)
    return list(found.values_list("pk", flat=True))


def reason_of(*, hold: Hold) -> str:
    """Why a hold was placed, opened from the log entry that seals it; empty once that was erased."""
    event = ledger.events(
        organisation=hold.organisation, type="legal_hold.placed", subject=f"hold:{hold.pk}"
    ).first()
    if event is None:
        return ""
    return ledger.opened(log=event.log, index=event.index).get("reason", {}).get("value", "")


def retention(*, system: AISystem) -> Retention | None:
    return Retention.objects.filter(system=system).first()


def minimum_days() -> int:
    """The shortest retention the operator allows: by default six months (AI Act Art. 19 and 26(6))."""
    return int(settings.EDGEWISE_RETENTION_MINIMUM_DAYS)


def database_time() -> dt.datetime:
    """What the database's clock says: the one by which records are logged, whichever machine asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        found: dt.datetime = cursor.fetchone()[0]
    return found


def unfinished(*, at: dt.datetime) -> QuerySet[Erasure]:
    """Erasures that nobody is working on any more: their job failed, or was lost with its row."""
    waiting = Erasure.objects.filter(
        state=Erasure.State.REQUESTED, requested_at__lt=at - RESUME_AFTER
    ).select_related("organisation")
    return waiting.exclude(job__state__in=[Job.State.QUEUED, Job.State.RUNNING]).order_by("pk")
