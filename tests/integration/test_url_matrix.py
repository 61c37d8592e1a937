"""Every URL × every role × own and other organisation, generated from the URLconf.

What is expected follows from the view's guard (pages) or permission classes (API) and from ROLES, the one place where
it is written which role may do what. A page without a guard fails, and so does a parameter without a sample.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework import permissions as drf

from audits.decisions import reading
from governance.access import api as access_api
from governance.access import problems
from governance.access import services as access
from governance.access.guards import Guard
from governance.access.roles import ROLES
from tests.integration import two_houses
from tests.integration.two_houses import House
from tests.integration.url_samples import NOT_YET, PERSONAL, QUERIES, SAMPLES, WRITING_NEEDS

pytestmark = pytest.mark.slow

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
# Sign-in is django-allauth's; what an anonymous visitor and a signed-in one get there is its own contract.
FOREIGN = ("allauth.",)
FOREIGN_NAMES = ("openapi",)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


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

    @property
    def methods(self) -> list[str]:
        if self.api_view is None:
            return ["GET", "POST"]
        return [method for method in METHODS if hasattr(self.api_view, method.lower())]

    def permissions(self, method: str) -> list[Any]:
        """The permissions that guard one method of an endpoint."""
        view = self.api_view()
        view.request = SimpleNamespace(method=method)
        return list(view.get_permissions())

    def path(self, house: House) -> str:
        if self.name in QUERIES:
            return f"{reverse(self.name)}?{urlencode(QUERIES[self.name](house))}"
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
            name = f"{namespace}{pattern.name}"
            yield Url(name, pattern.callback, _has_parameters(pattern) or name in QUERIES)


def _has_parameters(pattern: URLPattern) -> bool:
    return bool(pattern.pattern.converters) or bool(pattern.pattern.regex.groups)


URLS = sorted(_urls(get_resolver().url_patterns), key=lambda url: url.name)
PAGES = [url for url in URLS if url.api_view is None and url.name not in FOREIGN_NAMES]
ENDPOINTS = [url for url in URLS if url.api_view is not None and url.name not in FOREIGN_NAMES]


@pytest.fixture(scope="module")
def houses(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[House, House]]:
    """Ours and theirs, built once, in a transaction that is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield two_houses.build(slug="ours", at=AT), two_houses.build(slug="theirs", at=AT)
        transaction.set_rollback(True)


VISITORS = ("anonymous", "api key", "outsider", *ROLES)
ROLE_OF = {"outsider": "owner"}


@dataclass(frozen=True)
class Question:
    """One request of the matrix."""

    url: Url
    method: str
    visitor: str
    owner_of_path: str

    @property
    def own(self) -> bool:
        """Whether the path names something of the visitor's own organisation, or nothing in particular."""
        mine = "theirs" if self.visitor == "outsider" else "ours"
        return not self.url.has_parameters or self.owner_of_path == mine

    @property
    def role(self) -> str:
        return ROLE_OF.get(self.visitor, self.visitor)


@pytest.fixture(scope="module")
def clients(houses: tuple[House, House], django_db_blocker: Any) -> dict[str, Client]:
    """A browser for each visitor, signed in once; the API key is a header and no session."""
    ours, theirs = houses
    people = {**ours.people, "outsider": theirs.people["owner"]}
    signed_out = {"anonymous": {}, "api key": {"Authorization": f"Bearer {ours.secret}"}}
    browsers = {
        name: Client(raise_request_exception=False, headers=signed_out.get(name)) for name in VISITORS
    }
    with django_db_blocker.unblock():
        for name, person in people.items():
            browsers[name].force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return browsers


@pytest.fixture
def ask(houses: tuple[House, House], clients: dict[str, Client], django_db_blocker: Any) -> Iterator[Any]:
    """Asks a question and gives the answer; whatever the request wrote is undone."""

    def ask(question: Question) -> Any:
        path = question.url.path(houses[0] if question.owner_of_path == "ours" else houses[1])
        with transaction.atomic():
            client = clients[question.visitor]
            response = client.generic(question.method, path, b"{}", content_type="application/json")
            transaction.set_rollback(True)
        return response

    with django_db_blocker.unblock():
        yield ask


def _questions(url: Url) -> Iterator[Question]:
    for method in url.methods:
        for visitor in VISITORS:
            yield Question(url, method, visitor, "ours")
            if url.has_parameters:
                yield Question(url, method, visitor, "theirs")


def _wrong(url: Url, ask: Any, expected_of: Any) -> list[str]:
    wrong = []
    for question in _questions(url):
        response, expected = ask(question), expected_of(question)
        if not _fits(response, expected):
            who = f"{question.method} as {question.visitor} on {question.owner_of_path}"
            wrong.append(f"{who}: {response.status_code}, not {expected}")
    return wrong


def test_every_page_has_a_guard() -> None:
    """A page that nobody has thought about is open to nobody: it fails here."""
    assert [url.name for url in PAGES if url.guard is None] == []


def test_every_endpoint_states_who_may_use_it() -> None:
    """The default permission is closed; an endpoint that forgets its own is useless and fails here."""
    closed = [
        (url.name, method)
        for url in ENDPOINTS
        for method in url.methods
        if any(isinstance(permission, access_api.Closed) for permission in url.permissions(method))
    ]
    assert closed == []


@pytest.mark.parametrize("url", PAGES, ids=lambda url: url.name)
def test_page_answers_each_visitor_as_its_guard_says(url: Url, ask: Any) -> None:
    """To sign-in, 403 or 404 exactly where the guard, the role and the organisation demand it."""
    assert _wrong(url, ask, _of_page) == []


@pytest.mark.parametrize("url", ENDPOINTS, ids=lambda url: url.name)
def test_endpoint_answers_each_visitor_as_its_permissions_say(url: Url, ask: Any) -> None:
    """401, 403 or 404 exactly where the permission classes, the role and the organisation demand it."""
    assert _wrong(url, ask, _of_endpoint) == []


def test_a_token_that_only_reads_changes_nothing_at_any_endpoint(
    houses: tuple[House, House], ask: Any, clients: dict[str, Client]
) -> None:
    """403 with its code for every unsafe method that is asked for with a token; one that may act is never told so."""
    told: dict[str, set[str]] = {}
    for scopes in (("read",), access.TOKEN_SCOPES):
        clients["token"] = Client(raise_request_exception=False, headers=_bearer(houses[0], scopes))
        answers = [ask(Question(url, method, "token", "ours")) for url, method in _unsafe()]
        told[scopes[-1]] = {_code(answer) for answer in answers}
    del clients["token"]
    assert told["read"] == {"token_reads_only"}
    assert "token_reads_only" not in told["write"]
    assert len(told["write"]) > 3


def _unsafe() -> Iterator[tuple[Url, str]]:
    for url in ENDPOINTS:
        with_codes = getattr(url.api_view, "refuses_with_problems", True)
        if with_codes and access_api.TokenAuthentication in url.api_view.authentication_classes:
            yield from ((url, method) for method in url.methods if method != "GET")


def _bearer(house: House, scopes: tuple[str, ...]) -> dict[str, str]:
    owner = house.people["owner"]
    _token, secret = access.create_personal_token(
        person=owner, organisation=house.organisation, label="t", scopes=scopes, by=owner, at=AT
    )
    return {"Authorization": f"Bearer {secret}"}


def _code(answer: Any) -> str:
    is_problem = answer.headers.get("Content-Type") == problems.CONTENT_TYPE
    return str(answer.json()["code"]) if is_problem else ""


def _of_page(question: Question) -> str:
    """One of: open, sign-in, forbidden, unknown, not yet, allowed."""
    guard = question.url.guard
    assert guard is not None, f"{question.url.name} has no guard"
    if guard.kind == "public":
        return "open"
    if question.visitor in {"anonymous", "api key"}:
        return "sign-in"
    if guard.permissions and not ROLES[question.role] & set(guard.permissions):
        return "forbidden"
    needed = WRITING_NEEDS.get(question.url.name) if question.method == "POST" and question.own else None
    if needed and needed not in ROLES[question.role]:
        return "forbidden"
    return _own_or_unknown(question)


def _of_endpoint(question: Question) -> str:
    """One of: open, unauthenticated, forbidden, unknown, not yet, allowed."""
    permissions = question.url.permissions(question.method)
    if all(isinstance(permission, access_api.Open) for permission in permissions):
        return "open"
    if question.visitor == "anonymous":
        return "unauthenticated"
    if not all(_grants(permission, question) for permission in permissions):
        return "forbidden"
    return _own_or_unknown(question)


def _own_or_unknown(question: Question) -> str:
    personal = PERSONAL.get(question.url.name, question.visitor)
    if not question.own or personal != question.visitor:
        return "unknown"
    return "not yet" if question.url.name in NOT_YET else "allowed"


def _grants(permission: Any, question: Question) -> bool:
    """Whether a permission, or an "or" or "and" of two, lets the visitor pass."""
    if isinstance(permission, (drf.OR, drf.AND)):
        both = [_grants(permission.op1, question), _grants(permission.op2, question)]
        return any(both) if isinstance(permission, drf.OR) else all(both)
    if isinstance(permission, reading.ReadsOrPosted):
        return question.visitor == "api key" or "view_decisions" in ROLES[question.role]
    if hasattr(permission, "scope"):
        return question.visitor == "api key"
    if hasattr(permission, "codenames"):
        return question.visitor != "api key" and bool(ROLES[question.role] & set(permission.codenames))
    return isinstance(permission, access_api.Open)


def _fits(response: Any, expected: str) -> bool:
    """A method the URL does not offer says nothing about what exists, whoever asks."""
    status = response.status_code
    to_sign_in = status == 302 and "/accounts/login/" in response.headers["Location"]
    return (
        status == 405
        or {
            "sign-in": to_sign_in,
            "unauthenticated": status == 401,
            "forbidden": status == 403,
            "unknown": status == 404,
            "not yet": status == 404,
            "allowed": status < 500 and status not in {401, 403, 404} and not to_sign_in,
            "open": status < 500 and status != 403 and not to_sign_in,
        }[expected]
    )
