"""Authentication and permissions of the API, and the endpoints for keys."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from governance.access import selectors
from governance.access.models import ApiKey, PersonalToken
from governance.errors import DomainError
from governance.organisations import selectors as organisations
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem


class TokenReadsOnly(DomainError):
    """What changes something, asked for with a token that may not."""

    code = "token_reads_only"
    status = 403


@dataclass(frozen=True)
class SystemPrincipal:
    """An AI system, acting with one of its API keys."""

    key: ApiKey
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def system(self) -> AISystem:
        return self.key.system

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.key.scopes)

    @property
    def pk(self) -> str:
        return f"key-{self.key.pk}"


class _Bearer(authentication.BaseAuthentication):
    """``Authorization: Bearer …`` with a secret of one kind."""

    prefix: str

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.startswith(self.prefix):
            return None
        found = self.find(secret.strip())
        if found is None:
            raise exceptions.AuthenticationFailed(_("This key is unknown, expired or revoked."))
        return found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="edgewise"'

    def find(self, secret: str) -> tuple[Any, Any] | None:
        raise exceptions.AuthenticationFailed


class ApiKeyAuthentication(_Bearer):
    """An AI system by its API key; ``request.user`` is a SystemPrincipal."""

    prefix = selectors.KEY_PREFIX

    def find(self, secret: str) -> tuple[SystemPrincipal, ApiKey] | None:
        key = selectors.api_key(secret=secret, at=timezone.now())
        return (SystemPrincipal(key), key) if key else None


class TokenAuthentication(_Bearer):
    """A person by their personal token.

    What the token may do is asked here and not by each endpoint's permission, so that no endpoint can forget it.
    """

    prefix = selectors.TOKEN_PREFIX

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        if found is not None and request.method not in permissions.SAFE_METHODS and not found[1].writes:
            raise TokenReadsOnly(
                _("This token only reads. Create one that may also act, on the page Your account.")
            )
        return found

    def find(self, secret: str) -> tuple[Person, PersonalToken] | None:
        token = selectors.personal_token(secret=secret, at=timezone.now())
        return (token.person, token) if token else None


class PersonSessionAuthentication(authentication.SessionAuthentication):
    """A person signed in on the web; unsafe methods need the CSRF token."""

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="edgewise"'


def caller_of(request: Request) -> object:
    """Who calls: a SystemPrincipal, a Person or an AnonymousUser; Django's types know only the last two."""
    caller: object = request.user
    return caller


def system_of(request: Request) -> AISystem:
    """The AI system that calls; for endpoints that a SystemScope protects."""
    caller = caller_of(request)
    if not isinstance(caller, SystemPrincipal):
        raise exceptions.PermissionDenied
    return caller.system


def key_of(request: Request) -> ApiKey:
    """The API key of the AI system that calls; for endpoints that a SystemScope protects."""
    caller = caller_of(request)
    if not isinstance(caller, SystemPrincipal):
        raise exceptions.PermissionDenied
    return caller.key


def person_of(request: Request) -> Person:
    """The person who calls; for endpoints that Requires(…) protects."""
    caller = caller_of(request)
    if not isinstance(caller, Person):
        raise exceptions.PermissionDenied
    return caller


def organisation_of(request: Request) -> Organisation | None:
    """The organisation a request acts in: the key's, the token's, or the person's current one."""
    caller = caller_of(request)
    if isinstance(caller, SystemPrincipal):
        return caller.system.organisation
    if isinstance(request.auth, PersonalToken):
        return request.auth.organisation
    if isinstance(caller, Person):
        return organisations.of_person(person=caller, slug=request.session.get("organisation"))
    return None


def acting_organisation(request: Request) -> Organisation:
    """The same, for endpoints whose permission has seen that there is one."""
    found = organisation_of(request)
    if found is None:
        raise exceptions.PermissionDenied
    return found


class Closed(permissions.BasePermission):
    """The default: an endpoint that states no permission is open to nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class Open(permissions.BasePermission):
    """For what anybody may read."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return True


class _SystemScope(permissions.BasePermission):
    scope: str

    def has_permission(self, request: Request, view: Any) -> bool:
        caller = caller_of(request)
        return isinstance(caller, SystemPrincipal) and self.scope in caller.scopes


class _Requires(permissions.BasePermission):
    codenames: tuple[str, ...]

    def has_permission(self, request: Request, view: Any) -> bool:
        caller = caller_of(request)
        organisation = organisation_of(request)
        if not isinstance(caller, Person) or organisation is None:
            return False
        return any(
            selectors.may(person=caller, permission=codename, organisation=organisation)
            for codename in self.codenames
        )


def SystemScope(scope: str) -> type[permissions.BasePermission]:  # noqa: N802  (reads as a class where it is used)
    """Permission class: an AI system whose key has ``scope``."""
    return type(f"SystemScope[{scope}]", (_SystemScope,), {"scope": scope})


def Requires(*codenames: str) -> type[permissions.BasePermission]:  # noqa: N802
    """Permission class: a person with one of ``codenames`` in the organisation they act in."""
    return type(f"Requires[{','.join(codenames)}]", (_Requires,), {"codenames": codenames})
