"""Who may open a page. Every view carries exactly one guard; the URL matrix test fails on a page without."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from governance.access import selectors
from governance.organisations import selectors as organisations
from governance.organisations.models import Organisation, Person


class OrganisationRequest(HttpRequest):
    """A request that has passed a guard: the person is signed in and acts in ``organisation``."""

    user: Person
    organisation: Organisation


@dataclass(frozen=True)
class Guard:
    """``kind`` is public, signed_in or permission; ``permission`` is any one of the codenames named."""

    kind: str
    permissions: tuple[str, ...] = ()


def _marked(view: Callable[..., HttpResponseBase], guard: Guard) -> Callable[..., HttpResponseBase]:
    view.guard = guard  # type: ignore[attr-defined]
    return view


def public(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Anyone may open the page; the view itself shows only what is published."""
    return _marked(view, Guard("public"))


def signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Anyone who holds a role in some organisation may open the page."""
    return _guarded(view, Guard("signed_in"))


def require(
    *permissions: str,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """The person needs one of ``permissions`` in their current organisation."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        return _guarded(view, Guard("permission", permissions))

    return decorate


def _guarded(view: Callable[..., HttpResponseBase], guard: Guard) -> Callable[..., HttpResponseBase]:
    @functools.wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        request.organisation = current_organisation(request)
        if guard.permissions and not allows(request, *guard.permissions):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return _marked(guarded, guard)


def current_organisation(request: HttpRequest) -> Organisation:
    """The organisation the person acts in: the one chosen in this session, else the first they joined."""
    person = request.user
    assert isinstance(person, Person)
    found = organisations.of_person(person=person, slug=request.session.get("organisation"))
    if found is None:
        raise PermissionDenied
    return found


def allows(request: Any, *permissions: str) -> bool:
    """Whether the signed-in person holds any of ``permissions`` in the current organisation."""
    return any(
        selectors.may(person=request.user, permission=permission, organisation=request.organisation)
        for permission in permissions
    )
