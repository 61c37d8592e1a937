"""Issuing and revoking keys and tokens. The secret is returned once and never stored."""

import datetime as dt
import functools
import secrets

from django.db import transaction
from django.utils.translation import gettext as _

from governance import trail
from governance.access import selectors
from governance.access.models import READ, WRITE, ApiKey, PersonalToken
from governance.errors import DomainError
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem

SCOPES = ("decisions:write", "decisions:read", "policy:read", "evaluations:write")
TOKEN_SCOPES = (READ, WRITE)
PREFIX_LENGTH = 10


class UnknownScope(DomainError):
    code = "unknown_scope"


class ExpiryInThePast(DomainError):
    code = "expiry_in_the_past"


class AlreadyRevoked(DomainError):
    code = "already_revoked"
    status = 409


class NotAMember(DomainError):
    code = "not_a_member"
    status = 403


@trail.act()
def create_api_key(
    *,
    system: AISystem,
    label: str,
    by: Person | None,
    at: dt.datetime,
    scopes: tuple[str, ...] = SCOPES,
    expires_at: dt.datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key of ``system`` and its secret, which is shown this once. Raises UnknownScope and ExpiryInThePast."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise UnknownScope(_("A key needs scopes out of: %s.") % ", ".join(SCOPES), field="scopes")
    _check_expiry(expires_at, at)
    secret = selectors.KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        system=system,
        label=label,
        prefix=secret[:PREFIX_LENGTH],
        digest=selectors.digest(secret),
        scopes=list(scopes),
        created_at=at,
        expires_at=expires_at,
    )
    trail.record(
        "api_key.created",
        organisation=system.organisation,
        by=by,
        at=at,
        subject=f"key:{key.pk}",
        system_slug=system.slug,
        scopes=sorted(scopes),
    )
    return key, secret


@trail.act()
def revoke_api_key(*, key: ApiKey, by: Person, at: dt.datetime) -> ApiKey:
    """Ends a key: at once in this process, within a second in the others. Raises AlreadyRevoked."""
    locked = ApiKey.objects.select_for_update().get(pk=key.pk)
    if locked.revoked_at is not None:
        raise AlreadyRevoked(_("This key was revoked already."))
    locked.revoked_at = at
    locked.save(update_fields=["revoked_at"])
    transaction.on_commit(functools.partial(selectors.forget_api_key, locked))
    trail.record(
        "api_key.revoked", organisation=key.system.organisation, by=by, at=at, subject=f"key:{key.pk}"
    )
    return locked


@trail.act()
def create_personal_token(
    *,
    person: Person,
    organisation: Organisation,
    label: str,
    by: Person,
    at: dt.datetime,
    scopes: tuple[str, ...] = (READ,),
    expires_at: dt.datetime | None = None,
) -> tuple[PersonalToken, str]:
    """A new token that reads as ``person`` in ``organisation``, and its secret, which is shown this once.

    With the scope ``write`` it also acts: without, whoever finds it in a script changes nothing. Raises NotAMember,
    UnknownScope and ExpiryInThePast.
    """
    if not organisation.memberships.filter(person=person).exists():
        raise NotAMember(_("Only people who hold a role in the organisation can have a token for it."))
    if READ not in scopes or set(scopes) - set(TOKEN_SCOPES):
        raise UnknownScope(_("A token has the scope read, and write where it may act."), field="scopes")
    _check_expiry(expires_at, at)
    secret = selectors.TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = PersonalToken.objects.create(
        person=person,
        organisation=organisation,
        label=label,
        prefix=secret[:PREFIX_LENGTH],
        digest=selectors.digest(secret),
        scopes=list(scopes),
        created_at=at,
        expires_at=expires_at,
    )
    trail.record(
        "personal_token.created",
        organisation=organisation,
        by=by,
        at=at,
        subject=f"token:{token.pk}",
        scopes=sorted(scopes),
    )
    return token, secret


@trail.act()
def revoke_personal_token(*, token: PersonalToken, by: Person, at: dt.datetime) -> PersonalToken:
    """Ends a token at once. Raises AlreadyRevoked."""
    locked = PersonalToken.objects.select_for_update().get(pk=token.pk)
    if locked.revoked_at is not None:
        raise AlreadyRevoked(_("This token was revoked already."))
    locked.revoked_at = at
    locked.save(update_fields=["revoked_at"])
    trail.record(
        "personal_token.revoked", organisation=token.organisation, by=by, at=at, subject=f"token:{token.pk}"
    )
    return locked


def _check_expiry(expires_at: dt.datetime | None, at: dt.datetime) -> None:
    if expires_at is not None and expires_at <= at:
        raise ExpiryInThePast(_("The expiry has to lie in the future."), field="expires_at")
