"""Questions about who may do what."""

import datetime as dt
import hashlib

from django.db.models import Q, QuerySet

from governance.access.models import ApiKey, PersonalToken
from governance.organisations.models import Organisation, Person
from governance.recent import Recent
from governance.systems.models import AISystem

# By these a reader, and a scanner for leaked secrets, tells what kind of secret it is.
KEY_PREFIX, TOKEN_PREFIX = "ew_", "ewp_"
_recent = Recent[bytes, ApiKey]()


def digest(secret: str) -> bytes:
    """What is stored of a key or token. The secret has 256 random bits, so a plain hash suffices."""
    return hashlib.sha256(secret.encode()).digest()


def _valid(at: dt.datetime) -> Q:
    return Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=at))


def api_key(*, secret: str, at: dt.datetime) -> ApiKey | None:
    """The valid API key behind ``secret``, with its system and organisation, or None.

    Kept for a second, since systems post many times in it: another process's revocation takes that long to be seen.
    """

    def ask() -> ApiKey | None:
        keys = ApiKey.objects.filter(_valid(at), digest=name)
        return keys.select_related("system__organisation").first()

    name = digest(secret)
    key = _recent.of(name, ask)
    return key if key is not None and (key.expires_at is None or key.expires_at > at) else None


def forget_api_key(key: ApiKey) -> None:
    """This process asks again for the key at its next use."""
    _recent.forget(bytes(key.digest))


def personal_token(*, secret: str, at: dt.datetime) -> PersonalToken | None:
    """The valid personal token behind ``secret``, or None."""
    tokens = PersonalToken.objects.filter(_valid(at), digest=digest(secret), person__is_active=True)
    return tokens.select_related("person", "organisation").first()


def keys_of(*, system: AISystem) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(system=system).order_by("-created_at", "-pk")


def tokens_of(*, person: Person, organisation: Organisation) -> QuerySet[PersonalToken]:
    return PersonalToken.objects.filter(person=person, organisation=organisation).order_by(
        "-created_at", "-pk"
    )


def may(*, person: Person, permission: str, organisation: Organisation) -> bool:
    """Whether the person holds the permission on the organisation, through any of their roles."""
    return bool(person.has_perm(f"governance.{permission}", organisation))
