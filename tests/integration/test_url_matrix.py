"""Every URL × every role × own and other organisation, generated from the URLconf.

What is expected follows from the view's guard (pages) or permission classes (API) and from ROLES, the one place where
it is written which role may do what. A page without a guard fails, and so does a parameter without a sample.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework import permissions as drf

from governance.access import api as access_api
from governance.access.guards import Guard
from governance.access.roles import ROLES
from tests.integration import two_houses
from tests.integration.two_houses import House
from tests.integration.url_samples import SAMPLES

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
# Sign-in is django-allauth's; what an anonymous visitor and a signed-in one get there is its own contract.
FOREIGN = ("allauth.",)
FOREIGN_NAMES = ("openapi",)


@dataclass(frozen=True)
class Url:
    """One pattern: ``name`` with its namespace, the view behind it, whether it has parameters."""

    name: str
    view: Any
    has_parameters: bool

    @property
    def guard(self) -> Guard | None:
        return getattr(self.view, "guard", None)

    @property
    def api_view(self) -> Any:
        return getattr(self.view, "cls", None)

    def path(self, house: House) -> str:
        if not self.has_parameters:
            return reverse(self.name)
        assert self.name in SAMPLES, f"add a sample for {self.name} to tests/integration/url_samples.py"
        return reverse(self.name, kwargs=SAMPLES[self.name](house))


def _urls(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[Url]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _urls(pattern.url_patterns, inner)
        elif not pattern.callback.__module__.startswith(FOREIGN):
            yield Url(f"{namespace}{pattern.name}", pattern.callback, bool(pattern.pattern.converters))


URLS = sorted(_urls(get_resolver().url_patterns), key=lambda url: url.name)
PAGES = [url for url in URLS if url.api_view is None and url.name not in FOREIGN_NAMES]
ENDPOINTS = [url for url in URLS if url.api_view is not None and url.name not in FOREIGN_NAMES]


@pytest.fixture(scope="module")
def houses(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[House, House]]:
    """Ours and theirs, built once, in a transaction that is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield two_houses.build(slug="ours", at=AT), two_houses.build(slug="theirs", at=AT)
        transaction.set_rollback(True)


@pytest.fixture
def ask(houses: tuple[House, House], django_db_blocker: Any) -> Iterator[Any]:
    """Asks for a path as a visitor and gives the status; whatever the request wrote is undone."""

    def ask(path: str, visitor: str) -> tuple[int, str]:
        ours, theirs = houses
        client = Client(raise_request_exception=False)
        headers = {"Authorization": f"Bearer {ours.secret}"} if visitor == "api key" else {}
        with transaction.atomic():
            if visitor in ROLES:
                client.force_login(ours.people[visitor], backend="django.contrib.auth.backends.ModelBackend")
            if visitor == "outsider":
                client.force_login(theirs.people["owner"], backend="django.contrib.auth.backends.ModelBackend")
            response = client.get(path, headers=headers)
            if response.status_code == 405:
                response = client.post(path, {}, content_type="application/json", headers=headers)
            transaction.set_rollback(True)
        return response.status_code, response.headers.get("Location", "")

    with django_db_blocker.unblock():
        yield ask


VISITORS = ("anonymous", "api key", "outsider", *ROLES)
ROLE_OF = {"outsider": "owner"}


def test_every_page_has_a_guard() -> None:
    """A page that nobody has thought about is open to nobody: it fails here."""
    assert [url.name for url in PAGES if url.guard is None] == []


def test_every_endpoint_states_who_may_use_it() -> None:
    """The default permission is closed; an endpoint that forgets its own is useless and fails here."""
    assert [url.name for url in ENDPOINTS if access_api.Closed in _classes(url.api_view)] == []


@pytest.mark.parametrize("url", PAGES, ids=lambda url: url.name)
def test_page_answers_each_visitor_as_its_guard_says(url: Url, ask: Any, houses: tuple[House, House]) -> None:
    """302 to sign-in, 403 or 404 exactly where the guard, the role and the organisation demand it."""
    wrong = []
    for visitor in VISITORS:
        for owner_of_path, house in (("ours", houses[0]), ("theirs", houses[1])):
            status, location = ask(url.path(house), visitor)
            expected = _of_page(url, visitor, owner_of_path)
            if not _fits(status, location, expected):
                wrong.append(f"{visitor} on {owner_of_path} ({url.path(house)}): {status}, not {expected}")
            if not url.has_parameters:
                break
    assert wrong == []


@pytest.mark.parametrize("url", ENDPOINTS, ids=lambda url: url.name)
def test_endpoint_answers_each_visitor_as_its_permissions_say(
    url: Url, ask: Any, houses: tuple[House, House]
) -> None:
    """401, 403 or 404 exactly where the permission classes, the role and the organisation demand it."""
    wrong = []
    for visitor in VISITORS:
        for owner_of_path, house in (("ours", houses[0]), ("theirs", houses[1])):
            status, location = ask(url.path(house), visitor)
            expected = _of_endpoint(url, visitor, owner_of_path)
            if not _fits(status, location, expected):
                wrong.append(f"{visitor} on {owner_of_path} ({url.path(house)}): {status}, not {expected}")
            if not url.has_parameters:
                break
    assert wrong == []


def _of_page(url: Url, visitor: str, owner_of_path: str) -> str:
    """One of: sign-in, forbidden, unknown, allowed, open."""
    guard = url.guard
    assert guard is not None, f"{url.name} has no guard"
    if guard.kind == "public":
        return "open"
    if visitor in {"anonymous", "api key"}:
        return "sign-in"
    if guard.permissions and not ROLES[ROLE_OF.get(visitor, visitor)] & set(guard.permissions):
        return "forbidden"
    own = "theirs" if visitor == "outsider" else "ours"
    return "allowed" if not url.has_parameters or owner_of_path == own else "unknown"


def _of_endpoint(url: Url, visitor: str, owner_of_path: str) -> str:
    classes = _classes(url.api_view)
    if all(issubclass(kind, access_api.Open) for kind in classes if isinstance(kind, type)):
        return "open"
    if visitor == "anonymous":
        return "unauthenticated"
    if not all(_grants(kind, visitor) for kind in classes):
        return "forbidden"
    own = "theirs" if visitor == "outsider" else "ours"
    return "allowed" if not url.has_parameters or owner_of_path == own else "unknown"


def _classes(view: Any) -> list[Any]:
    return list(view.permission_classes)


def _grants(kind: Any, visitor: str) -> bool:
    """Whether a permission class, or an "or" or "and" of two, lets the visitor pass."""
    if isinstance(kind, drf.OperandHolder):
        left, right = _grants(kind.op1_class, visitor), _grants(kind.op2_class, visitor)
        return left or right if kind.operator_class is drf.OR else left and right
    if hasattr(kind, "scope"):
        return visitor == "api key"
    if hasattr(kind, "codenames"):
        return visitor != "api key" and bool(ROLES[ROLE_OF.get(visitor, visitor)] & set(kind.codenames))
    return issubclass(kind, access_api.Open)


def _fits(status: int, location: str, expected: str) -> bool:
    to_sign_in = status == 302 and "/accounts/login/" in location
    return {
        "sign-in": to_sign_in,
        "unauthenticated": status == 401,
        "forbidden": status == 403,
        "unknown": status == 404,
        "allowed": status < 500 and status not in {401, 403, 404} and not to_sign_in,
        "open": status < 500 and status != 403 and not to_sign_in,
    }[expected]
