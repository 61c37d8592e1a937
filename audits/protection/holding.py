"""Legal holds: what is held is neither erased nor expires until it is lifted. Each step is an entry in the log."""

import datetime as dt
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from audits.protection import erasing, erasure_list, selectors, subjects
from audits.protection.models import Erasure, Hold, Retention
from governance import trail
from governance.errors import DomainError
from governance.organisations.models import Organisation, Person


class AlreadyHeld(DomainError):
    code = "already_held"
    status = 409


class HoldLifted(DomainError):
    code = "hold_lifted"
    status = 409


class ErasureListDamaged(DomainError):
    code = "erasure_list_damaged"
    status = 409


class ReasonMissing(DomainError):
    code = "reason_missing"


@trail.act()
def place(*, organisation: Organisation, reference: str, reason: str, by: Person, at: dt.datetime) -> Hold:
    """Keeps a subject's data from erasure and expiry until the hold is lifted.

    They are there, so an erasure of them that is listed never came to its commit: a restore must not repeat it.
    Raises ReasonMissing and AlreadyHeld, and as ``subjects.standing_key`` SubjectMissing, SubjectUnknown and
    AlreadyErased.
    """
    if not reason.strip():
        raise ReasonMissing(_("Say why these data have to be kept."), field="reason")
    # First the turn: what an erasure has just destroyed cannot be held, nor its line taken back.
    subjects.take_turn(organisation)
    pseudonym = bytes(subjects.standing_key(organisation=organisation, reference=reference).pseudonym)
    if selectors.is_held(organisation=organisation, pseudonym=pseudonym):
        raise AlreadyHeld(_("A hold on this subject's data stands already."), field="reference")
    hold = Hold.objects.create(organisation=organisation, pseudonym=pseudonym, placed_by=by, placed_at=at)
    _withdraw(hold)
    _tell("legal_hold.placed", hold, by, at, reason.strip())
    for erasure in _open_erasures(hold, Erasure.State.REQUESTED):
        erasing.go_on(erasure=erasure, at=at)
    return hold


@trail.act()
def lift(*, hold: Hold, reason: str, by: Person, at: dt.datetime) -> Hold:
    """Ends a hold; an erasure that waited for it goes to the worker. Raises ReasonMissing and HoldLifted."""
    if not reason.strip():
        raise ReasonMissing(_("Say why these data need not be kept any longer."), field="reason")
    subjects.take_turn(hold.organisation)
    standing = Hold.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=hold.pk)
    if standing.lifted_at is not None:
        raise HoldLifted(_("This hold was lifted already."))
    standing.lifted_by, standing.lifted_at = by, at
    standing.save(update_fields=["lifted_by", "lifted_at"])
    _tell("legal_hold.lifted", standing, by, at, reason.strip())
    Retention.objects.filter(system__organisation=standing.organisation).update(expired_to=0)
    for erasure in _open_erasures(standing, Erasure.State.HELD):
        erasing.go_on(erasure=erasure, at=at)
    return standing


def _withdraw(hold: Hold) -> None:
    try:
        erasure_list.withdraw(
            Path(settings.EDGEWISE_ERASURE_LIST),
            organisation=hold.organisation.slug,
            pseudonym=bytes(hold.pseudonym),
            at=hold.placed_at,
        )
    except erasure_list.ListDamaged:
        raise ErasureListDamaged(
            _(
                "The list of erasures cannot be read, so it cannot be told whether a restore would destroy these data. "
                "Have its damaged line mended (`manage.py backup` names it), and place the hold again."
            )
        ) from None


def _open_erasures(hold: Hold, state: Erasure.State) -> list[Erasure]:
    found = Erasure.objects.filter(
        organisation=hold.organisation, pseudonym=bytes(hold.pseudonym), state=state
    )
    return list(found.select_related("organisation"))


def _tell(event: str, hold: Hold, by: Person, at: dt.datetime, reason: str) -> None:
    trail.record(
        event,
        organisation=hold.organisation,
        by=by,
        at=at,
        subject=f"hold:{hold.pk}",
        sealed={"reason": reason},
    )
